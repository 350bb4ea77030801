import json
import time
from pathlib import Path
from typing import Any

import pytest
from sedpipe.errors import ListFormatError
from sedpipe.io.lists.annotations import Annotations, Asked
from sedpipe.io.lists.label_studio import name_of_address
from sedpipe.io.lists.read import read_annotations

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


def test_regions_become_events_and_upload_prefixes_are_dropped_from_file_names(tmp_path: Path) -> None:
    found = read(tmp_path, [task("/data/upload/1/1a2b3c4d-a.wav", [region(0.5, 2, "Dog"), region(3, 4, "Dog", "Cat")])])
    assert rows(found) == [DOG, ("a.wav", (3.0, 4.0), "Dog"), ("a.wav", (3.0, 4.0), "Cat")]


def test_the_short_export_gives_the_same_rows(tmp_path: Path) -> None:
    label = [{"start": 0.5, "end": 2, "channel": 0, "labels": ["Dog"]}]
    found = read(tmp_path, [{"audio": "/data/local-files/?d=a.wav", "id": 1, "label": label}])
    assert rows(found) == [DOG]


def test_the_short_export_may_contain_regions_and_a_choice(tmp_path: Path) -> None:
    label = [{"start": 0.5, "end": 2, "channel": 0, "labels": ["Dog"]}]
    found = read(tmp_path, [{"audio": "a.wav", "id": 1, "label": label, "choice": "Rain"}])
    assert rows(found) == [DOG, ("a.wav", None, "Rain")]


def test_a_task_without_annotation_is_left_out_not_read_as_a_recording_without_events(tmp_path: Path) -> None:
    tasks = [task("a.wav"), task("b.wav", []), task("c.wav", [region(1, 2, "Dog")], was_cancelled=True)]
    found = read(tmp_path, tasks)
    assert rows(found) == [("b.wav", None, "")]
    assert [str(remark) for remark in found.remarks] == ["tasks without a finished annotation left out (2 tasks)"]


def test_the_last_of_several_annotations_is_used_unless_one_is_marked_ground_truth(tmp_path: Path) -> None:
    two = task("a.wav", [region(5, 6, "Cat")], [region(0.5, 2, "Dog")])
    assert rows(read(tmp_path, [two])) == [DOG]
    two["annotations"][0]["ground_truth"] = True
    found = read(tmp_path, [two])
    assert rows(found) == [("a.wav", (5.0, 6.0), "Cat")]
    assert [str(remark) for remark in found.remarks] == ["annotated several times, the last one is used (1 task)"]


def test_choices_are_labels_of_the_whole_recording(tmp_path: Path) -> None:
    found = read(tmp_path, [task("a.wav", [{"type": "choices", "value": {"choices": ["Dog"]}}])], "either")
    assert (rows(found), found.has_times) == ([("a.wav", None, "Dog")], False)


def test_json_may_be_one_long_line(tmp_path: Path) -> None:
    tasks = [task(f"{n}.wav", [region(0.5, 2, "Dog")]) for n in range(1000)]
    assert len(json.dumps(tasks)) > 100_000
    assert len(read(tmp_path, tasks).rows) == 1000


def test_plain_rows_with_a_text_label_are_not_taken_for_a_label_studio_export(tmp_path: Path) -> None:
    found = read(tmp_path, [{"file": "a.wav", "start": 0.5, "end": 2, "label": "Dog"}])
    assert rows(found) == [DOG]


@pytest.mark.parametrize("stranger", [None, 5, "a.wav", ["a.wav"]])
def test_an_entry_that_is_not_a_task_gives_a_one_line_error(tmp_path: Path, stranger: Any) -> None:
    with pytest.raises(ListFormatError, match=r"list\.json:2: found .*, expected a task"):
        read(tmp_path, [task("a.wav", [region(0.5, 2, "Dog")]), stranger])


def test_a_path_with_brackets_that_is_not_a_valid_url_is_kept_as_a_path(tmp_path: Path) -> None:
    found = read(tmp_path, [task("//[field] 2/a.wav", [region(0.5, 2, "Dog")])])
    assert rows(found) == [("//[field] 2/a.wav", *DOG[1:])]


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("/data/upload/3/1a2b3c4d-street-20240101-night.wav", "street-20240101-night.wav"),
        ("rec_20240101-120000.wav", "rec_20240101-120000.wav"),
        ("1a2b3c4d-street.wav", "street.wav"),
        ("site/1a2b3c4d-street.wav", "site/1a2b3c4d-street.wav"),
    ],
)
def test_only_prefixes_added_by_label_studio_are_removed(address: str, name: str) -> None:
    assert name_of_address(address) == name


def test_an_address_with_many_folders_does_not_take_quadratic_time() -> None:
    begin = time.process_time()
    name_of_address("upload" + "/" * 100_000)
    assert time.process_time() - begin < 5
