from pathlib import Path

import pytest
from sedpipe.clips import ClipFormat
from sedpipe.io.audio.survey import Survey
from sedpipe.io.cache.recordings import FILE_NAME, KnownRecording, KnownRecordings

FORMAT = ClipFormat(2.5, 8000)
ROWS = {
    "birds/site 1/a.wav": KnownRecording("site 1/a", Survey(5, 7, "f" * 64, 24_000, 8000, 1, "wav pcm_16")),
    "birds/b.wav": KnownRecording("b", Survey(0, 0, fault="unreadable", message="birds/b.wav: a\tb\nc")),
}


def test_known_recordings_are_read_back_as_they_were_saved(tmp_path: Path) -> None:
    KnownRecordings(tmp_path).save(ROWS, FORMAT)
    known = KnownRecordings(tmp_path)
    assert known.is_there
    assert known.clip_format == FORMAT
    assert known.rows["birds/site 1/a.wav"] == ROWS["birds/site 1/a.wav"]
    assert known.rows["birds/b.wav"].seen.message == "birds/b.wav: a b c"


def test_an_unchanged_table_is_not_rewritten(tmp_path: Path) -> None:
    KnownRecordings(tmp_path).save({"a": ROWS["birds/site 1/a.wav"]}, FORMAT)
    before = (tmp_path / FILE_NAME).stat().st_mtime_ns
    known = KnownRecordings(tmp_path)
    known.save(dict(known.rows), FORMAT)
    assert (tmp_path / FILE_NAME).stat().st_mtime_ns == before
    known.save(dict(known.rows), ClipFormat())
    assert KnownRecordings(tmp_path).clip_format == ClipFormat()


@pytest.mark.parametrize("content", ["", "nothing", "# clip_s sample_rate 1 x\n", "# clip_s sample_rate 1 2\nh\nbad\n"])
def test_a_malformed_table_is_treated_as_missing(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE_NAME).write_text(content)
    known = KnownRecordings(tmp_path)
    assert (known.is_there, known.rows) == (False, {})


@pytest.mark.parametrize("name", ["site 1\\a", "site\0", "../a", "a//b", "a\rb", ""])
def test_a_table_with_an_invalid_clip_name_is_treated_as_missing(tmp_path: Path, name: str) -> None:
    KnownRecordings(tmp_path).save(ROWS, FORMAT)
    table = tmp_path / FILE_NAME
    table.write_bytes(table.read_bytes().replace(b"site 1/a\t", f"{name}\t".encode()))
    assert not KnownRecordings(tmp_path).is_there
