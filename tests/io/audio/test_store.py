from pathlib import Path

import numpy as np
import pytest
import soundfile
from sedpipe.errors import SedpipeError
from sedpipe.io.audio.store import write_flac
from sedpipe.io.audio.waveforms import read_waveform

RATE = 44_100


def test_written_flac_is_mono_16_bit_rounded_and_clipped(tmp_path: Path) -> None:
    step = 1 / 32_768
    waveform = np.array([0.0, 0.4 * step, 0.6 * step, -0.6 * step, 1.0, 1.5, -1.0, -1.5])
    write_flac(tmp_path / "new" / "a.flac", waveform, RATE)
    info = soundfile.info(tmp_path / "new" / "a.flac")
    assert (info.format, info.subtype, info.channels, info.samplerate) == ("FLAC", "PCM_16", 1, RATE)
    whole, _ = soundfile.read(tmp_path / "new" / "a.flac", dtype="int16")
    assert whole.tolist() == [0, 0, 1, -1, 32_767, 32_767, -32_768, -32_768]


def test_what_was_written_is_read_and_written_again_as_the_same_bytes(tmp_path: Path) -> None:
    write_flac(tmp_path / "a.flac", np.random.default_rng(0).uniform(-1, 1, RATE), RATE)
    write_flac(tmp_path / "b.flac", read_waveform(tmp_path / "a.flac", RATE), RATE)
    assert (tmp_path / "a.flac").read_bytes() == (tmp_path / "b.flac").read_bytes()


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SedpipeError, match=r"^cannot write .*a\.flac: (Not a directory|File exists)$"):
        write_flac(tmp_path / "file" / "a.flac", np.zeros(10), RATE)
