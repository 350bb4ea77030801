import subprocess
import sys
from types import SimpleNamespace

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


def precisions() -> list[str]:
    places = (torch.backends.cuda.matmul, torch.backends.cudnn.conv, torch.backends.cudnn.rnn)
    return [place.fp32_precision for place in places]


NEWER = pytest.mark.skipif(not hasattr(torch.backends.cuda.matmul, "fp32_precision"), reason="torch before 2.9")


@NEWER
def test_tf32_is_off_in_the_block_and_restored_after_it_even_after_an_error() -> None:
    def fails() -> None:
        with exactly():
            assert precisions() == ["ieee"] * 3
            raise KeyError

    before = precisions()
    with pytest.raises(KeyError):
        fails()
    assert precisions() == before
    assert isinstance(torch.backends.cudnn.allow_tf32, bool)  # torch's older interface can still be read


def test_before_torch_2_9_tf32_is_off_in_the_block_and_restored_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    products, cudnn = SimpleNamespace(allow_tf32=False), SimpleNamespace(allow_tf32=True)
    monkeypatch.setattr(torch.backends.cuda, "matmul", products)
    monkeypatch.setattr(torch.backends, "cudnn", cudnn)
    with exactly():
        assert (products.allow_tf32, cudnn.allow_tf32) == (False, False)
    assert (products.allow_tf32, cudnn.allow_tf32) == (False, True)


@NEWER
@pytest.mark.parametrize(
    "setting",
    [
        "torch.backends.cuda.matmul.fp32_precision = 'tf32'",
        "torch.backends.cudnn.conv.fp32_precision = 'ieee'",
        "torch.backends.cuda.matmul.allow_tf32 = True",
        "torch.backends.cudnn.allow_tf32 = False",
        "torch.set_float32_matmul_precision('high')",
    ],
)
def test_a_caller_may_have_set_tf32_with_either_of_torchs_interfaces(setting: str) -> None:
    # in a process of its own, since torch remembers which of them was used
    places = "[b.cuda.matmul.fp32_precision, b.cudnn.conv.fp32_precision, b.cudnn.rnn.fp32_precision]"
    script = f"""
import torch
from sedpipe.nn.precision import exactly
b = torch.backends
{setting}
before = {places}
with exactly():
    assert {places} == ["ieee"] * 3
assert {places} == before
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
