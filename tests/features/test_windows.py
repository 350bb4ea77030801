import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sedpipe.features.windows import cut_windows, join_windows

SIZES = st.tuples(st.integers(1, 5), st.integers(1, 6), st.integers(0, 30)).map(
    lambda sizes: (sizes[0], sizes[0] * sizes[1], sizes[0] * sizes[1] + sizes[2])
)  # step <= hop <= length, hop a multiple of step


def cut(samples: np.ndarray, length: int, hop: int, step: int, block: int = 1000) -> list:
    blocks = (samples[at : at + block] for at in range(0, len(samples), block))
    return list(cut_windows(blocks, length, hop, step))


@given(SIZES, st.integers(1, 200), st.integers(1, 50))
def test_windows_hold_the_recordings_samples_and_cover_all_of_it(sizes, n_samples, block):
    step, hop, length = sizes
    samples = np.arange(n_samples, dtype=np.float32)
    windows = cut(samples, length, hop, step, block)
    heard = np.zeros(n_samples, bool)
    for window in windows:
        assert window.start % step == 0
        np.testing.assert_array_equal(window.samples, samples[window.start : window.start + length])
        heard[window.start : window.start + length] = True
    assert heard.all()
    starts = [window.start for window in windows]
    assert starts[:-1] == [hop * k for k in range(len(windows) - 1)]
    assert len(windows) == 1 or 0 < starts[-1] - starts[-2] <= hop


@given(SIZES, st.integers(1, 200))
def test_windows_lack_less_than_a_frame_unless_the_recording_is_shorter_than_one(sizes, n_samples):
    step, hop, length = sizes
    windows = cut(np.zeros(n_samples, np.float32), length, hop, step)
    assert all(len(window.samples) > length - step for window in windows) or n_samples < length
    assert len(windows) == 1 or n_samples > length


@given(SIZES, st.integers(1, 200), st.integers(1, 50), st.integers(1, 50))
def test_the_block_size_does_not_change_the_windows(sizes, n_samples, one, other):
    step, hop, length = sizes
    samples = np.arange(n_samples, dtype=np.float32)
    first, second = cut(samples, length, hop, step, one), cut(samples, length, hop, step, other)
    assert [(w.start, w.samples.tolist()) for w in first] == [(w.start, w.samples.tolist()) for w in second]


def test_an_empty_recording_gives_no_windows():
    assert cut(np.zeros(0, np.float32), 10, 8, 2) == []


@pytest.mark.parametrize(("length", "hop", "step"), [(10, 11, 1), (10, 0, 1), (10, 5, 3), (10, 5, 0)])
def test_windows_that_would_leave_gaps_or_split_frames_are_refused(length, hop, step):
    with pytest.raises(ValueError, match="expected 0 < step <= hop <= length, hop a multiple"):
        cut(np.zeros(20), length, hop, step)


@given(st.data(), SIZES, st.integers(1, 120))
def test_windows_that_agree_join_to_the_original_values(data, sizes, n_frames):
    _, hop, length = sizes
    course = np.random.default_rng(data.draw(st.integers(0, 99))).random((n_frames + length, 3), np.float32)
    starts = [window.start for window in cut(np.zeros(n_frames, np.float32), length, hop, 1)]
    joined = join_windows(starts, [course[start : start + length] for start in starts])
    np.testing.assert_allclose(joined, course[: starts[-1] + length], rtol=1e-6)


windows_that_disagree = st.tuples(SIZES, st.integers(1, 120), st.integers(0, 99))


@given(windows_that_disagree)
def test_a_joined_value_lies_between_the_values_of_its_windows(drawn):
    (_, hop, length), n_frames, seed = drawn
    starts = [window.start for window in cut(np.zeros(n_frames, np.float32), length, hop, 1)]
    values = np.random.default_rng(seed).random((len(starts), length, 2), np.float32)
    joined = join_windows(starts, values)
    assert joined.dtype == np.float32
    for frame, value in enumerate(joined):
        said = np.array([values[i, frame - s] for i, s in enumerate(starts) if s <= frame < s + length])
        assert (said.min(axis=0) <= value).all()
        assert (value <= said.max(axis=0)).all()


@given(st.integers(0, 99), st.integers(2, 40), st.integers(1, 39))
def test_joined_windows_have_no_larger_steps_than_a_crossfade_allows(seed, length, overlap):
    overlap = min(overlap, length - 1)
    one, other = np.random.default_rng(seed).random((2, length))
    joined = join_windows([0, length - overlap], [one, other])
    disagreement = np.abs(one[-overlap:] - other[:overlap]).max()
    own = max(np.abs(np.diff(one)).max(), np.abs(np.diff(other)).max())
    assert np.abs(np.diff(joined)).max() <= own + disagreement / (overlap + 1) + 1e-12


def test_frames_that_only_one_window_covers_keep_its_values_exactly():
    values = np.random.default_rng(0).random((2, 10, 3), np.float32)
    assert np.array_equal(join_windows([0], values[:1]), values[0])
    joined = join_windows([0, 8], values)
    assert np.array_equal(joined[:8], values[0, :8])
    assert np.array_equal(joined[10:], values[1, 2:])


@pytest.mark.parametrize("starts", [[1], [0, 11], [0, 5, 2], [0, 5, 5, 30], []])
def test_windows_with_gaps_are_refused(starts):
    with pytest.raises(ValueError, match="windows"):
        join_windows(starts, np.zeros((max(1, len(starts)), 10, 3)))
