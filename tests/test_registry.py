import pytest
from sedpipe import registry
from sedpipe.io.parallel import in_parallel
from sedpipe.nn.pooling import POOLING_FUNCTIONS
from sedpipe.registry import Registry, add, additions


@pytest.fixture(autouse=True)
def registries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of sedpipe, with nothing added and nothing left behind."""
    monkeypatch.setattr(registry, "_REGISTRIES", dict(registry._REGISTRIES))
    monkeypatch.setattr(registry, "_TO_COME", {})


def test_what_was_added_is_told_apart_from_what_comes_with_sedpipe() -> None:
    shapes = Registry("shapes", {"round": 1, "square": 2})
    assert (dict(shapes), shapes.added) == ({"round": 1, "square": 2}, {})
    shapes["flat"] = 3
    shapes["round"] = 4
    assert shapes.added == {"flat": 3, "round": 4}
    assert additions()["shapes"] == {"flat": 3, "round": 4}


def test_what_is_added_elsewhere_is_there_whenever_its_module_is_imported() -> None:
    add({"shapes": {"flat": 3}})
    shapes = Registry("shapes", {"round": 1})
    assert dict(shapes) == {"round": 1, "flat": 3}
    add({"shapes": {"deep": 5}})
    assert shapes.added == {"flat": 3, "deep": 5}


def test_nothing_added_is_nothing_to_take_along() -> None:
    Registry("shapes", {"round": 1})
    assert "shapes" not in additions()


def test_a_worker_knows_a_pooling_function_that_only_this_process_has_added(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(POOLING_FUNCTIONS, "of_a_script", POOLING_FUNCTIONS["linear"])
    known = "list(__import__('sedpipe.nn.pooling', fromlist=['pooling']).POOLING_FUNCTIONS)"
    for names in in_parallel(eval, [known, known], jobs=2):
        assert "of_a_script" in names
