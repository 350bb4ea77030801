import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sedpipe.clips import clip_id_of_filename, event_list_filename
from sedpipe.errors import ListFormatError
from sedpipe.events import Event
from sedpipe.io.lists.events import read_event_list, read_stored_events, write_event_list
from sedpipe.io.manifests.load import load_manifest
from sedpipe.labels import LabelSet

LABELS = LabelSet(("Car", "Air horn, truck horn", "Train horn"))
HEADER = "filename\tonset\toffset\tevent_label\n"
HORN = "Air horn, truck horn"


def read(tmp_path: Path, text: str, labels: LabelSet | None = LABELS) -> dict[str, list[Event]]:
    path = tmp_path / "events.tsv"
    path.write_bytes(text.encode())
    return read_event_list(path, labels)


@pytest.mark.parametrize(
    "text",
    [
        HEADER + f"a.wav\t0.5\t1.25\tCar\na.wav\t2\t3\t{HORN}\nb.wav\t\t\t\n",
        f"a.wav\t0.5\t1.25\tCar\na.wav\t2\t3\t{HORN}\nb.wav\n",
        "\ufeff" + HEADER.replace("\n", "\r\n") + f"a.wav\t0.5\t1.25\tCar\r\n\r\na.wav\t2\t3\t{HORN}\r\nb.wav\r\n",
        f'filename,onset,offset,event_label\na.wav,0.5,1.25,Car\na.wav,2,3,"{HORN}"\nb.wav,,,\n',
        f"a.wav,0.5,1.25,Car\na.wav,2,3,{HORN}\nb.wav\n",
        f"event_label\tonset\toffset\tfilename\tscore\nCar\t0.5\t1.25\ta.wav\t0.9\n{HORN}\t2\t3\ta.wav\n\t\t\tb.wav\n",
        f"audio/a.wav\t 0.5\t1.25 \tCar \naudio/a.wav\t2\t3\t{HORN}\t\t\nb.flac\n",
    ],
    ids=["header", "no header", "BOM and CRLF", "CSV with quotes", "CSV without", "other columns", "blanks"],
)
def test_all_common_forms_of_an_event_list_give_the_same_events(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text) == {"a": [Event(0.5, 1.25, "Car"), Event(2.0, 3.0, HORN)], "b": []}


def test_the_same_name_in_two_folders_means_two_clips(tmp_path: Path) -> None:
    events = read(tmp_path, "day 1/a.wav\t0\t1\tCar\nday 2/a.wav\t1\t2\tCar\n")
    assert events == {"day 1/a": [Event(0.0, 1.0, "Car")], "day 2/a": [Event(1.0, 2.0, "Car")]}


def test_events_that_are_not_located_in_time_are_kept(tmp_path: Path) -> None:
    assert read(tmp_path, "a.wav\t0\t0\tCar\n") == {"a": [Event(0.0, 0.0, "Car")]}


def test_a_comma_in_a_first_row_without_events_does_not_turn_tsv_into_csv(tmp_path: Path) -> None:
    assert read(tmp_path, f"a, b.wav\nc.wav\t0\t1\t{HORN}\n") == {"a, b": [], "c": [Event(0.0, 1.0, HORN)]}


def test_without_a_label_set_every_label_is_accepted(tmp_path: Path) -> None:
    assert read(tmp_path, "a.wav\t0\t1\tYodel\n", None) == {"a": [Event(0.0, 1.0, "Yodel")]}


def test_empty_list_has_no_clips(tmp_path: Path) -> None:
    assert read(tmp_path, "") == read(tmp_path, HEADER) == {}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("a.wav\t2\t1\tCar", r"found 'onset 2, offset 1', expected 0 <= onset <= offset in seconds"),
        ("a.wav\t-1\t1\tCar", r"found '-1', expected a time in seconds from 0 to 604,800 \(a week\)"),
        ("a.wav\tone\t2\tCar", r"found 'one', expected a time in seconds"),
        ("a.wav\t0\tnan\tCar", r"found 'nan', expected a time in seconds"),
        ("a.wav\t0\tinf\tCar", r"found 'inf', expected a time in seconds"),
        ("a.wav\t\t\tCar", r"found '', expected a time in seconds"),
        ("a.wav\t0\t1\t", r"found '', expected a label"),
        ("a.wav\t0\t1\tTrian horn", r"label 'Trian horn' is not one of the 3 classes \(did you mean 'Train horn'\?\)"),
        ("a.wav\t0\t1\tCar\tbus", r"found 'a\.wav\\t0\\t1\\tCar\\tbus', expected 4 columns"),
        ("\t0\t1\tCar", r"found '\\t0\\t1\\tCar', expected a row that begins with a file name"),
        ("../a.wav\t0\t1\tCar", r"found '\.\./a\.wav', expected a file name, without '\.\.' and .*"),
        ("first.flac\t0\t1\tCar", r"found .*, expected one file a clip, but 'first\.wav' is clip 'first' too"),
    ],
)
def test_wrong_rows_are_reported_with_file_and_line(tmp_path: Path, row: str, message: str) -> None:
    with pytest.raises(ListFormatError, match=rf"^.*events\.tsv:3: {message}$"):
        read(tmp_path, f"{HEADER}first.wav\t0\t1\tCar\n{row}\n")


def test_header_that_lacks_a_column_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ListFormatError, match=r"found the columns 'filename', 'onset', 'event_label' \(first row: "):
        read(tmp_path, "filename\tonset\tevent_label\n")


def test_broken_quotes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ListFormatError, match=r"events\.tsv:1: found .*, expected a quote that ends where"):
        read(tmp_path, 'a.wav,0,1,"Car\n')


def test_a_written_list_is_sorted_within_clips_and_includes_clips_without_events(tmp_path: Path) -> None:
    events = {"b": [Event(2, 3, "Car"), Event(0.12345, 1, HORN)], "a": [Event(-0.0, 0, "Car")]}
    write_event_list(tmp_path / "out.tsv", events, ["a", "none", "b"])
    rows = ["a.wav\t0.000\t0.000\tCar", "none.wav\t\t\t", f"b.wav\t0.12345\t1.000\t{HORN}", "b.wav\t2.000\t3.000\tCar"]
    assert (tmp_path / "out.tsv").read_bytes() == (HEADER + "\n".join(rows) + "\n").encode()


def test_events_of_clips_that_clip_ids_lacks_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^clip_ids lacks 'b', which has an entry in events$"):
        write_event_list(tmp_path / "out.tsv", {"b": []}, ["a"])
    assert not (tmp_path / "out.tsv").exists()


@pytest.mark.parametrize("clip_id", ["a\tb", "a\nb", "a\\b", ""])
def test_names_that_could_not_be_read_back_are_not_written(tmp_path: Path, clip_id: str) -> None:
    with pytest.raises(ValueError, match=r"cannot be the clip_id of a file$"):
        write_event_list(tmp_path / "out.tsv", {clip_id: []})


def test_labels_that_could_not_be_read_back_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^label 'a\\tb' of clip 'a' is empty or contains a tab or a line end$"):
        write_event_list(tmp_path / "out.tsv", {"a": [Event(0, 1, "a\tb")]})


def is_clip_id(name: str) -> bool:
    return (
        clip_id_of_filename(event_list_filename(name)) == name and not set(name) & set("\\;") and name == name.strip()
    )


microseconds = st.integers(0, 100_000_000)
some_events = st.builds(
    lambda onset, length, label: Event(onset / 1e6, (onset + length) / 1e6, label),
    microseconds,
    microseconds,
    st.sampled_from(LABELS.names),
)
clip_ids = st.text(st.characters(categories=("L", "N", "P"), include_characters=" -_"), min_size=1).filter(is_clip_id)


@given(st.dictionaries(clip_ids.filter(lambda name: name[1:2] != ":"), st.lists(some_events, max_size=4), max_size=5))
def test_written_lists_are_read_back_and_rewritten_unchanged(events: dict[str, list[Event]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.tsv"
        write_event_list(path, events)
        first = path.read_bytes()
        found = read_event_list(path, LABELS)
        assert found == {clip_id: sorted(of_clip) for clip_id, of_clip in events.items()}
        write_event_list(path, found)
        assert path.read_bytes() == first


def test_official_strong_list_has_688_rows_of_488_clips_and_36_not_located(shared_data: Path) -> None:
    labels = load_manifest("dcase2017-task4").label_set
    events = read_event_list(shared_data / "dcase2017-task4" / "groundtruth_strong_label_testing_set.csv", labels)
    rows = [event for of_clip in events.values() for event in of_clip]
    assert (len(events), len(rows), sum(not event.is_located for event in rows)) == (488, 688, 36)
    assert events["-GCwoyCnYsY_0.000_10.000"] == [Event(0.165, 3.8, "Train horn"), Event(4.865, 8.7, "Train horn")]


def test_names_with_number_signs_and_labels_with_quotes_are_read_back_unchanged(tmp_path: Path) -> None:
    labels = LabelSet(('"Dog"', '"Air horn', 'say "no"'))
    events = {
        "#3, evening": [Event(1.0, 2.0, '"Dog"'), Event(2.0, 3.0, '"Air horn')],
        '"old" tapes/#1; a': [Event(0.5, 1.0, 'say "no"')],
        '"b': [],
    }
    write_event_list(tmp_path / "out.tsv", events)
    assert read_stored_events(tmp_path / "out.tsv", labels) == events
