import csv
import json
from dataclasses import replace

import pytest
from sedpipe.detection.nearness import Glance, Peak
from sedpipe.events import Event
from sedpipe.io.lists.events import read_event_list
from sedpipe.io.lists.read import read_annotations
from sedpipe.io.predictions import PredictedEvent, PredictedFile, rendered

HORN = 'Air horn, "truck" horn'
FILES = [
    PredictedFile(
        "in/day/a.wav",
        "day/a.wav",
        61.5,
        [PredictedEvent(0.0, 1.28, "Dog bark", 0.91234, 0.7), PredictedEvent(60.0, 61.5, HORN, 0.5)],
    ),
    PredictedFile("in/quiet.mp3", "quiet.mp3", 3.0, []),
    PredictedFile("in/bad.wav", "bad.wav", None, [], "failed", "cannot be decoded as audio"),
]
SETTINGS = {"model": "0123", "post_processing": {"threshold": 0.5}}


@pytest.mark.parametrize("form", ["tsv", "csv"])
def test_written_lists_are_readable_event_lists_that_include_recordings_without_events(tmp_path, form):
    (tmp_path / "events").write_text(rendered(FILES, form), encoding="utf-8")
    assert read_event_list(tmp_path / "events") == {
        "a": [Event(0.0, 1.28, "Dog bark"), Event(60.0, 61.5, HORN)],
        "quiet": [],
    }


@pytest.mark.parametrize("form", ["tsv", "csv", "json"])
@pytest.mark.parametrize("name", ["#1", "#1.wav", '# "one", two'])
def test_a_name_that_looks_like_a_comment_is_read_back(tmp_path, form, name):
    event = PredictedEvent(0.0, 1.28, "Dog bark", 0.9, 0.7)
    for events, times in (([event], (0.0, 1.28)), ([], None)):
        path = tmp_path / f"list.{form}"
        path.write_text(rendered([PredictedFile(name, name, 3.0, events)], form), encoding="utf-8")
        assert [(row.filename, row.times) for row in read_annotations(path).rows] == [(name, times)]


def test_tsv_is_an_event_list_with_the_four_standard_columns():
    assert rendered(FILES, "tsv") == (
        "filename\tonset\toffset\tevent_label\n"
        "day/a.wav\t0.000\t1.280\tDog bark\n"
        f"day/a.wav\t60.000\t61.500\t{HORN}\n"
        "quiet.mp3\t\t\t\n"
    )


def test_csv_adds_probabilities_and_quotes_special_characters():
    rows = list(csv.reader(rendered(FILES, "csv").splitlines()))
    assert rows[0][:6] == ["filename", "onset", "offset", "event_label", "probability", "mean_probability"]
    assert rows[1][4:] == ["0.9123", "0.7000", "", ""]
    assert rows[2] == ["day/a.wav", "60.000", "61.500", HORN, "0.5000", "", "", ""]


def test_times_of_day_are_derived_from_a_timestamp_in_the_file_name():
    events = [PredictedEvent(0.0, 1.28, "Owl", 0.9, 0.8), PredictedEvent(7199.5, 7200.0, "Owl", 0.9, 0.8)]
    file = PredictedFile("x", "site 1/20230501_230000.WAV", 7200.0, events)
    rows = list(csv.DictReader(rendered([file], "csv").splitlines()))
    assert [row["starts_at"] for row in rows] == ["2023-05-01T23:00:00.000", "2023-05-02T00:59:59.500"]
    assert rows[1]["ends_at"] == "2023-05-02T01:00:00.000"
    assert json.loads(rendered([file], "json"))["recorded_at"] == "2023-05-01T23:00:00"


def test_json_holds_one_recording_or_a_list_of_files_including_failed_ones():
    one, several = json.loads(rendered(FILES[:1], "json")), json.loads(rendered(FILES, "json"))
    assert {"path", "duration", "events"} <= one.keys()
    assert one["events"][0] == {
        "onset": 0.0, "offset": 1.28, "label": "Dog bark", "probability": 0.91234, "mean_probability": 0.7
    }  # fmt: skip
    assert one["recorded_at"] is None  # the name contains no timestamp
    assert (one["nearest"], one["peaks"]) == (None, None)  # not computed
    assert several["files"][0] == one
    assert several["files"][2]["reason"] == "cannot be decoded as audio"


def test_json_contains_the_peak_probability_of_each_class_and_its_time():
    file = replace(FILES[1], glance=Glance(peaks={"Dog bark": Peak(0.31, 0.4), HORN: Peak(0.02, 2.5)}))
    told = json.loads(rendered([file], "json"))
    assert (told["peaks"], told["nearest"]) == (
        {"Dog bark": {"peak": 0.31, "at": 0.4}, HORN: {"peak": 0.02, "at": 2.5}}, []
    )  # fmt: skip


def test_audacity_output_is_one_tab_separated_line_per_event():
    assert rendered(FILES[:1], "audacity") == f"0.000000\t1.280000\tDog bark\n60.000000\t61.500000\t{HORN}\n"


def test_raven_output_is_a_selection_table():
    head, *rows = (line.split("\t") for line in rendered(FILES, "raven", 16_000).splitlines())
    assert head[:7] == [
        "Selection", "View", "Channel", "Begin Time (s)", "End Time (s)", "Low Freq (Hz)", "High Freq (Hz)"
    ]  # fmt: skip
    assert [dict(zip(head, row, strict=True))["Annotation"] for row in rows] == ["Dog bark", HORN]
    assert rows[1][:8] == ["2", "Spectrogram 1", "1", "60.000000", "61.500000", "0.0", "8000.0", "day/a.wav"]


def test_only_csv_escapes_cells_that_a_spreadsheet_would_evaluate():
    files = [PredictedFile("=a.wav", "=a.wav", 1.0, [PredictedEvent(0.0, 1.0, "@Car", 0.5)])]
    [_, row] = csv.reader(rendered(files, "csv").splitlines())
    assert row[:5] == ["'=a.wav", "0.000", "1.000", "'@Car", "0.5000"]
    assert rendered(files, "tsv").splitlines()[1] == "=a.wav\t0.000\t1.000\t@Car"


def test_apostrophes_that_protect_csv_cells_are_dropped_when_read_and_this_is_reported(tmp_path):
    name, labels = "-5QrBL6MzLg_60.000_70.000.wav", ("-ve call", "'+ call", "@Car")
    events = [PredictedEvent(float(k), k + 1.0, label, 0.5) for k, label in enumerate(labels)]
    (tmp_path / "events.csv").write_text(rendered([PredictedFile(name, name, 3.0, events)], "csv"), encoding="utf-8")
    found = read_annotations(tmp_path / "events.csv")
    assert [(row.filename, row.label) for row in found.rows] == [(name, label) for label in labels]
    assert "apostrophes before = + - @ dropped, which hide them from spreadsheets (6 cells)" in map(str, found.remarks)


def test_json_escapes_control_characters_and_keeps_the_text():
    files = [PredictedFile("a.wav", "a.wav", 1.0, [PredictedEvent(0.0, 1.0, "Car\x9b2J\u2028Vögel", 0.5)])]
    text = rendered(files, "json")
    assert "Vögel" in text
    assert not set("\x9b\u2028") & set(text)
    assert json.loads(text)["events"][0]["label"] == "Car\x9b2J\u2028Vögel"
