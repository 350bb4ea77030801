import pytest
import torch
from sedpipe.nn.precision import exactly, without_autocast


def test_a_product_in_a_block_without_autocast_is_as_exact_as_its_input() -> None:
    one = torch.rand(3, 3)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert (one @ one).dtype == torch.bfloat16
        with without_autocast(torch.device("cpu")):
            assert torch.equal(one @ one, torch.mm(one, one))
            assert (one @ one).dtype == torch.float32


def test_a_device_that_knows_no_autocast_needs_none() -> None:
    with without_autocast(torch.device("meta")):
        one = torch.ones(2, 2, device="meta")
        assert (one @ one).dtype == torch.float32


def test_tf32_is_off_in_the_block_and_as_it_was_behind_it_even_after_an_error() -> None:
    def flags() -> tuple[bool, bool]:
        return torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32

    def fails() -> None:
        with exactly():
            assert flags() == (False, False)
            raise KeyError

    before = flags()
    with pytest.raises(KeyError):
        fails()
    assert flags() == before
