import csv
import json
from contextlib import suppress
from pathlib import Path

import pytest
from sedpipe.errors import StaleError
from sedpipe.events import Event
from sedpipe.io.lists.events import read_event_list
from sedpipe.io.predictions import LOG_NAME, PredictedEvent, PredictedFile, PredictionLog, rendered, state_of

HORN = 'Air horn, "truck" horn'
FILES = [
    PredictedFile(
        "in/day/a.wav",
        "day/a.wav",
        61.5,
        [PredictedEvent(0.0, 1.28, "Dog bark", 0.91234), PredictedEvent(60.0, 61.5, HORN, 0.5)],
    ),
    PredictedFile("in/quiet.mp3", "quiet.mp3", 3.0, []),
    PredictedFile("in/bad.wav", "bad.wav", None, [], "failed", "cannot be decoded as audio"),
]
SETTINGS = {"model": "0123", "post_processing": {"threshold": 0.5}}


@pytest.mark.parametrize("form", ["tsv", "csv"])
def test_lists_are_read_back_as_any_event_list_and_a_recording_without_events_is_in_them(tmp_path, form):
    (tmp_path / "events").write_text(rendered(FILES, form), encoding="utf-8")
    assert read_event_list(tmp_path / "events") == {
        "a": [Event(0.0, 1.28, "Dog bark"), Event(60.0, 61.5, HORN)],
        "quiet": [],
    }


def test_tsv_is_the_fields_event_list():
    assert rendered(FILES, "tsv") == (
        "filename\tonset\toffset\tevent_label\n"
        "day/a.wav\t0.000\t1.280\tDog bark\n"
        f"day/a.wav\t60.000\t61.500\t{HORN}\n"
        "quiet.mp3\t\t\t\n"
    )


def test_csv_has_probabilities_and_quotes_what_needs_it():
    rows = list(csv.reader(rendered(FILES, "csv").splitlines()))
    assert rows[0] == ["filename", "onset", "offset", "event_label", "probability"]
    assert rows[2] == ["day/a.wav", "60.000", "61.500", HORN, "0.5000"]


def test_json_is_the_object_of_one_recording_or_of_several_and_tells_of_bad_ones():
    one, several = json.loads(rendered(FILES[:1], "json")), json.loads(rendered(FILES, "json"))
    assert {"path", "duration", "events"} <= one.keys()
    assert one["events"][0] == {"onset": 0.0, "offset": 1.28, "label": "Dog bark", "probability": 0.91234}
    assert several["files"][0] == one
    assert several["files"][2]["reason"] == "cannot be decoded as audio"


def test_audacity_reads_its_labels():
    assert rendered(FILES[:1], "audacity") == f"0.000000\t1.280000\tDog bark\n60.000000\t61.500000\t{HORN}\n"


def test_raven_opens_its_selection_table():
    head, *rows = (line.split("\t") for line in rendered(FILES, "raven", 16_000).splitlines())
    assert head[:7] == [
        "Selection", "View", "Channel", "Begin Time (s)", "End Time (s)", "Low Freq (Hz)", "High Freq (Hz)"
    ]  # fmt: skip
    assert [dict(zip(head, row, strict=True))["Annotation"] for row in rows] == ["Dog bark", HORN]
    assert rows[1][:8] == ["2", "Spectrogram 1", "1", "60.000000", "61.500000", "0.0", "8000.0", "day/a.wav"]


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "a.wav"
    path.write_bytes(b"sound")
    return path


def finished(recording: Path) -> PredictedFile:
    return PredictedFile(str(recording), "a.wav", 1.5, [PredictedEvent(0.0, 1.28, "Dog bark", 0.9)])


def test_what_was_logged_is_found_again_by_another_process_with_the_same_settings(tmp_path, recording):
    log = PredictionLog(tmp_path / "out", SETTINGS)
    assert log.find("a.wav", recording) is None
    log.add(finished(recording), state_of(recording))
    found = PredictionLog(tmp_path / "out", dict(reversed(SETTINGS.items()))).find("a.wav", recording)
    assert found.state == "kept"
    assert (found.duration, found.events) == (1.5, finished(recording).events)


def test_a_recording_that_was_replaced_is_done_again(tmp_path, recording):
    PredictionLog(tmp_path, SETTINGS).add(finished(recording), state_of(recording))
    recording.write_bytes(b"other sound")
    assert PredictionLog(tmp_path, SETTINGS).find("a.wav", recording) is None
    recording.unlink()
    assert PredictionLog(tmp_path, SETTINGS).find("a.wav", recording) is None


@pytest.mark.parametrize("kept_bytes", [1, 30, -1])
def test_a_line_that_a_killed_process_left_unfinished_is_dropped_and_the_others_are_kept(
    tmp_path, recording, kept_bytes
):
    log = PredictionLog(tmp_path, SETTINGS)
    log.add(finished(recording), state_of(recording))
    path = tmp_path / LOG_NAME
    whole = path.read_bytes()
    path.write_bytes(whole + whole.splitlines(keepends=True)[1].replace(b"a.wav", b"b.wav")[:kept_bytes])
    again = PredictionLog(tmp_path, SETTINGS)
    assert again.find("a.wav", recording) is not None
    assert again.find("b.wav", recording) is None or kept_bytes == -1
    again.add(finished(recording), state_of(recording))
    assert all(json.loads(line) for line in path.read_bytes().splitlines())


def test_other_settings_are_refused_with_the_difference(tmp_path):
    PredictionLog(tmp_path, SETTINGS)
    with pytest.raises(StaleError, match=r"post_processing\.threshold: there 0\.5, now 0\.7") as caught:
        PredictionLog(tmp_path, {"model": "0123", "post_processing": {"threshold": 0.7}})
    assert "name another --out" in caught.value.hint


@pytest.mark.parametrize("content", [b"\xff\xfe\n", b"[1]\n", b'{"settings": 3}\n', b'{"name": "a.wav"}\n', b"null\n"])
def test_a_log_of_something_else_is_refused_or_begun_anew_never_believed(tmp_path, recording, content):
    (tmp_path / LOG_NAME).write_bytes(content)
    with suppress(StaleError):
        assert PredictionLog(tmp_path, SETTINGS).find("a.wav", recording) is None
