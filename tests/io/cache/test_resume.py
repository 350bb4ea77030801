import os
from pathlib import Path

import numpy as np
import pytest
import torch
from sedpipe.errors import SedpipeError
from sedpipe.io.cache import resume
from sedpipe.io.cache.resume import find_resume, forget_before, remove_resume, write_resume
from sedpipe.io.models import checkpoints

torch.set_num_threads(1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "resume.pt"


def state(step: int) -> dict:
    return {"step": step, "weights": {"a": torch.full((100,), float(step))}}


def found(path: Path) -> tuple[int, str]:
    content, complaint = find_resume(path)
    assert torch.equal(content["weights"]["a"], state(content["step"])["weights"]["a"])
    return content["step"], complaint


def test_the_newest_state_is_found_and_the_previous_one_is_kept(path):
    assert find_resume(path) == (None, "")
    for step in (1, 2, 3):
        write_resume(path, state(step))
        assert found(path) == (step, "")
    assert sorted(file.name for file in path.parent.iterdir()) == ["resume-before.pt", "resume.pt"]
    remove_resume(path)
    assert list(path.parent.iterdir()) == []


def test_damage_to_the_newest_state_falls_back_to_the_previous_one(path):
    write_resume(path, state(1))
    write_resume(path, state(2))
    whole, g = path.read_bytes(), np.random.default_rng(0)
    for place in g.integers(len(whole), size=60):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 64]) + whole[place + 1 :])
        assert found(path) == (1, "resume.pt: it is damaged")
    for length in (0, 10, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        assert found(path)[0] == 1


def test_an_interruption_between_the_two_renames_keeps_the_previous_state(path, monkeypatch):
    write_resume(path, state(1))
    replace = os.replace

    def once(source, target):
        if Path(target) == path:
            raise KeyboardInterrupt
        replace(source, target)

    monkeypatch.setattr(os, "replace", once)
    with pytest.raises(KeyboardInterrupt):
        write_resume(path, state(2))
    assert found(path) == (1, "")


def test_if_every_state_is_damaged_the_error_says_how_to_start_again(path):
    for step in (1, 2):
        write_resume(path, state(step))
    path.write_bytes(b"")
    path.with_name("resume-before.pt").write_bytes(b"x" * 99)
    with pytest.raises(SedpipeError, match=r"resume\.pt: it is damaged; resume-before\.pt: it is damaged") as caught:
        find_resume(path)
    assert "to start training again" in caught.value.hint


def test_a_state_above_the_size_limit_is_not_read(path, monkeypatch):
    write_resume(path, state(1))
    monkeypatch.setattr("sedpipe.io.cache.resume.MOST_BYTES", 100)
    with pytest.raises(SedpipeError, match="it is larger than"):
        find_resume(path)


def test_the_size_limit_of_a_state_is_at_least_five_times_that_of_a_model():
    assert resume.MOST_BYTES >= 5 * checkpoints.MOST_BYTES  # weights, Adam's two moments, best weights, average


def test_weights_that_occur_in_two_places_are_stored_once_and_restored_in_both(path):
    best = {"a": torch.rand(100_000)}
    write_resume(path, {"best_weights": best, "last_weights": [{"a": torch.rand(100_000)}, best]})
    assert path.stat().st_size < 2.5 * best["a"].nbytes  # two tables of weights, not three
    content, complaint = find_resume(path)
    assert complaint == ""
    assert torch.equal(content["best_weights"]["a"], best["a"])
    assert torch.equal(content["last_weights"][1]["a"], best["a"])


def test_removing_states_that_do_not_exist_is_no_error(path):
    write_resume(path, state(1))
    forget_before(path)
    assert found(path) == (1, "")
    for _ in range(2):
        remove_resume(path)
        assert find_resume(path) == (None, "")


def test_an_unreadable_state_is_not_reported_as_damaged(path):
    path.mkdir()
    with pytest.raises(SedpipeError, match=r"^cannot read .*resume\.pt") as caught:
        find_resume(path)
    assert "delete" not in caught.value.hint
