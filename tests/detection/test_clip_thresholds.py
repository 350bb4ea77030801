from itertools import product

import numpy as np
import pytest
from sedpipe.detection.clip_thresholds import ClipThresholds, clip_thresholds
from sedpipe.detection.postprocess import PostProcessing


def micro_f1(found: np.ndarray, tags: np.ndarray) -> float:
    return 2 * int((found & tags).sum()) / max(int(found.sum() + tags.sum()), 1)


def some(seed: int, n_clips: int = 6, n_classes: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Return probabilities, some of them equal, and tags that they are correlated with."""
    g = np.random.default_rng(seed)
    tags = g.random((n_clips, n_classes)) < 0.4
    return np.round(0.6 * g.random((n_clips, n_classes)) + 0.4 * tags, 1).astype(np.float32), tags


@pytest.mark.parametrize("seed", range(12))
def test_no_other_thresholds_give_a_higher_f1(seed: int) -> None:
    probs, tags = some(seed)
    chosen = np.array(clip_thresholds(probs, tags), probs.dtype)
    every = [sorted({0.0, 1.0, *(np.unique(column) - 0.05).clip(0).tolist()}) for column in probs.T]
    best = max(micro_f1(probs >= np.array(one, probs.dtype), tags) for one in product(*every))
    assert micro_f1(probs >= chosen, tags) == pytest.approx(best)


def test_a_class_in_no_clip_is_never_tagged_and_a_class_in_every_clip_always_is() -> None:
    probs = np.array([[0.9, 0.3], [0.8, 0.2]])
    never, always = clip_thresholds(probs, np.array([[0, 1], [0, 1]]))
    assert never > 0.9
    assert always < 0.2


def test_without_any_tag_the_thresholds_exceed_all_probabilities() -> None:
    thresholds = clip_thresholds(np.array([[0.9, 0.3]]), np.array([[0, 0]]))
    assert thresholds[0] > 0.9
    assert thresholds[1] > 0.3


def test_the_rule_does_not_smooth() -> None:
    probs, tags = some(0)
    assert ClipThresholds().on(probs, tags) == PostProcessing(clip_thresholds(probs, tags))


def test_mismatched_probabilities_and_tags_are_refused() -> None:
    with pytest.raises(ValueError, match=r"got \(2, 3\), \(3, 3\)"):
        clip_thresholds(np.zeros((2, 3)), np.zeros((3, 3)))
