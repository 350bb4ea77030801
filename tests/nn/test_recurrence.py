import numpy as np
import pytest
import torch
from sedpipe.nn.recurrence import BidirectionalGRU, GatedGRU

torch.set_num_threads(1)


@pytest.fixture
def gru() -> BidirectionalGRU:
    torch.manual_seed(0)
    return BidirectionalGRU(6, 4)


def test_full_clips_match_torchs_gru(gru):
    oracle = torch.nn.GRU(6, 4, batch_first=True, bidirectional=True)
    oracle.load_state_dict(gru.state_dict())
    x = torch.randn(3, 10, 6)
    torch.testing.assert_close(gru(x, torch.full((3,), 10)), oracle(x)[0])


def test_each_clip_matches_torchs_gru_on_the_clip_without_its_padding(gru):
    oracle = torch.nn.GRU(6, 4, batch_first=True, bidirectional=True)
    oracle.load_state_dict(gru.state_dict())
    x, lengths = torch.randn(4, 10, 6), [10, 7, 1, 9]
    out = gru(x, torch.tensor(lengths))
    for clip, length in enumerate(lengths):
        torch.testing.assert_close(out[clip, :length], oracle(x[clip : clip + 1, :length])[0][0])


def test_gradients_reach_both_directions_and_no_padding(gru):
    x = torch.randn(2, 10, 6, requires_grad=True)
    out = gru(x, torch.tensor([10, 4]))
    out[1, :4].sum().backward()
    assert all(weight.grad.abs().sum() > 0 for weight in gru.parameters())
    assert (x.grad[1, :4] != 0).all()
    assert (x.grad[1, 4:] == 0).all()


def test_both_directions_in_one_call_as_on_a_gpu_give_the_same_valid_frames(gru):
    x, lengths = torch.randn(4, 10, 6), torch.tensor([10, 7, 1, 9], dtype=torch.int32)
    whole, halves = gru._whole(x, lengths), gru(x, lengths)
    assert whole.shape == halves.shape
    for clip, length in enumerate(lengths.tolist()):
        torch.testing.assert_close(whole[clip, :length], halves[clip, :length])
    gru._whole(x, torch.tensor([0, 3, 2, 11]))  # no error for a length of 0, or one beyond the input


def test_under_autocast_the_gru_stays_in_float32(gru):
    x, lengths = torch.randn(2, 10, 6), torch.tensor([10, 4])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rounded = gru(x, lengths)
    assert torch.equal(rounded, gru(x, lengths))


def test_the_gated_gru_matches_keras_grus_written_out_in_numpy() -> None:
    torch.manual_seed(0)
    gru, x = GatedGRU(3, 4), torch.randn(1, 5, 3)
    torch.nn.init.normal_(gru.bias)

    def one(which: int, frames: np.ndarray, activation) -> np.ndarray:
        w, u, b = (tensor[which].detach().numpy() for tensor in (gru.weight_ih, gru.weight_hh, gru.bias))
        state, states = np.zeros(4), []
        for frame in frames:
            given = frame @ w + b[0]
            update = np.clip(0.2 * (given[:4] + state @ u[:, :4]) + 0.5, 0, 1)
            reset = np.clip(0.2 * (given[4:8] + state @ u[:, 4:8]) + 0.5, 0, 1)
            new = activation(given[8:] + (reset * state) @ u[:, 8:])
            state = update * state + (1 - update) * new
            states.append(state)
        return np.array(states)

    frames = x[0].numpy()
    linear, sigmoid = (lambda v: v), (lambda v: 1 / (1 + np.exp(-v)))
    before = one(0, frames, linear) * one(2, frames, sigmoid)
    after = (one(1, frames[::-1], linear) * one(3, frames[::-1], sigmoid))[::-1]
    made = gru(x, torch.tensor([5]))[0].detach().numpy()
    np.testing.assert_allclose(made, np.concatenate([before, after], axis=1), atol=1e-5)


def test_the_gated_gru_ignores_padding() -> None:
    gru, x = GatedGRU(3, 4), torch.randn(2, 6, 3)
    other = x.clone()
    other[0, 4:] = 100
    n_frames = torch.tensor([4, 6])
    torch.testing.assert_close(gru(x, n_frames)[0, :4], gru(other, n_frames)[0, :4])
    torch.testing.assert_close(gru(x, n_frames)[0, :4], gru(x[:1, :4], n_frames[:1])[0])
