import pytest
import torch
from sedpipe.nn.precision import exactly, without_autocast


def test_products_in_a_block_without_autocast_stay_float32() -> None:
    one = torch.rand(3, 3)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert (one @ one).dtype == torch.bfloat16
        with without_autocast(torch.device("cpu")):
            assert torch.equal(one @ one, torch.mm(one, one))
            assert (one @ one).dtype == torch.float32


def test_without_autocast_works_on_a_device_that_does_not_support_autocast() -> None:
    with without_autocast(torch.device("meta")):
        one = torch.ones(2, 2, device="meta")
        assert (one @ one).dtype == torch.float32


def test_tf32_is_off_in_the_block_and_restored_after_it_even_after_an_error() -> None:
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
