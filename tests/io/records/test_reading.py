import json
from pathlib import Path

import pytest
from pydantic import Field
from sedpipe.errors import SedpipeError
from sedpipe.io.records import reading
from sedpipe.io.records.dataset import DatasetRecord
from sedpipe.io.records.form import Record, Table
from sedpipe.io.records.reading import find_record, parse_record, write_record
from sedpipe.io.records.run import RunRecord
from sedpipe.io.records.scores import ScoreReport
from sedpipe.io.records.table import Cell, TableRecord

MADE = Path(__file__).parents[2] / "first_edition" / "made" / "cache" / "tones"
BENCHMARKS = Path(__file__).parents[3] / "benchmarks" / "results"
FORMS = {
    "dataset.json": DatasetRecord,
    "run.json": RunRecord,
    "scores-*.json": ScoreReport,
    "table[23]*/table.json": TableRecord,
    "table[23]*/cells/*-seed0.json": Cell,
}
STORED = [
    (path, form)
    for folder in (MADE, BENCHMARKS)
    for pattern, form in FORMS.items()
    for path in sorted(folder.rglob(pattern))
]


class Box(Record):
    """A record with every kind of value."""

    name: str
    share: float = 0.5
    sizes: tuple[int, ...] = ()
    inner: Table = Field(default_factory=dict)


def of_the_same_keys(after: object, before: object) -> object:
    """Return what was written, without keys that were not read: the oldest files lack keys that have a default now."""
    if isinstance(after, dict) and isinstance(before, dict):
        return {key: of_the_same_keys(after.get(key), value) for key, value in before.items()}
    return after


def found(tmp_path: Path, raw: bytes) -> Box | None:
    (tmp_path / "box.json").write_bytes(raw)
    return find_record(tmp_path / "box.json", Box, "make it again")


@pytest.mark.parametrize(("path", "form"), STORED, ids=str)
def test_stored_records_are_read_and_rewritten_without_change(tmp_path: Path, path: Path, form: type[Record]) -> None:
    record = find_record(path, form, "")
    assert record is not None
    write_record(tmp_path / "again.json", record)
    write_record(tmp_path / "twice.json", find_record(tmp_path / "again.json", form, ""))
    assert (tmp_path / "twice.json").read_bytes() == (tmp_path / "again.json").read_bytes()
    before, after = (json.loads(file.read_bytes()) for file in (path, tmp_path / "again.json"))
    assert [key for key in after if key in before] == list(before)
    assert of_the_same_keys(after, before) == before
    if after.keys() == before.keys():
        assert (tmp_path / "again.json").read_bytes() == path.read_bytes()


def test_a_missing_record_is_none_and_unknown_keys_of_a_later_version_are_kept(tmp_path: Path) -> None:
    assert find_record(tmp_path / "box.json", Box, "") is None
    assert find_record(tmp_path / "box.json" / "box.json", Box, "") is None
    box = found(tmp_path, b'{"name": "a", "later": {"x": [1]}}')
    assert box == Box(name="a", later={"x": [1]})
    assert box.as_json() == {"name": "a", "share": 0.5, "sizes": [], "inner": {}, "later": {"x": [1]}}


DAMAGES = {
    "empty": (b"", "it is not JSON: Expecting value in line 1"),
    "cut short": (b'{"name": "a"', "it is not JSON: Expecting ',' delimiter in line 1"),
    "a list": (b"[]", "is damaged: found [], expected a table"),
    "bytes": (b'{"name": "\xff"}', "it is not UTF-8 text (invalid start byte at byte 10)"),
    "half a character": (b'{"name": "\\ud800"}', "not JSON: unexpected end of hex escape at line 1 column 17"),
    "a key less": (b"{}", "name is missing"),
    "a key twice": (b'{"name": "a", "name": "b"}', "the key 'name' occurs twice"),
    "a type": (b'{"name": "a", "share": "0.5"}', "share: found '0.5', expected a number"),
    "a truth": (b'{"name": "a", "share": true}', "share: found True, expected a number"),
    "a nan": (b'{"name": "a", "share": NaN}', "found NaN, expected a finite number"),
    "a nan inside": (b'{"name": "a", "inner": {"x": -Infinity}}', "found -Infinity, expected a finite number"),
    "a huge number": (b'{"name": "a", "share": 1e999}', "found 1e999, expected a finite number"),
    "a huge number inside": (b'{"name": "a", "inner": {"x": 1e999}}', "found 1e999, expected a finite number"),
    "digits without end": (b'{"name": "a", "sizes": [' + b"1" * 9999 + b"]}", "Exceeds the limit"),
    "depth": (b'{"name": "a", "inner": ' + b'{"x": ' * 99_999 + b"1" + b"}" * 100_000, "it is nested too deeply"),
    "some depth": (b'{"name": "a", "inner": {"x": ' + b"[" * 300 + b"]" * 300 + b"}}", "recursion limit exceeded"),
    "a long key": (b'{"name": "a", "' + b"k" * 99_999 + b'": 1, "' + b"k" * 99_999 + b'": 2}', " occurs twice"),
    "controls": (b'{"name": "a", "\\u001b[2J": 1, "\\u001b[2J": 2}', " occurs twice"),
}


@pytest.mark.parametrize(("raw", "told"), DAMAGES.values(), ids=DAMAGES)
def test_any_damage_gives_a_short_one_line_error_with_file_and_place(tmp_path: Path, raw: bytes, told: str) -> None:
    with pytest.raises(SedpipeError) as caught:
        found(tmp_path, raw)
    assert caught.value.message.startswith(f"{tmp_path / 'box.json'} is damaged: ")
    assert told in caught.value.message
    assert caught.value.message.isprintable()
    assert len(caught.value.message) <= 300
    assert caught.value.hint == "make it again"


def test_an_oversized_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_BYTES", 100)
    with pytest.raises(SedpipeError, match="it has more than 100 bytes"):
        found(tmp_path, b'{"name": "%s"}' % (b"a" * 100))


def test_a_folder_in_place_of_the_record_gives_an_error_that_does_not_advise_deletion(tmp_path: Path) -> None:
    (tmp_path / "box.json").mkdir()
    with pytest.raises(SedpipeError, match=r"^cannot read .*box\.json: Is a directory$") as caught:
        find_record(tmp_path / "box.json", Box, "delete it")
    assert "delete" not in caught.value.hint


def test_valid_bytes_are_parsed_into_a_record() -> None:
    assert parse_record(b'{"name": "a", "share": 1, "sizes": [1, 2]}', Box) == Box(name="a", share=1.0, sizes=(1, 2))
