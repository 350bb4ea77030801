import pickle

import pytest
from sedpipe import errors
from sedpipe.errors import SedpipeError

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, SedpipeError)]


@pytest.mark.parametrize("kind", KINDS)
def test_message_and_hint_come_back_from_a_worker_process(kind: type[SedpipeError]) -> None:
    error = kind("here is what was found", hint="do this")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.message, again.hint) == (kind, "here is what was found", "do this")
    assert str(again) == "here is what was found"


def test_all_of_them_are_caught_by_the_one_boundary() -> None:
    assert len(KINDS) >= 7
    assert all(issubclass(kind, SedpipeError) for kind in KINDS)
