import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from sedpipe.errors import ListFormatError
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


def region(start: float, end: float, *labels: str) -> dict[str, Any]:
    return {"type": "labels", "value": {"start": start, "end": end, "channel": 0, "labels": list(labels)}}


def task(address: str, *results: list[dict[str, Any]], **work: Any) -> dict[str, Any]:
    return {"id": 1, "data": {"audio": address}, "annotations": [{"result": found, **work} for found in results]}


def test_regions_of_label_studio_are_events_and_their_recordings_are_known_by_their_names(tmp_path: Path) -> None:
    found = read(tmp_path, [task("/data/upload/1/1a2b3c4d-a.wav", [region(0.5, 2, "Dog"), region(3, 4, "Dog", "Cat")])])
    assert rows(found) == [DOG, ("a.wav", (3.0, 4.0), "Dog"), ("a.wav", (3.0, 4.0), "Cat")]


def test_the_short_export_says_the_same(tmp_path: Path) -> None:
    label = [{"start": 0.5, "end": 2, "channel": 0, "labels": ["Dog"]}]
    found = read(tmp_path, [{"audio": "/data/local-files/?d=a.wav", "id": 1, "label": label}])
    assert rows(found) == [DOG]


def test_a_task_that_nobody_has_annotated_is_not_a_recording_without_events(tmp_path: Path) -> None:
    tasks = [task("a.wav"), task("b.wav", []), task("c.wav", [region(1, 2, "Dog")], was_cancelled=True)]
    found = read(tmp_path, tasks)
    assert rows(found) == [("b.wav", None, "")]
    assert [str(remark) for remark in found.remarks] == ["tasks without a finished annotation left out (2 tasks)"]


def test_of_several_opinions_the_last_counts_or_the_one_that_is_called_true(tmp_path: Path) -> None:
    two = task("a.wav", [region(5, 6, "Cat")], [region(0.5, 2, "Dog")])
    assert rows(read(tmp_path, [two])) == [DOG]
    two["annotations"][0]["ground_truth"] = True
    found = read(tmp_path, [two])
    assert rows(found) == [("a.wav", (5.0, 6.0), "Cat")]
    assert [str(remark) for remark in found.remarks] == ["annotated several times, the last one taken (1 task)"]


def test_choices_are_labels_of_the_whole_recording(tmp_path: Path) -> None:
    found = read(tmp_path, [task("a.wav", [{"type": "choices", "value": {"choices": ["Dog"]}}])], "either")
    assert (rows(found), found.has_times) == ([("a.wav", None, "Dog")], False)


PREDICTED = [
    PredictedFile("in/a.wav", "a.wav", 3.0, [PredictedEvent(0.5, 2.0, "Dog", 0.75)]),
    PredictedFile("in/b.wav", "b.wav", 3.0, []),
]


@pytest.mark.parametrize("form", [form for form in FORMATS if form in ("tsv", "csv", "json")])
def test_what_predict_writes_of_several_recordings_can_be_read(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"predicted{FORMATS[form]}"
    path.write_text(rendered(PREDICTED, form))
    assert rows(read_annotations(path)) == [DOG, ("b.wav", None, "")]


@pytest.mark.parametrize("form", ["tsv", "csv", "json", "audacity"])
def test_what_predict_writes_into_a_folder_can_be_read(tmp_path: Path, form: str) -> None:
    for file in PREDICTED:
        (tmp_path / f"{file.name}{FORMATS[form]}").write_text(rendered([file], form))
    assert rows(read_annotations(tmp_path)) == [DOG, ("b.wav", None, "")]


def test_a_recording_that_predict_could_not_read_is_left_out(tmp_path: Path) -> None:
    failed = PredictedFile("in/c.wav", "c.wav", None, [], "failed", "cannot be decoded")
    found = read(tmp_path, {"stage": "predict", "files": [asdict(file) for file in [*PREDICTED, failed]]})
    assert rows(found) == [DOG, ("b.wav", None, "")]
    assert "could not be read" in str(found.remarks[0])


def test_json_may_stand_in_one_long_line(tmp_path: Path) -> None:
    tasks = [task(f"{n}.wav", [region(0.5, 2, "Dog")]) for n in range(1000)]
    assert len(json.dumps(tasks)) > 100_000
    assert len(read(tmp_path, tasks).rows) == 1000


def test_an_array_of_rows_is_a_table(tmp_path: Path) -> None:
    assert rows(read(tmp_path, [{"filename": "a.wav", "onset": 0.5, "offset": 2, "event_label": "Dog"}])) == [DOG]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", r"list\.json: found no JSON that can be read \(Expecting property name"),
        ("[" * 100_000, r"list\.json: found no JSON that can be read \(maximum recursion depth"),
        ('{"x": 1}', r"list\.json: found an object with the keys x, expected events that sedpipe predicted or Label"),
        ('{"name": "a.wav", "events": [{"onset": NaN}]}', r"found no JSON that can be read \(NaN is no number of JSON"),
        ('{"name": "a.wav", "events": [{"onset": "x"}]}', r"list\.json: 0\.events\.0\.onset: Input should be a valid"),
        ('{"name": "a.wav", "events": [{"onset": 1, "offset": 1e12, "label": "Dog"}]}', r"found '1000000000000\.0'"),
        ('[{"data": {"text": "x"}, "annotations": [{"result": []}]}]', r"list\.json:1: found 'text', expected the"),
    ],
)  # fmt: skip
def test_broken_json_is_one_sentence(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(ListFormatError, match=message):
        read(tmp_path, content)
