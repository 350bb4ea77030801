import pytest
import torch
from sedpipe.nn.recurrence import BidirectionalGRU

torch.set_num_threads(1)


@pytest.fixture
def gru() -> BidirectionalGRU:
    torch.manual_seed(0)
    return BidirectionalGRU(6, 4)


def test_full_clips_are_what_torchs_own_gru_makes_of_them(gru):
    oracle = torch.nn.GRU(6, 4, batch_first=True, bidirectional=True)
    oracle.load_state_dict(gru.state_dict())
    x = torch.randn(3, 10, 6)
    torch.testing.assert_close(gru(x, torch.full((3,), 10)), oracle(x)[0])


def test_each_clip_is_what_torchs_own_gru_makes_of_it_without_its_padding(gru):
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


def test_both_directions_in_one_call_as_on_a_gpu_are_the_same_where_frames_count(gru):
    x, lengths = torch.randn(4, 10, 6), torch.tensor([10, 7, 1, 9], dtype=torch.int32)
    whole, halves = gru._whole(x, lengths), gru(x, lengths)
    assert whole.shape == halves.shape
    for clip, length in enumerate(lengths.tolist()):
        torch.testing.assert_close(whole[clip, :length], halves[clip, :length])
    gru._whole(x, torch.tensor([0, 3, 2, 11]))  # a clip without frames, and one that is said to be longer


def test_under_autocast_it_stays_in_float32(gru):
    x, lengths = torch.randn(2, 10, 6), torch.tensor([10, 4])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rounded = gru(x, lengths)
    assert torch.equal(rounded, gru(x, lengths))
