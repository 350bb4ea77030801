import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from sedpipe.errors import SedpipeError, SettingsError, StaleError
from sedpipe.io.prediction_log import LOG_NAME, PredictionLog, state_of
from sedpipe.io.predictions import PredictedEvent, PredictedFile

SETTINGS = {"model": "0123", "post_processing": {"threshold": 0.5}}


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "a.wav"
    path.write_bytes(b"sound")
    return path


def finished(recording: Path) -> PredictedFile:
    return PredictedFile(str(recording), "a.wav", 1.5, [PredictedEvent(0.0, 1.28, "Dog bark", 0.9)])


def test_a_logged_recording_is_found_by_a_later_log_with_the_same_settings(tmp_path, recording):
    log = PredictionLog(tmp_path / "out", SETTINGS)
    assert log.find("a.wav", recording) is None
    log.add(finished(recording), state_of(recording))
    found = PredictionLog(tmp_path / "out", dict(reversed(SETTINGS.items()))).find("a.wav", recording)
    assert found == replace(finished(recording), state="kept")


def test_a_replaced_or_deleted_recording_is_not_found(tmp_path, recording):
    PredictionLog(tmp_path, SETTINGS).add(finished(recording), state_of(recording))
    recording.write_bytes(b"other sound")
    assert PredictionLog(tmp_path, SETTINGS).find("a.wav", recording) is None
    recording.unlink()
    assert PredictionLog(tmp_path, SETTINGS).find("a.wav", recording) is None


def test_another_recording_of_the_same_name_is_refused_while_the_first_exists(tmp_path, recording):
    other = tmp_path / "other" / "a.wav"
    other.parent.mkdir()
    other.write_bytes(b"what another recorder heard")
    PredictionLog(tmp_path / "out", SETTINGS).add(finished(recording), state_of(recording))
    log = PredictionLog(tmp_path / "out", SETTINGS)
    with pytest.raises(
        SettingsError, match=rf"has the events of {recording} as those of a\.wav: {other} would"
    ) as caught:
        log.find("a.wav", other)
    assert caught.value.hint == "name another --out, or the folder above both in one call"
    (tmp_path / "link.wav").symlink_to(recording)
    assert log.find("a.wav", tmp_path / "link.wav").state == "kept"
    recording.unlink()  # moved, and perhaps changed
    assert log.find("a.wav", other) is None


def test_a_log_of_an_older_version_without_paths_is_continued(tmp_path, recording):
    PredictionLog(tmp_path, SETTINGS).add(finished(recording), state_of(recording))
    lines = [json.loads(line) for line in (tmp_path / LOG_NAME).read_bytes().splitlines()]
    assert lines[1].pop("path") == str(recording)
    (tmp_path / LOG_NAME).write_text("".join(json.dumps(line) + "\n" for line in lines))
    log = PredictionLog(tmp_path, SETTINGS)
    assert log.n_dropped == 0
    assert log.find("a.wav", recording).state == "kept"
    recording.with_name("b.wav").write_bytes(b"other sound")
    assert log.find("a.wav", recording.with_name("b.wav")) is None


@pytest.mark.parametrize("kept_bytes", [1, 30, -1])
def test_an_unfinished_line_is_dropped_and_the_others_are_kept(tmp_path, recording, kept_bytes):
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


def test_different_settings_are_refused_and_the_difference_is_reported(tmp_path):
    PredictionLog(tmp_path, SETTINGS)
    with pytest.raises(StaleError, match=r"post_processing\.threshold: there 0\.5, now 0\.7") as caught:
        PredictionLog(tmp_path, {"model": "0123", "post_processing": {"threshold": 0.7}})
    assert "name another --out" in caught.value.hint


@pytest.mark.parametrize("content", [b"\xff\xfe\n", b"[1]\n", b'{"settings": 3}\n', b'{"name": "a.wav"}\n', b"null\n"])
def test_a_file_that_is_not_a_prediction_log_yields_no_recordings(tmp_path, recording, content):
    (tmp_path / LOG_NAME).write_bytes(content)
    with suppress(SedpipeError):
        assert PredictionLog(tmp_path, SETTINGS).find("a.wav", recording) is None


DAMAGES = [
    b"{}", b"[]", b'{"name": 1}', b'{"name": "a.wav", "file": [1, 2], "duration": "x", "events": []}',
    b'{"name": "a.wav", "file": [1.5, 2], "duration": 1, "events": []}',
    b'{"name": "a.wav", "file": [1, 2], "duration": NaN, "events": []}',
    b'{"name": "a.wav", "file": [1, 2], "duration": 1, "events": [{"onset": 1}]}',
    b'{"name": "a.wav", "file": [1, 2], "duration": 1, "events": [{"onset": 1e999, "offset": 2, "label": "x"}]}',
    b'{"name": "\\ud800", "file": [1, 2], "duration": 1, "events": []}', b"[" * 9999, b"\xff\xfe", b"\0",
]  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES, ids=range(len(DAMAGES)))
def test_a_damaged_line_is_dropped_and_counted_and_the_others_are_kept(tmp_path, recording, damage):
    log = PredictionLog(tmp_path, SETTINGS)
    log.add(finished(recording), state_of(recording))
    head, line = (tmp_path / LOG_NAME).read_bytes().splitlines(keepends=True)
    (tmp_path / LOG_NAME).write_bytes(head + damage + b"\n" + line)
    again = PredictionLog(tmp_path, SETTINGS)
    assert again.n_dropped == 1
    assert again.find("a.wav", recording) is not None
    assert PredictionLog(tmp_path, SETTINGS).n_dropped == 0


def test_an_overlong_line_is_read_in_pieces_and_dropped(tmp_path, recording, monkeypatch):
    monkeypatch.setattr("sedpipe.io.prediction_log.MOST_BYTES_IN_A_LINE", 400)
    log = PredictionLog(tmp_path, SETTINGS)
    log.add(finished(recording), state_of(recording))
    with (tmp_path / LOG_NAME).open("ab") as file:
        file.write(b'{"name": "' + b"x" * 1000)
    again = PredictionLog(tmp_path, SETTINGS)
    assert again.n_dropped > 1
    assert again.find("a.wav", recording) is not None


def test_a_folder_in_place_of_the_log_gives_an_error_that_does_not_advise_deletion(tmp_path):
    (tmp_path / LOG_NAME).mkdir()
    with pytest.raises(SedpipeError, match=r"cannot read .*predictions\.jsonl: Is a directory") as caught:
        PredictionLog(tmp_path, SETTINGS)
    assert "delete" not in caught.value.hint


def test_a_file_that_is_not_a_prediction_log_is_refused_and_not_overwritten(tmp_path):
    (tmp_path / LOG_NAME).write_text("my own notes\n")
    with pytest.raises(SedpipeError, match=r"predictions\.jsonl does not start with the settings of a prediction"):
        PredictionLog(tmp_path, SETTINGS)
    assert (tmp_path / LOG_NAME).read_text() == "my own notes\n"


def test_a_reason_is_logged_and_a_recording_without_one_has_no_reason_key(tmp_path, recording):
    log = PredictionLog(tmp_path, SETTINGS)
    log.add(finished(recording), state_of(recording))
    assert '"reason"' not in (tmp_path / LOG_NAME).read_text()
    said = PredictedFile(str(recording), "b.wav", 1.5, [], reason="it is clipped")
    log.add(said, state_of(recording))
    assert PredictionLog(tmp_path, SETTINGS).find("b.wav", recording).reason == "it is clipped"
