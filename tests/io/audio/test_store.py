import errno
from pathlib import Path

import numpy as np
import pytest
import soundfile
from sedpipe.clips import Clip
from sedpipe.errors import AudioError, SedpipeError
from sedpipe.io.audio.cut import Cut
from sedpipe.io.audio.store import fate_of_stored, read_stored, store_cut, write_flac
from sedpipe.io.audio.waveforms import read_waveform
from sedpipe.io.files.checksums import sha256_of

RATE = 44_100


def test_written_flac_is_mono_16_bit_rounded_and_clipped(tmp_path: Path) -> None:
    step = 1 / 32_768
    waveform = np.array([0.0, 0.4 * step, 0.6 * step, -0.6 * step, 1.0, 1.5, -1.0, -1.5])
    write_flac(tmp_path / "new" / "a.flac", waveform, RATE)
    info = soundfile.info(tmp_path / "new" / "a.flac")
    assert (info.format, info.subtype, info.channels, info.samplerate) == ("FLAC", "PCM_16", 1, RATE)
    whole, _ = soundfile.read(tmp_path / "new" / "a.flac", dtype="int16")
    assert whole.tolist() == [0, 0, 1, -1, 32_767, 32_767, -32_768, -32_768]


def test_reading_and_rewriting_a_flac_file_gives_the_same_bytes(tmp_path: Path) -> None:
    write_flac(tmp_path / "a.flac", np.random.default_rng(0).uniform(-1, 1, RATE), RATE)
    write_flac(tmp_path / "b.flac", read_waveform(tmp_path / "a.flac", RATE), RATE)
    assert (tmp_path / "a.flac").read_bytes() == (tmp_path / "b.flac").read_bytes()


def test_an_unwritable_path_gives_a_one_line_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SedpipeError, match=r"^cannot write .*a\.flac: (Not a directory|File exists)$"):
        write_flac(tmp_path / "file" / "a.flac", np.zeros(10), RATE)


@pytest.mark.parametrize("rate", [8_000, 44_100, 48_000, 96_000])
def test_reading_only_the_beginning_matches_reading_the_whole_file(tmp_path: Path, rate: int) -> None:
    write_flac(tmp_path / "a.flac", np.random.default_rng(0).uniform(-0.5, 0.5, 2 * rate), rate)
    whole = read_waveform(tmp_path / "a.flac", RATE)
    beginning = read_stored(tmp_path / "a.flac", RATE, most_samples=RATE)
    assert beginning.dtype == np.float32
    np.testing.assert_allclose(beginning, whole[:RATE], rtol=0, atol=0 if rate == RATE else 1e-6)
    np.testing.assert_array_equal(read_stored(tmp_path / "a.flac", RATE), whole)


def test_damage_after_the_part_that_is_read_does_not_matter(tmp_path: Path) -> None:
    write_flac(tmp_path / "a.flac", np.random.default_rng(0).uniform(-0.5, 0.5, 10 * RATE), RATE)
    content = (tmp_path / "a.flac").read_bytes()
    (tmp_path / "a.flac").write_bytes(content[: len(content) // 2])
    assert len(read_stored(tmp_path / "a.flac", RATE, most_samples=RATE)) == RATE
    with pytest.raises(AudioError, match=r"a\.flac: cannot be decoded as audio$"):
        read_stored(tmp_path / "a.flac", RATE)


@pytest.mark.parametrize("content", [b"", b"no audio"])
def test_an_unreadable_or_missing_stored_file_gives_a_one_line_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.flac").write_bytes(content)
    with pytest.raises(AudioError, match=r"a\.flac: (the file is empty \(0 bytes\)|cannot be decoded as audio)$"):
        read_stored(tmp_path / "a.flac", RATE)
    with pytest.raises(AudioError, match=r"a\.flac: No such file or directory$"):
        read_stored(tmp_path / "b" / "a.flac", RATE)


def test_a_silent_stored_file_is_read_as_zeros(tmp_path: Path) -> None:
    write_flac(tmp_path / "a.flac", np.zeros(10), RATE)
    assert read_stored(tmp_path / "a.flac", RATE).tolist() == [0.0] * 10


def test_storing_a_cut_returns_its_fate_with_every_remark(tmp_path: Path) -> None:
    clip = Clip("a", "training", "a.wav", 0.0, 10.0, ("Car",))
    loud = Cut(np.full(3 * RATE, 0.5, np.float32), RATE, 48_000, 2, "webm opus", True, (("clipped", "too loud"),))
    fate = store_cut(loud, clip, tmp_path / "a.flac", "a tool", "251")
    assert (fate.state, fate.reason) == ("ok", "short")
    assert fate.message == "3.000 s of 10 s: its source ends; too loud"
    assert (fate.source_format, fate.sample_rate, fate.channels, fate.tool) == ("webm opus 251", 48_000, 2, "a tool")
    assert fate.sha256 == sha256_of(tmp_path / "a.flac")
    told = fate_of_stored(clip, tmp_path / "a.flac")
    assert (told.duration, told.reason, told.sha256) == (3.0, "short", fate.sha256)


def test_a_full_disk_gives_a_one_line_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(SedpipeError, match=r"^cannot write .*a\.flac: No space left on device$"):
        write_flac(tmp_path / "a.flac", np.zeros(10), RATE)
    assert list(tmp_path.iterdir()) == []
