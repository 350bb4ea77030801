import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sedpipe.frames import FrameGrid

GRID = FrameGrid(44_100, 882)


def test_frames_of_the_paper_last_20_ms_and_pooled_frames_80_ms() -> None:
    assert GRID.frame_duration == 0.02
    assert GRID.subsampled(4).frame_duration == 0.08
    assert GRID.subsampled(4).subsampled(5) == GRID.subsampled(20)


@pytest.mark.parametrize(
    ("n_samples", "n_frames"), [(0, 0), (1, 1), (881, 1), (882, 1), (883, 2), (441_000, 500), (441_001, 501)]
)
def test_an_incomplete_last_frame_is_counted(n_samples: int, n_frames: int) -> None:
    assert GRID.frames_of_samples(n_samples) == n_frames


def test_edges_are_exact_multiples_of_the_frame_duration_and_include_the_last_end() -> None:
    edges = GRID.subsampled(4).edges(125)
    assert edges.shape == (126,)
    assert edges.dtype == np.float64
    assert (edges[0], edges[1], edges[-1]) == (0, 0.08, 10)
    assert edges.tolist() == [k * 3528 / 44_100 for k in range(126)]


@given(st.integers(1, 192_000), st.integers(1, 5000), st.integers(0, 600), st.integers(1, 20))
def test_edges_of_pooled_frames_are_edges_of_the_original_frames(
    rate: int, hop: int, n_frames: int, factor: int
) -> None:
    grid = FrameGrid(rate, hop)
    np.testing.assert_array_equal(grid.subsampled(factor).edges(n_frames), grid.edges(n_frames * factor)[::factor])
    assert grid.frames_of_samples(n_frames * hop) == n_frames


@pytest.mark.parametrize("arguments", [(0, 882), (44_100, 0), (44_100, -1)])
def test_rates_and_hops_must_be_positive(arguments: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=r"^sample_rate and hop_length must be positive, got "):
        FrameGrid(*arguments)
