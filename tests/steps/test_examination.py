import hashlib
from pathlib import Path

import numpy as np
import pytest
import soundfile
from builders import write_tone
from sedpipe.steps.examination import examine


def test_a_good_recording_has_a_length_a_sample_rate_a_content_checksum_and_no_fault(tmp_path: Path) -> None:
    write_tone(tmp_path / "a.wav", 1.5, 440, sample_rate=16_000)
    found = examine(tmp_path / "a.wav")
    assert (found.seconds, found.survey.rate, found.fault, found.survey.remark) == (1.5, 16_000, "", "")
    samples, _ = soundfile.read(tmp_path / "a.wav", dtype="int16")
    assert found.content == hashlib.sha256(samples).hexdigest()


def test_the_content_checksum_depends_on_the_samples_not_on_the_lossless_format(tmp_path: Path) -> None:
    samples = (1000 * np.sin(np.arange(16_000) / 5)).astype(np.int16)
    for name in ("a.wav", "a.flac", "a.aiff"):
        soundfile.write(tmp_path / name, samples, 16_000)
    soundfile.write(tmp_path / "b.wav", samples[::-1], 16_000)
    same = {examine(tmp_path / name).content for name in ("a.wav", "a.flac", "a.aiff")}
    assert len(same) == 1
    assert examine(tmp_path / "b.wav").content not in same


def test_channels_that_cancel_are_a_fault_but_silence_is_not(tmp_path: Path) -> None:
    tone = 0.1 * np.sin(np.arange(16_000) / 5)
    soundfile.write(tmp_path / "silent.wav", np.zeros(16_000), 16_000)
    soundfile.write(tmp_path / "inverted.wav", np.stack([tone, -tone], axis=1), 16_000)
    silent = examine(tmp_path / "silent.wav")
    assert (silent.fault, silent.survey.is_silent, silent.seconds) == ("", True, 1.0)
    assert examine(tmp_path / "inverted.wav").fault == "channels-cancel"


@pytest.mark.parametrize("name", ["text.wav", "missing.wav"])
def test_an_unreadable_recording_has_a_fault_and_a_message_that_names_it(tmp_path: Path, name: str) -> None:
    (tmp_path / "text.wav").write_text("no audio")
    found = examine(tmp_path / name)
    assert found.fault
    assert name in found.survey.message
    assert (found.seconds, found.content) == (0.0, "")


def test_a_truncated_recording_gets_a_remark(tmp_path: Path) -> None:
    write_tone(tmp_path / "a.wav", 3.0, 440, sample_rate=16_000)
    whole = (tmp_path / "a.wav").read_bytes()
    (tmp_path / "a.wav").write_bytes(whole[: len(whole) // 2])
    found = examine(tmp_path / "a.wav")
    assert found.seconds == pytest.approx(1.5, abs=0.01)
    assert found.survey.remark
