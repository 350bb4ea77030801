import json
from dataclasses import dataclass, field, replace

from sedpipe.io.records.settings import as_table, differences, filled, in_words


@dataclass(frozen=True)
class Inner:
    """Settings within settings."""

    shape: tuple[int, ...] = (1, 2)
    rate: float = 0.1


@dataclass(frozen=True)
class Outer:
    """Settings, of which only ``name`` has always existed."""

    name: str
    inner: Inner = field(default_factory=Inner)
    other: Inner | None = None
    devices: int = 1


def test_missing_settings_get_their_defaults_at_every_depth() -> None:
    now = Outer("a", Inner((3,), 0.2), devices=8)
    assert filled({"name": "a", "inner": {"shape": [3]}}, now) == {
        "name": "a", "inner": {"shape": [3], "rate": 0.1}, "other": None, "devices": 1
    }  # fmt: skip
    assert filled({"name": "a"}, now)["inner"] == {"shape": [1, 2], "rate": 0.1}


def test_stored_values_are_kept_and_settings_without_default_stay_missing() -> None:
    assert filled({"devices": 3, "gone": 1}, Outer("a"))["devices"] == 3
    assert filled({"gone": 1}, Outer("a"))["gone"] == 1
    assert "name" not in filled({}, Outer("a"))
    assert filled({"inner": "damaged"}, Outer("a"))["inner"] == "damaged"


def test_stored_settings_do_not_differ_from_the_same_settings() -> None:
    now = Outer("a", Inner((3,)), devices=2)
    stored = json.loads(json.dumps(as_table(now)))
    assert differences(filled(stored, now), as_table(now)) == []
    assert differences(filled(stored, now), as_table(replace(now, devices=3))) == ["devices: there 2, now 3"]


def test_the_first_of_many_differences_are_listed_and_the_rest_are_counted() -> None:
    assert in_words(["a: there 1, now 2", "b: there 1, now 2"]) == "a: there 1, now 2; b: there 1, now 2"
    many = [f"key-{k}: there 1, now 2" for k in range(1000)]
    told = in_words(many)
    assert told.startswith("key-0: there 1, now 2; key-1")
    assert told.endswith(f"and {1000 - told.count('there')} more")
    assert len(told) < 220
    assert len(in_words([f"a: there {'x' * 99_999}, now 1"])) < 220
    assert in_words(["a: there '\x1b[2J', now 1"]).isprintable()


def test_differences_are_named_by_their_path_through_the_tables() -> None:
    there = {"seed": 0, "training": {"epochs": 5, "patience": 3}, "gone": 1, "same": [1, 2]}
    now = {"seed": 1, "training": {"epochs": 9, "patience": 3}, "new": None, "same": [1, 2]}
    assert differences(there, now) == [
        "gone: there 1, now None",
        "seed: there 0, now 1",
        "training.epochs: there 5, now 9",
    ]
    assert differences(now, json.loads(json.dumps(now))) == []
