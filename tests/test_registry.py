import pytest
from sedpipe import registry
from sedpipe.io.parallel import in_parallel
from sedpipe.nn.pooling import POOLING_FUNCTIONS
from sedpipe.registry import Registry, add, additions


@pytest.fixture(autouse=True)
def registries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use sedpipe's registries with nothing added, and restore them after the test."""
    monkeypatch.setattr(registry, "_REGISTRIES", dict(registry._REGISTRIES))
    monkeypatch.setattr(registry, "_TO_COME", {})


def test_additions_are_distinguished_from_built_in_entries() -> None:
    shapes = Registry("shapes", {"round": 1, "square": 2})
    assert (dict(shapes), shapes.added) == ({"round": 1, "square": 2}, {})
    shapes["flat"] = 3
    shapes["round"] = 4
    assert shapes.added == {"flat": 3, "round": 4}
    assert additions()["shapes"] == {"flat": 3, "round": 4}


def test_additions_reach_a_registry_created_before_or_after_them() -> None:
    add({"shapes": {"flat": 3}})
    shapes = Registry("shapes", {"round": 1})
    assert dict(shapes) == {"round": 1, "flat": 3}
    add({"shapes": {"deep": 5}})
    assert shapes.added == {"flat": 3, "deep": 5}


def test_a_registry_without_additions_is_not_among_the_additions() -> None:
    Registry("shapes", {"round": 1})
    assert "shapes" not in additions()


def test_a_worker_knows_a_pooling_function_added_only_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(POOLING_FUNCTIONS, "of_a_script", POOLING_FUNCTIONS["linear"])
    known = "list(__import__('sedpipe.nn.pooling', fromlist=['pooling']).POOLING_FUNCTIONS)"
    for names in in_parallel(eval, [known, known], jobs=2):
        assert "of_a_script" in names
