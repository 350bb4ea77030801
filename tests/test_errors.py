import errno
import os
import pickle

import pytest
from sedpipe import errors
from sedpipe.errors import SedpipeError, trouble_of_the_machine

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]


@pytest.mark.parametrize("kind", KINDS)
def test_message_and_hint_survive_pickling(kind: type[SedpipeError]) -> None:
    error = kind("here is what was found", hint="do this")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.message, again.hint) == (kind, "here is what was found", "do this")
    assert str(again) == "here is what was found"


def test_all_error_classes_derive_from_sedpipe_error() -> None:
    assert len(KINDS) >= 7
    assert all(issubclass(kind, SedpipeError) for kind in KINDS)


def test_a_system_error_names_the_file_and_a_remedy() -> None:
    full = trouble_of_the_machine(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "audio/a.flac"))
    assert full is not None
    assert full.message == "audio/a.flac: No space left on device"
    assert full.hint.startswith("free some space")
    assert "let your user" in str(trouble_of_the_machine(PermissionError(errno.EACCES, "no", "a")).hint)
    assert "fewer --jobs" in str(trouble_of_the_machine(MemoryError()).hint)


@pytest.mark.parametrize("slip", [ValueError("x"), OSError("no number"), BrokenPipeError(errno.EPIPE, "pipe")])
def test_programming_errors_and_broken_pipes_are_not_system_errors(slip: Exception) -> None:
    assert trouble_of_the_machine(slip) is None
