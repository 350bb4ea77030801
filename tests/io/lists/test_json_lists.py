import json
from pathlib import Path
from typing import Any

import pytest
from sedpipe.errors import ListFormatError
from sedpipe.io.lists.annotations import Annotations, Asked
from sedpipe.io.lists.read import read_annotations

DOG = ("a.wav", (0.5, 2.0), "Dog")


def read(folder: Path, content: Any, asked: Asked = "events") -> Annotations:
    path = folder / "list.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return read_annotations(path, asked)


def rows(found: Annotations) -> list[tuple[str, tuple[float, float] | None, str]]:
    return [(row.filename, row.times, row.label) for row in found.rows]


def test_an_array_of_objects_is_read_as_a_table(tmp_path: Path) -> None:
    assert rows(read(tmp_path, [{"filename": "a.wav", "onset": 0.5, "offset": 2, "event_label": "Dog"}])) == [DOG]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", r"list\.json: found no readable JSON \(Expecting property name"),
        ("[" * 100_000, r"list\.json: found no readable JSON \(maximum recursion depth"),
        ('{"x": 1}', r"list\.json: found an object with the keys x, expected events that sedpipe predicted or Label"),
        ('{"name": "a.wav", "events": [{"onset": NaN}]}', r"found no readable JSON \(NaN is not a JSON number"),
        ('{"name": "a.wav", "events": [{"onset": "x"}]}', r"list\.json: 0\.events\.0\.onset: Input should be a valid"),
        ('{"name": "a.wav", "events": [{"onset": 1, "offset": 1e12, "label": "Dog"}]}', r"found '1000000000000\.0'"),
        ('[{"data": {"text": "x"}, "annotations": [{"result": []}]}]', r"list\.json:1: found 'text', expected the"),
    ],
)  # fmt: skip
def test_invalid_json_gives_a_one_line_error(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(ListFormatError, match=message):
        read(tmp_path, content)


def test_rows_with_too_many_different_keys_are_refused(tmp_path: Path) -> None:
    content = [{"filename": "a.wav", "onset": 0, "offset": 1, "event_label": "Dog", f"{k}": 1} for k in range(9_000)]
    with pytest.raises(ListFormatError, match=r"found 9,004 columns in 9,000 rows, which no list needs"):
        read(tmp_path, content)


@pytest.mark.parametrize("key", ["filename", "event_label"])
def test_an_overlong_name_or_label_is_refused(tmp_path: Path, key: str) -> None:
    row = {"filename": "a.wav", "onset": 0, "offset": 1, "event_label": "Dog"} | {key: "x" * 70_000}
    with pytest.raises(ListFormatError, match=r"list\.json:1: found 'x{80}\.\.\.', expected at most 65536 letters"):
        read(tmp_path, [row])
