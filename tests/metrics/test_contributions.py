from dataclasses import fields

import numpy as np
import pytest
from counted import some_counts
from sedpipe.labels import LabelSet
from sedpipe.metrics.contributions import of_counts, of_rows
from sedpipe.metrics.detection_scores import DetectionCounts, detection_scores

LABELS = LabelSet(("Bus", "Car", "Train"))


def weighed(counts: DetectionCounts, clip: int, weight: int) -> DetectionCounts:
    """Return the counts with every clip repeated ``weight`` times and one of them once more."""
    places = np.append(np.repeat(np.arange(len(counts.errors)), weight), clip)
    return DetectionCounts(*(getattr(counts, field.name)[places] for field in fields(counts)))


@pytest.mark.parametrize("clip", [0, 7, 23])
def test_a_clip_moves_the_score_by_its_contribution(clip: int) -> None:
    counts = some_counts(1)
    before = detection_scores(counts, LABELS).overall
    after = detection_scores(weighed(counts, clip, 10_000), LABELS).overall
    for name, estimate in of_counts([counts]).items():
        moved = (getattr(after, name) - getattr(before, name)) * 10_000
        assert estimate.values[0] == pytest.approx(getattr(before, name))
        assert estimate.contributions[0, clip] == pytest.approx(moved, abs=2e-4)


def test_contributions_sum_to_zero_and_estimates_can_be_subtracted() -> None:
    one, other = of_counts([some_counts(1), some_counts(2)]), of_counts([some_counts(3), some_counts(4)])
    for name, estimate in one.items():
        over = estimate - other[name]
        assert over.contributions.sum(axis=1) == pytest.approx([0, 0], abs=1e-12)
        assert over.values == pytest.approx(estimate.values - other[name].values)


def test_table_rows_give_the_same_contributions_as_complete_counts() -> None:
    counts = some_counts(5)
    items = (counts.errors, *(getattr(counts, name).sum(axis=1) for name in ("n_reference", "correct", "n_estimated")))
    rows, whole = of_rows(np.stack(items, axis=1)[None]), of_counts([counts])
    for name, estimate in rows.items():
        assert estimate.contributions == pytest.approx(whole[name].contributions)


def test_without_reference_segments_every_score_is_nan() -> None:
    nothing = DetectionCounts(*(np.zeros((4, 3)[: 1 + (k > 2)], int) for k in range(6)))
    assert all(np.isnan(estimate.values).all() for estimate in of_counts([nothing]).values())


def test_one_reference_segment_is_enough_for_a_defined_score() -> None:
    one_missed = of_rows(np.array([[[1, 1, 0, 0], [0, 0, 0, 0]]]))
    assert (one_missed["error_rate"].values.tolist(), one_missed["f1"].values.tolist()) == ([1.0], [0.0])
    assert one_missed["error_rate"].contributions.tolist() == [[0.0, 0.0]]
