from dataclasses import fields

import numpy as np
import pytest
from sedpipe.labels import LabelSet
from sedpipe.metrics.bootstrap import intervals, paired_differences
from sedpipe.metrics.detection_scores import DetectionCounts, detection_scores
from sedpipe.metrics.segment_scores import count_segments

LABELS = LabelSet(("Bus", "Car", "Train"))


def some_counts(seed: int, n_clips: int = 40, quality: float = 0.8) -> DetectionCounts:
    g = np.random.default_rng(seed)
    reference = np.random.default_rng(0).random((n_clips, 10, 3)) < 0.2
    return count_segments(reference, np.where(g.random(reference.shape) < quality, reference, ~reference))


def drawn(counts: DetectionCounts, clips: np.ndarray) -> DetectionCounts:
    return DetectionCounts(*(getattr(counts, field.name)[clips] for field in fields(counts)))


def test_intervals_are_those_of_scoring_each_draw_anew():
    counts = some_counts(1)
    weights = np.random.default_rng(0).multinomial(40, np.full(40, 1 / 40), 200)
    each = [detection_scores(drawn(counts, np.repeat(np.arange(40), row)), LABELS).overall for row in weights]
    found = intervals(counts, draws=200)
    for name, interval in found.items():
        values = [getattr(scores, name) for scores in each]
        assert interval == pytest.approx(np.percentile(values, [2.5, 97.5]), abs=1e-12)


def test_the_same_counts_always_give_the_same_intervals():
    assert intervals(some_counts(1)) == intervals(some_counts(1))


def test_more_clips_make_intervals_narrower():
    def width(n_clips: int) -> float:
        low, high = intervals(some_counts(1, n_clips))["f1"]
        return high - low

    assert width(400) < width(40) / 2


def test_a_pair_is_told_apart_although_its_intervals_overlap():
    one = some_counts(1)
    other = DetectionCounts(**{field.name: getattr(one, field.name).copy() for field in fields(one)})
    other.insertions[:] += 1
    found = paired_differences(one, other)["error_rate"]
    assert found.interval[1] < 0
    assert found.better == 1
    assert intervals(one)["error_rate"][1] > intervals(other)["error_rate"][0]


def test_pairs_must_be_of_the_same_clips():
    with pytest.raises(ValueError, match="same clips, got 40 and 30"):
        paired_differences(some_counts(1), some_counts(1, 30))


def test_the_draws_are_the_same_however_many_are_made_at_once(monkeypatch):
    counts, others = some_counts(1), some_counts(2)
    at_once = intervals(counts, draws=50), paired_differences(counts, others, draws=50)
    monkeypatch.setattr("sedpipe.metrics.bootstrap._MOST_CELLS", 7 * 40)
    assert (intervals(counts, draws=50), paired_differences(counts, others, draws=50)) == at_once
