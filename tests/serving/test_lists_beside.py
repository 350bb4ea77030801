from pathlib import Path

import pytest
from sedpipe.events import Event
from sedpipe.serving.lists_beside import FoundList, list_beside

RAVEN = (
    "Selection\tView\tChannel\tBegin Time (s)\tEnd Time (s)\tLow Freq (Hz)\tHigh Freq (Hz)\tAnnotation\n"
    "1\tSpectrogram 1\t1\t1.0\t2.5\t0.0\t8000.0\tOwl\n"
)
OWL, TWO = [Event(1.0, 2.5, "Owl")], [Event(1.0, 2.5, "Owl"), Event(3.0, 4.0, "Rain")]


def beside(folder: Path, name: str = "night.wav", duration: float = 10.0) -> FoundList | None:
    return list_beside(folder / name, duration, but=folder / f"{Path(name).stem}.tsv")


@pytest.mark.parametrize(
    ("name", "text", "events"),
    [
        ("night.txt", "1.000000\t2.500000\tOwl\n3\t4\tRain\n", TWO),
        ("night.Table.1.selections.txt", RAVEN, OWL),
        ("night.csv", "onset,offset,event_label\n1,2.5,Owl\n", OWL),
        ("night.wav.tsv", "filename\tonset\toffset\tevent_label\nnight.wav\t1.0\t2.5\tOwl\n", OWL),
        ("all of them.tsv", "filename\tonset\toffset\tevent_label\nnight\t1\t2.5\tOwl\nday\t0\t1\tCrow\n", OWL),
        ("night.txt", "1\t2.5\tOwl;Rain\n", [Event(1.0, 2.5, "Owl"), Event(1.0, 2.5, "Rain")]),
        ("night_labels.csv", "filename,onset,offset,event_label\nnight.wav,,,\n", []),
    ],
)
def test_a_list_about_the_recording_is_found_in_any_supported_format(
    tmp_path: Path, name: str, text: str, events: list[Event]
) -> None:
    (tmp_path / "night.wav").touch()
    (tmp_path / "day.wav").touch()
    (tmp_path / name).write_text(text)
    assert beside(tmp_path) == FoundList(tmp_path / name, events)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("day.txt", "1\t2.5\tOwl\n"),  # about the other recording
        (
            "night.tsv",
            "filename\tonset\toffset\tevent_label\nnight\t1\t2.5\tOwl\n",
        ),  # the list that is saved here
        ("night.txt", "It rained.\nThe owl came late.\n"),
        ("others.tsv", "filename\tonset\toffset\tevent_label\nday\t1\t2.5\tOwl\n"),
        ("loose.txt", "1\t2.5\tOwl\n"),  # it is unknown which recording it is about
        ("night.json", "[[["),
    ],
)
def test_other_files_and_lists_of_other_recordings_are_ignored(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / "night.wav").touch()
    (tmp_path / "day.wav").touch()
    (tmp_path / name).write_text(text)
    assert beside(tmp_path) is None


def test_a_list_named_after_two_recordings_is_used_only_if_its_name_has_the_extension(tmp_path: Path) -> None:
    for name in ("night.wav", "night.flac"):
        (tmp_path / name).touch()
    (tmp_path / "night.txt").write_text("1\t2.5\tOwl\n")
    assert beside(tmp_path) is None
    (tmp_path / "night.wav.txt").write_text("1\t2.5\tOwl\n")
    assert beside(tmp_path) == FoundList(tmp_path / "night.wav.txt", OWL)


def test_events_beyond_the_end_of_the_recording_are_cut_and_reported(tmp_path: Path) -> None:
    (tmp_path / "night.wav").touch()
    (tmp_path / "night.txt").write_text("1\t2.5\tOwl\n4\t99\tRain\n20\t30\tRain\n")
    found = beside(tmp_path, duration=5.0)
    assert found is not None
    assert found.events == [*OWL, Event(4.0, 5.0, "Rain")]
    assert found.told == "2 events of night.txt; 2 events beyond the end of the recording cut there"


def test_a_list_without_usable_times_is_reported_and_yields_to_one_with_times(tmp_path: Path) -> None:
    (tmp_path / "night.wav").touch()
    (tmp_path / "night.csv").write_text("filename,onset,offset,event_label\nnight.wav,0,0,Owl\nnight.wav,30,40,Rain\n")
    found = beside(tmp_path)
    assert found is not None
    assert found.has_no_usable_event
    assert found.told == (
        "0 events of night.csv; 1 event beyond the end of the recording cut there; 1 event without a length "
        "(present, not located) left out"
    )
    (tmp_path / "night.txt").write_text("1\t2.5\tOwl\n4\t4\tRain\n")
    found = beside(tmp_path)
    assert found == FoundList(tmp_path / "night.txt", OWL, n_unlocated=1)
    assert not found.has_no_usable_event
    (tmp_path / "night.csv").write_text("filename,onset,offset,event_label\nnight.wav,,,\n")
    (tmp_path / "night.txt").unlink()
    assert not beside(tmp_path).has_no_usable_event  # somebody listened and heard no events


def test_events_of_recordings_of_the_same_name_in_other_folders_are_not_shown(tmp_path: Path) -> None:
    folder = tmp_path / "site1"
    folder.mkdir()
    (folder / "night.wav").touch()
    rows = "filename\tonset\toffset\tevent_label\nsite1/night.wav\t1\t2.5\tOwl\nsite2/night.wav\t3\t4\tRain\n"
    (folder / "all.tsv").write_text(rows)
    assert beside(folder) == FoundList(folder / "all.tsv", OWL)
    (folder / "all.tsv").write_text(rows.replace("site", "ort"))  # either recording may be meant
    assert beside(folder) is None
    (folder / "all.tsv").write_text(rows.replace("site1/", ""))
    assert beside(folder) == FoundList(folder / "all.tsv", OWL)
