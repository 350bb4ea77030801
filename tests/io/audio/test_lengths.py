from pathlib import Path

import numpy as np
import pytest
import soundfile
from builders import write_tone
from sedpipe.io.audio.lengths import length_of


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3", "aiff"])
@pytest.mark.parametrize("rate", [8_000, 44_100])
def test_length_and_rate_match_the_written_file(tmp_path: Path, suffix: str, rate: int) -> None:
    write_tone(tmp_path / f"a.{suffix}", 2.5, 440, sample_rate=rate)
    length = length_of(tmp_path / f"a.{suffix}")
    assert length is not None
    assert length[0] == pytest.approx(2.5, abs=0.06 if suffix == "mp3" else 1e-4)
    assert length[1] == rate


def test_a_silent_file_has_a_length(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.mp3", np.zeros(16_000), 16_000)
    length = length_of(tmp_path / "a.mp3")
    assert length is not None
    assert length[0] == pytest.approx(1.0, abs=0.06)


def test_the_length_of_an_unusable_file_is_none(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_text("no audio")
    assert length_of(tmp_path / "a.wav") is None
    assert length_of(tmp_path / "b.wav") is None
    soundfile.write(tmp_path / "c.wav", np.full(1000, 0.1), 1)  # a rate that no recording has
    assert length_of(tmp_path / "c.wav") is None


@pytest.mark.parametrize("suffix", ["wav", "flac", "mp3"])
def test_a_file_whose_name_is_not_utf_8_is_read(tmp_path: Path, suffix: str) -> None:
    write_tone(tmp_path / f"a.{suffix}", 1.5, 440, sample_rate=16_000)
    length = length_of((tmp_path / f"a.{suffix}").rename(tmp_path / f"\udce9.{suffix}"))
    assert length == (pytest.approx(1.5, abs=0.08), 16_000)


def test_the_length_of_a_truncated_file_is_not_taken_from_its_header(tmp_path: Path) -> None:
    write_tone(tmp_path / "a.wav", 3.0, 440, sample_rate=16_000)
    whole = (tmp_path / "a.wav").read_bytes()
    (tmp_path / "a.wav").write_bytes(whole[: len(whole) // 2])
    length = length_of(tmp_path / "a.wav")
    assert length is not None
    assert length[0] == pytest.approx(1.5, abs=0.01)
