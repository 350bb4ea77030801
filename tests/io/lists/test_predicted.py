import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from sedpipe.io.lists.annotations import Annotations, Asked
from sedpipe.io.lists.read import read_annotations
from sedpipe.io.predictions import FORMATS, PredictedEvent, PredictedFile, rendered

DOG = ("a.wav", (0.5, 2.0), "Dog")


def read(folder: Path, content: Any, asked: Asked = "events") -> Annotations:
    path = folder / "list.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return read_annotations(path, asked)


def rows(found: Annotations) -> list[tuple[str, tuple[float, float] | None, str]]:
    return [(row.filename, row.times, row.label) for row in found.rows]


PREDICTED = [
    PredictedFile("in/a.wav", "a.wav", 3.0, [PredictedEvent(0.5, 2.0, "Dog", 0.75)]),
    PredictedFile("in/b.wav", "b.wav", 3.0, []),
]


@pytest.mark.parametrize("form", [form for form in FORMATS if form in ("tsv", "csv", "json")])
def test_a_rendered_list_of_several_recordings_can_be_read(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"predicted{FORMATS[form]}"
    path.write_text(rendered(PREDICTED, form))
    assert rows(read_annotations(path)) == [DOG, ("b.wav", None, "")]


@pytest.mark.parametrize("form", list(FORMATS))
def test_a_folder_of_rendered_lists_can_be_read(tmp_path: Path, form: str) -> None:
    for file in PREDICTED:
        (tmp_path / f"{file.name}{FORMATS[form]}").write_text(rendered([file], form))
    assert rows(read_annotations(tmp_path)) == [DOG, ("b.wav", None, "")]


def test_a_recording_that_predict_could_not_read_is_left_out(tmp_path: Path) -> None:
    failed = PredictedFile("in/c.wav", "c.wav", None, [], "failed", "cannot be decoded")
    found = read(tmp_path, {"stage": "predict", "files": [asdict(file) for file in [*PREDICTED, failed]]})
    assert rows(found) == [DOG, ("b.wav", None, "")]
    assert "could not be read" in str(found.remarks[0])
