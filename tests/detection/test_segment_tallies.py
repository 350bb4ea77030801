from dataclasses import asdict

import numpy as np
import pytest
from sedpipe.detection.frame_scores import FrameScores
from sedpipe.detection.postprocess import PostProcessing
from sedpipe.detection.segment_tallies import SegmentTallies, SegmentTally
from sedpipe.events import Event
from sedpipe.frames import FrameGrid
from sedpipe.labels import LabelSet
from sedpipe.metrics.sed_eval_scores import official_segment_based_scores
from sedpipe.truth import Truth


def test_clips_that_are_parted_and_put_together_score_as_before():
    g = np.random.default_rng(0)
    whole = SegmentTally(*g.integers(1, 9, (4, 20)))
    mask = g.random(20) < 0.5
    again = SegmentTally.together([whole.of(mask), whole.of(~mask)])
    for name in ("min_er", "max_f1"):
        assert again.score(name) == pytest.approx(whole.score(name))
    assert whole.cost("max_f1") == -whole.score("max_f1")
    assert whole.cost("min_er") == whole.score("min_er") == whole.errors.sum() / whole.n_reference.sum()


@pytest.mark.parametrize(
    "settings",
    [
        PostProcessing(0.9),
        PostProcessing(0.1, 0.4, 0.3),
        PostProcessing(0.1, gate=0.5),
        PostProcessing((0.3, 0.2, 0.4), (0.0, 0.4, 0.24), 0.3, (0.0, 0.2, 0.1), 0.5, (0.2, 0.0, 0.6)),
    ],
)
def test_sed_eval_gives_the_same_for_the_events_at_every_threshold(settings):
    g = np.random.default_rng(3)
    names, labels = ["a", "b", "c", "d"], LabelSet(("Dog", "Rain", "Car"))
    probs = np.clip(np.cumsum(g.normal(0, 0.1, (4, 50, 3)), axis=1) + 0.5, 0, 1)
    durations = np.array([4.0, 4.0, 2.44, 0.5])
    scores = FrameScores(
        names, probs, g.uniform(size=(4, 3)), np.array([50, 50, 31, 7]), durations, labels, FrameGrid(100, 8)
    )
    reference = {
        "a": [Event(0.2, 1.3, "Dog"), Event(2.0, 4.0, "Rain")],
        "b": [Event(1.0, 1.9, "Car")],
        "c": [Event(0.0, 2.4, "Dog")],
        "d": [],
    }
    truth = Truth(reference, dict(zip(names, durations.tolist(), strict=True)), labels)
    split = SegmentTallies(scores, truth)
    for threshold in (0.2, 0.5, 0.8):
        point = settings.changed(threshold=threshold)
        official = official_segment_based_scores(reference, scores.decode(point), truth.durations, labels)
        assert asdict(split.scores(point).overall) == pytest.approx(asdict(official.overall), abs=1e-12)


def test_a_split_without_events_has_no_error_rate():
    probs, labels = np.full((1, 50, 1), 0.4), LabelSet(("Dog",))
    scores = FrameScores(["a"], probs, probs[:, 0], np.array([50]), np.array([4.0]), labels, FrameGrid(100, 8))
    overall = SegmentTallies(scores, Truth({"a": []}, {"a": 4.0}, labels)).scores(PostProcessing(0.3)).overall
    assert (overall.error_rate, overall.f1, overall.precision) == (None, None, 0.0)
