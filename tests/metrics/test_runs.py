import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sedpipe.metrics.runs import runs_of_all_thresholds

VALUES = arrays(
    np.float64, st.tuples(st.integers(1, 12), st.integers(1, 3)), elements=st.sampled_from([0, 0.2, 0.5, 1])
)


def at_threshold(column: np.ndarray, threshold: float) -> set[tuple[int, int]]:
    """Return the runs of a column at one threshold, found directly."""
    changes = np.diff(np.concatenate([[0], (column >= threshold).astype(int), [0]]))
    return set(zip(np.flatnonzero(changes == 1).tolist(), np.flatnonzero(changes == -1).tolist(), strict=True))


@given(VALUES, st.data())
def test_at_every_threshold_the_runs_match_the_frames_that_reach_it(values, data):
    n_frames, n_columns = values.shape
    counted = np.array(data.draw(st.lists(st.integers(0, n_frames), min_size=n_columns, max_size=n_columns)))
    runs = runs_of_all_thresholds(values, counted)
    assert len(runs.columns) <= counted.sum()
    for column in range(n_columns):
        for threshold in (0.0, 0.1, 0.2, 0.4, 0.5, 0.9, 1.0):
            there = (runs.columns == column) & (runs.lows < threshold) & (threshold <= runs.highs)
            found = list(zip(runs.starts[there].tolist(), runs.stops[there].tolist(), strict=True))
            assert set(found) == at_threshold(values[: counted[column], column], threshold)
            assert len(found) == len(set(found))


def test_float16_values_and_zero_frames_are_accepted():
    assert len(runs_of_all_thresholds(np.zeros((0, 2)), np.zeros(2, int)).columns) == 0
    runs = runs_of_all_thresholds(np.array([[0.5], [0.25]], np.float16), np.array([2]))
    assert sorted(runs.highs.tolist()) == [0.25, 0.5]
