import shutil
from pathlib import Path

import pytest
import torch

from pipeline.errors import SettingsError
from pipeline.nn.crnn import CRNN, NetworkConfig, PoolingConfig
from pipeline.nn.device import check_compiler, has_room, place

torch.set_num_threads(1)
NETWORK = NetworkConfig(maps=(4,), pools=((4, 4),), conv_maps=4, gru_units=4, dropout=0.0)


def tiny() -> CRNN:
    torch.manual_seed(0)
    return CRNN(2, 40, 16, NETWORK, PoolingConfig("linear", (5,)))


def test_on_a_processor_precision_stays_and_features_are_read_as_needed():
    assert not place(tiny(), "cpu").mixed_precision
    assert not has_room(torch.device("cpu"), 0)


def test_features_may_stay_on_a_gpu_if_they_take_less_than_half_of_what_is_free(monkeypatch):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (1000, 2000))
    assert has_room(torch.device("cuda"), 499)
    assert not has_room(torch.device("cuda"), 501)


def test_mixed_precision_computes_in_bfloat16_up_to_the_sigmoid_and_pools_in_float32():
    model, seen = tiny(), []
    model.gru.register_forward_hook(lambda module, given, made: seen.append(made[0].dtype))
    x, whole = torch.randn(3, 40, 16), torch.tensor([40, 40, 20])
    exact = model(x, whole)
    model.mixed_precision = True
    rounded = model(x, whole)
    assert seen == [torch.float32, torch.bfloat16]
    assert rounded.frame_probs.dtype == rounded.clip_probs.dtype == torch.float32
    torch.testing.assert_close(rounded.clip_probs, exact.clip_probs, rtol=0, atol=0.02)
    rounded.clip_probs.sum().backward()
    assert all(parameter.grad.dtype == torch.float32 for parameter in model.parameters())


def test_compiling_without_a_compiler_is_refused_in_a_sentence(monkeypatch):
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(SettingsError, match=r"--compile needs a C\+\+ compiler, and found none of g\+\+") as caught:
        check_compiler()
    assert "leave --compile out" in caught.value.hint


def test_the_compiler_that_the_environment_names_is_the_one_that_counts(monkeypatch):
    monkeypatch.setenv("CXX", str(Path("nowhere") / "c++"))
    with pytest.raises(SettingsError, match=r"found none of nowhere/c\+\+"):
        check_compiler()
