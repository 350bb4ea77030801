import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sedpipe.metrics.frame_precision import frame_average_precision, frames_of_class
from sedpipe.metrics.validation import EventTable
from sklearn.metrics import average_precision_score

EDGES = np.array([0.0, 0.08, 0.16, 0.24])


def table(*events: tuple[int, int, float, float]) -> EventTable:
    clips, classes, onsets, offsets = (np.array(column) for column in zip(*events, strict=True))
    return EventTable(clips, classes, onsets, offsets)


def test_a_frame_is_active_if_an_event_overlaps_it():
    events = table((0, 1, 0.08, 0.17), (1, 0, 0.0, 9.9), (1, 1, 0.05, 0.05))
    assert frames_of_class(events, 0, EDGES, 2).tolist() == [[False] * 3, [True] * 3]
    assert frames_of_class(events, 1, EDGES, 2).tolist() == [[False, True, True], [False] * 3]


@given(
    arrays(np.float32, (4, 6, 2), elements=st.sampled_from([0.1, 0.3, 0.5, 0.9])),
    arrays(bool, (4, 6, 2)),
    arrays(int, 4, elements=st.integers(0, 6)),
)
def test_average_precision_over_the_counted_frames_matches_sklearn(probs, sounds, counted):
    for k in range(2):
        found = frame_average_precision(probs[:, :, k], sounds[:, :, k], counted)
        scores, truth = (np.concatenate([a[n, : counted[n], k] for n in range(4)]) for a in (probs, sounds))
        expected = average_precision_score(truth, scores) if truth.any() else None
        assert found == pytest.approx(expected, abs=1e-12)


def test_arrays_of_different_shapes_are_refused():
    with pytest.raises(ValueError, match=r"expected two arrays \(N, T\), got \(1, 2\) and \(1, 3\)"):
        frame_average_precision(np.zeros((1, 2)), np.zeros((1, 3), bool), np.array([2]))
