import os
import shutil
from pathlib import Path

import pytest
import torch
from sedpipe.errors import SettingsError
from sedpipe.nn.device import check_compiler, choose_device, deterministically, has_room, wait_for


@pytest.mark.parametrize("name", ["nonsense", "mps", "meta", "cuda:99", ""])
def test_an_unknown_device_is_one_short_sentence(name):
    with pytest.raises(SettingsError, match=f"^--device {name}: ") as caught:
        choose_device(name)
    assert caught.value.hint == "try --device auto"
    assert "\n" not in caught.value.message
    assert len(caught.value.message) < 300


def test_a_device_of_ones_choice_is_taken():
    assert choose_device("cpu") == "cpu"
    assert choose_device("auto") in ("cpu", "cuda")


def test_features_are_read_as_needed_on_a_processor():
    assert not has_room(torch.device("cpu"), 0)


def test_features_may_stay_on_a_gpu_if_they_take_less_than_half_of_what_is_free(monkeypatch):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (1000, 2000))
    assert has_room(torch.device("cuda"), 499)
    assert not has_room(torch.device("cuda"), 501)


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


def test_on_a_gpu_everything_that_can_be_is_deterministic_while_it_is_wanted(monkeypatch):
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    with deterministically(torch.device("cuda"), True):
        assert torch.are_deterministic_algorithms_enabled()
        # the one that torch asks for with products and with recurrent layers alike
        assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":16:8"
    assert not torch.are_deterministic_algorithms_enabled()
    with deterministically(torch.device("cuda"), False):
        assert not torch.are_deterministic_algorithms_enabled()
    with deterministically(torch.device("cpu"), True):
        assert not torch.are_deterministic_algorithms_enabled()


def test_a_processor_is_not_waited_for(monkeypatch):
    waited = []
    monkeypatch.setattr(torch.cuda, "synchronize", waited.append)
    wait_for(torch.device("cpu"))
    assert not waited
