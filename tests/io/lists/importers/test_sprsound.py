import json
from pathlib import Path
from zlib import crc32

import pytest
from sedpipe.errors import ListFormatError
from sedpipe.events import Event
from sedpipe.io.lists.importers.findings import Findings, look_into
from sedpipe.io.lists.importers.sprsound import from_sprsound

JSON_OF = {"train": "train_json", "test": "test_json/intra_test_json", "unseen": "test_json/inter_test_json"}


def found(folder: Path, **annotations: str | dict) -> Findings | None:
    """Return the findings for recordings ``part_name`` with their annotations."""
    for key, annotation in annotations.items():
        part, name = key.split("_", 1)
        for path, text in (
            (folder / f"{'train' if part == 'train' else 'test'}_wav" / f"{name}.wav", ""),
            (
                folder / JSON_OF[part] / f"{name}.json",
                annotation if isinstance(annotation, str) else json.dumps(annotation),
            ),
        ):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    return from_sprsound(look_into(folder))


def annotation(*events: tuple[int, int, str], record: str = "DAS") -> dict:
    rows = [{"start": str(start), "end": str(end), "type": kind} for start, end, kind in events]
    return {"record_annotation": record, "event_annotation": rows}


def test_types_become_two_classes_and_milliseconds_become_seconds(tmp_path: Path) -> None:
    events = (2134, 3912, "Normal"), (738, 1492, "Wheeze+Crackle"), (5000, 6000, "Stridor")
    made = found(tmp_path, train_1_a=annotation(*events))
    assert made is not None
    (recording,) = made.recordings
    assert (recording.filename, recording.labels) == ("train_wav/1_a.wav", ("Crackle", "Wheeze"))
    assert recording.events == (
        Event(0.738, 1.492, "Crackle"),
        Event(0.738, 1.492, "Wheeze"),
        Event(5.0, 6.0, "Wheeze"),
    )


def test_each_patient_is_in_one_split_and_unseen_patients_are_in_evaluation(tmp_path: Path) -> None:
    patients = [str(number) for number in range(10)]
    names = {f"{part}_{patient}_p": annotation() for part in ("train", "test") for patient in patients}
    made = found(tmp_path, **names, unseen_77_p=annotation())
    assert made is not None
    splits = {(recording.filename.split("/")[1], recording.split) for recording in made.recordings}
    expected = {(f"{p}_p.wav", "testing" if crc32(p.encode()) % 5 == 0 else "training") for p in patients}
    assert splits == {*expected, ("77_p.wav", "evaluation")}


def test_recordings_and_annotations_that_are_left_out_are_counted(tmp_path: Path) -> None:
    made = found(tmp_path, train_1_a=annotation(), train_2_a=annotation(record="Poor Quality"))
    (tmp_path / "train_wav" / "3_a.wav").touch()
    (tmp_path / "train_json" / "4_a.json").write_text(json.dumps(annotation()))
    made = from_sprsound(look_into(tmp_path))
    assert made is not None
    assert [recording.filename for recording in made.recordings] == ["train_wav/1_a.wav"]
    assert made.remarks[:3] == (
        "1 recording of poor quality left out",
        "1 recording without an annotation left out",
        "1 annotation without a recording left out",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "no annotation of SPRSound"),
        ('{"record_annotation": "DAS"}', "no annotation of SPRSound"),
        (annotation((0, 1, "Cough")), r"1_a\.json:1: found 'Cough', expected one of Normal, Fine Crackle"),
        (annotation((5, 1, "Wheeze")), r"found 'start 5, end 1', expected start <= end in milliseconds"),
        (annotation((5, 10**15, "Wheeze")), r"expected a time in seconds from 0 to"),
    ],
)
def test_an_invalid_annotation_gives_a_one_line_error(tmp_path: Path, text: str | dict, message: str) -> None:
    with pytest.raises(ListFormatError, match=message):
        found(tmp_path, train_1_a=text)


def test_a_folder_of_another_kind_gives_no_findings(tmp_path: Path) -> None:
    (tmp_path / "a.wav").touch()
    assert from_sprsound(look_into(tmp_path)) is None


def test_counts_of_the_public_folder_match_the_database(shared_data: Path) -> None:
    if not (shared_data / "sprsound").is_dir():
        pytest.skip("no sprsound/ in the test data")
    made = from_sprsound(look_into(shared_data / "sprsound"))
    assert made is not None
    by_split = {split: [r for r in made.recordings if r.split == split] for split in ("training", "testing")}
    assert {split: len(found) for split, found in by_split.items()} == {"training": 1674, "testing": 475}
    assert {split: sum(bool(r.labels) for r in found) for split, found in by_split.items()} == {
        "training": 436,
        "testing": 169,
    }
    assert {split: sum(len(r.events or ()) for r in found) for split, found in by_split.items()} == {
        "training": 1426,
        "testing": 420,
    }
    assert "179 recordings of poor quality left out" in made.remarks


def test_a_patient_name_that_is_not_utf_8_is_accepted(tmp_path: Path) -> None:
    made = found(tmp_path, **{"train_\udce9_a": annotation((0, 1000, "Wheeze")), "train_1_a": annotation()})
    assert made is not None
    assert [recording.filename for recording in made.recordings] == ["train_wav/1_a.wav", "train_wav/\udce9_a.wav"]
