import os
import shutil
from pathlib import Path

import pytest
import torch
from sedpipe.errors import SettingsError
from sedpipe.nn.device import check_compiler, choose_device, deterministically, has_room, wait_for


@pytest.mark.parametrize("name", ["nonsense", "mps", "meta", "cuda:99", ""])
def test_an_unknown_device_gives_a_short_one_line_error(name):
    with pytest.raises(SettingsError, match=f"^--device {name}: ") as caught:
        choose_device(name)
    assert caught.value.hint == "try --device auto"
    assert "\n" not in caught.value.message
    assert len(caught.value.message) < 300


def test_a_named_device_is_chosen_and_auto_finds_one():
    assert choose_device("cpu") == "cpu"
    assert choose_device("auto") in ("cpu", "cuda")


def test_there_is_never_room_for_features_on_a_cpu():
    assert not has_room(torch.device("cpu"), 0)


def test_there_is_room_for_features_on_a_gpu_if_they_take_less_than_half_of_free_memory(monkeypatch):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (1000, 2000))
    assert has_room(torch.device("cuda"), 499)
    assert not has_room(torch.device("cuda"), 501)


def test_compiling_without_a_compiler_gives_a_one_line_error(monkeypatch):
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(SettingsError, match=r"--compile needs a C\+\+ compiler, and found none of g\+\+") as caught:
        check_compiler()
    assert "leave --compile out" in caught.value.hint


def test_the_compiler_named_in_the_environment_is_the_one_that_is_required(monkeypatch):
    monkeypatch.setenv("CXX", str(Path("nowhere") / "c++"))
    with pytest.raises(SettingsError, match=r"found none of nowhere/c\+\+"):
        check_compiler()


def test_deterministic_algorithms_are_enabled_only_on_a_gpu_and_on_request(monkeypatch):
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    with deterministically(torch.device("cuda"), True):
        assert torch.are_deterministic_algorithms_enabled()
        # the value that torch requires for matrix products as well as recurrent layers
        assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":16:8"
    assert not torch.are_deterministic_algorithms_enabled()
    with deterministically(torch.device("cuda"), False):
        assert not torch.are_deterministic_algorithms_enabled()
    with deterministically(torch.device("cpu"), True):
        assert not torch.are_deterministic_algorithms_enabled()


def test_waiting_for_a_cpu_does_not_synchronise(monkeypatch):
    waited = []
    monkeypatch.setattr(torch.cuda, "synchronize", waited.append)
    wait_for(torch.device("cpu"))
    assert not waited
