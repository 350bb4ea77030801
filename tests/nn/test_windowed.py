import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sedpipe.nn.windowed import Windows

torch.set_num_threads(1)


@given(st.integers(1, 40), st.integers(1, 50), st.integers(1, 20))
def test_windows_lie_within_the_clip_and_cover_it_unless_the_hop_exceeds_their_length(
    n_steps: int, covered: int, hop: int
) -> None:
    starts = Windows(n_steps, covered, hop).starts
    assert starts == sorted(set(starts))
    assert starts[0] == 0
    assert all(start + covered <= max(n_steps, covered) for start in starts)
    if hop <= covered:
        assert {step for start in starts for step in range(start, start + covered)} >= set(range(n_steps))


def test_each_window_holds_its_steps_followed_by_zeros_beyond_the_clip() -> None:
    x = torch.arange(1.0, 11).reshape(1, 10)  # five steps of two samples
    assert Windows(5, 2, 2).cut(x, 2, 4)[0].tolist() == [[1, 2, 3, 4], [5, 6, 7, 8], [7, 8, 9, 10]]
    assert Windows(5, 5, 1).cut(x, 2, 12)[0].tolist() == [[*range(1, 11), 0, 0]]


def test_a_step_is_the_mean_of_the_valid_windows_that_cover_it() -> None:
    windows = Windows(5, 2, 2)  # they begin at 0, 2, 3
    probs = torch.tensor([[[0.2], [0.4], [0.8]]])
    heard = windows.heard(torch.tensor([5]))
    assert windows.spread(probs, heard).flatten().tolist() == pytest.approx([0.2, 0.2, 0.4, 0.6, 0.8])
    short = windows.heard(torch.tensor([3]))
    assert short.tolist() == [[True, True, False]]
    assert windows.spread(probs, short).flatten().tolist() == pytest.approx([0.2, 0.2, 0.4, 0.4, 0.0])
    assert windows.mean(probs, short).item() == pytest.approx(0.3)
