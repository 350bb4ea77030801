import hashlib
from pathlib import Path

import numpy as np
import pytest
import soundfile
from encoded import FORMS, clock, encoded
from sedpipe.io.audio.survey import survey


@pytest.mark.parametrize("form", ["wav", "flac", "mp3", "m4a"])
def test_a_survey_gives_length_rate_channels_checksum_and_stamp(tmp_path: Path, form: str) -> None:
    path, content = tmp_path / "a", encoded(clock(3.0, FORMS[form].rate), FORMS[form], channels=2)
    path.write_bytes(content)
    seen = survey(path)
    assert seen.seconds == pytest.approx(3.0, abs=0.05)
    assert (seen.rate, seen.channels, seen.fault, seen.remark) == (FORMS[form].rate, 2, "", "")
    assert seen.sha256 == hashlib.sha256(content).hexdigest()
    assert seen.stamp == (len(content), path.stat().st_mtime_ns)


def test_a_survey_reports_problems_as_faults_or_remarks(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "silent.wav", np.zeros(8000), 8000)
    (tmp_path / "text.wav").write_text("a dog barks")
    soundfile.write(tmp_path / "half.wav", clock(2.0, 8000), 8000)
    content = (tmp_path / "half.wav").read_bytes()
    (tmp_path / "half.wav").write_bytes(content[: len(content) // 2])
    found = {name: survey(tmp_path / f"{name}.wav") for name in ("silent", "text", "half", "missing")}
    assert {name: (seen.fault, seen.remark) for name, seen in found.items()} == {
        "silent": ("", "silent"),
        "text": ("undecodable", ""),
        "half": ("", "truncated"),
        "missing": ("unreadable", ""),
    }
    assert all(str(tmp_path) in found[name].message for name in ("text", "missing"))
    assert found["half"].message == "its header says 2.0 s, 1.0 s are there"
    assert found["text"].seconds == 0
