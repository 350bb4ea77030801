import os
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from encoded import FORMS, Form, clock, encoded, start_error_ms
from sedpipe.errors import AudioError
from sedpipe.io.audio import waveforms as audio
from sedpipe.io.audio.store import write_flac
from sedpipe.io.audio.waveforms import Recording, read_blocks, read_waveform

RATE = 44_100


def tone(hertz: float, rate: int, seconds: float = 1.0, level: float = 0.5) -> np.ndarray:
    return level * np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate)


def reason(path: Path) -> str:
    """Return why the file cannot be used, without its path."""
    with pytest.raises(AudioError) as caught:
        read_waveform(path, RATE)
    assert caught.value.message.startswith(f"{path}: ")
    return caught.value.message.removeprefix(f"{path}: ")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_samples_of_16_bits_are_read_exactly(tmp_path: Path, dtype: str) -> None:
    whole = np.resize(np.array([0, 1, -1, 12_345, -32_768, 32_767], dtype=np.int16), RATE)
    soundfile.write(tmp_path / "a.wav", whole, RATE)
    waveform = read_waveform(tmp_path / "a.wav", RATE, dtype)
    assert waveform.dtype == dtype
    assert waveform.tolist() == (whole / 32_768).tolist()


def test_channels_are_averaged(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.array([[0.5, 0.25], [-0.5, 0.5]] * RATE), RATE)
    assert read_waveform(tmp_path / "a.wav", RATE)[:2].tolist() == [0.375, 0.0]


@pytest.mark.parametrize("rate", [8_000, 22_050, 48_000, 96_000])
def test_resampling_preserves_time_and_level(tmp_path: Path, rate: int) -> None:
    soundfile.write(tmp_path / "a.wav", tone(1000, rate), rate, subtype="FLOAT")
    waveform = read_waveform(tmp_path / "a.wav", RATE)
    assert abs(len(waveform) - RATE) <= 1
    inner = slice(1000, 43_000)
    np.testing.assert_allclose(waveform[inner], tone(1000, RATE)[inner], atol=2e-4)


@pytest.mark.parametrize("extension", ["wav", "flac", "ogg", "mp3", "aiff"])
def test_common_formats_are_read(tmp_path: Path, extension: str) -> None:
    if extension.upper() not in soundfile.available_formats():
        pytest.skip(f"this libsndfile lacks {extension}")
    path = tmp_path / f"a.{extension}"
    soundfile.write(path, tone(1000, RATE), RATE)
    waveform = read_waveform(path, RATE)
    assert waveform.ndim == 1
    assert abs(len(waveform) - RATE) <= 2 * 1152  # MP3 adds padding
    assert np.sqrt(np.mean(waveform[5000:40_000] ** 2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.02)


@pytest.mark.parametrize(
    "form",
    [FORMS["webm, a cue each 10 s"], FORMS["m4a"], FORMS["m4a, fragments"], Form("asf", "wmav2", 44_100)],
    ids=["webm", "m4a", "fragments", "wma"],
)
def test_formats_that_libsndfile_cannot_read_are_decoded(tmp_path: Path, form: Form) -> None:
    (tmp_path / "a").write_bytes(encoded(clock(3, form.rate), form, channels=2))
    waveform = read_waveform(tmp_path / "a", RATE, "float64")
    assert waveform.dtype == "float64"
    assert len(waveform) / RATE == pytest.approx(3, abs=0.1)
    assert abs(start_error_ms(waveform[RATE : 2 * RATE], clock(3, RATE), 1)) < (50 if form.container == "asf" else 1)


@pytest.mark.parametrize("form", ["wav", "flac", "m4a", "mp3"])
def test_a_short_recording_is_read_and_a_silent_one_is_rejected(tmp_path: Path, form: str) -> None:
    rate = FORMS[form].rate
    (tmp_path / "a").write_bytes(encoded(clock(0.2, rate), FORMS[form]))
    assert len(read_waveform(tmp_path / "a", RATE)) == pytest.approx(0.2 * RATE, abs=1100)
    (tmp_path / "a").write_bytes(encoded(np.zeros(rate), FORMS[form]))
    assert reason(tmp_path / "a") == "silent"


@pytest.mark.parametrize("text", ["#EXTM3U\n#EXTINF:10,\n{}\n", "ffconcat version 1.0\nfile '{}'\n"])
def test_a_playlist_named_like_audio_opens_no_other_file(tmp_path: Path, text: str) -> None:
    write_flac(tmp_path / "secret.flac", tone(1000, RATE), RATE)
    (tmp_path / "a.wav").write_text(text.format(tmp_path / "secret.flac"))
    assert reason(tmp_path / "a.wav") == "cannot be decoded as audio"


def test_the_error_for_an_unusable_file_gives_the_reason(tmp_path: Path) -> None:
    assert reason(tmp_path / "missing.wav") == "No such file or directory"
    assert reason(tmp_path) == "a folder, expected audio"
    os.mkfifo(tmp_path / "pipe.wav")
    assert reason(tmp_path / "pipe.wav") == "no file, expected audio"  # reading it would block forever
    (tmp_path / "empty.wav").write_bytes(b"")
    assert reason(tmp_path / "empty.wav") == "the file is empty (0 bytes)"
    (tmp_path / "text.wav").write_text("a dog barks\n" * 100)
    assert reason(tmp_path / "text.wav") == "cannot be decoded as audio"
    soundfile.write(tmp_path / "header.wav", np.zeros(0), RATE)
    assert reason(tmp_path / "header.wav") == "contains no audio (0 samples)"
    soundfile.write(tmp_path / "short.wav", np.ones(1), 192_000)
    assert reason(tmp_path / "short.wav") == "too short (0.000 s, expected at least 0.04 s)"


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_samples_that_are_not_finite_are_refused(tmp_path: Path, value: float) -> None:
    waveform = tone(100, RATE)
    waveform[77] = value
    soundfile.write(tmp_path / "a.wav", waveform, RATE, subtype="FLOAT")
    assert reason(tmp_path / "a.wav") == "contains samples that are not finite (nan or infinity)"


@pytest.mark.parametrize("suffix", ["flac", "wav", "aiff", "w64", "caf"])
def test_a_truncated_recording_is_used_up_to_its_end_with_a_remark(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    noise = np.random.default_rng(0).uniform(-0.9, 0.9, 2 * RATE)
    soundfile.write(path, noise, RATE, subtype="PCM_16")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    recording = Recording(path)
    heard = np.concatenate(list(recording.blocks()))
    assert len(heard) == pytest.approx(RATE, abs=4096)
    np.testing.assert_allclose(heard, noise[: len(heard)], atol=1e-4)
    [(name, sentence)] = recording.remarks
    assert name == "truncated"
    assert sentence == f"its header says 2.0 s, {len(heard) / RATE:.1f} s are there"


@pytest.mark.parametrize("seconds", [4 * 3600 - 1, 4 * 3600 + 1])
def test_a_header_that_claims_hours_adds_no_samples(tmp_path: Path, seconds: int) -> None:
    path = tmp_path / "a.flac"
    soundfile.write(path, np.full((RATE, 8), 0.1), RATE)
    content = bytearray(path.read_bytes())
    described = int.from_bytes(content[18:26], "big")  # sample rate, channels, bits; the last 36 bits are the length
    content[18:26] = (described >> 36 << 36 | seconds * RATE).to_bytes(8, "big")
    path.write_bytes(content)
    recording = Recording(path)
    assert sum(len(block) for block in recording.blocks()) == RATE
    assert recording.remarks == [("truncated", f"its header says {seconds:,}.0 s, 1.0 s are there")]


def test_a_memory_error_in_libsndfile_falls_back_to_ffmpeg_or_gives_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_memory(*_: object, **__: object) -> None:
        raise MemoryError

    soundfile.write(tmp_path / "a.wav", tone(1000, RATE), RATE)
    monkeypatch.setattr(soundfile.SoundFile, "read", no_memory)
    assert len(read_waveform(tmp_path / "a.wav", RATE)) == RATE  # FFmpeg reads it instead
    soundfile.write(tmp_path / "a.sd2", tone(1000, RATE), RATE, format="MAT5")
    assert reason(tmp_path / "a.sd2") == "contains no audio (0 samples)"


def in_blocks(path: Path, sample_rate: int = 44_100) -> np.ndarray:
    return np.concatenate(list(read_blocks(path, sample_rate)))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("channels", [1, 2])
def test_blocks_match_the_whole_recording_in_every_format(tmp_path, monkeypatch, form, channels):
    monkeypatch.setattr(audio, "SAMPLES_PER_BLOCK", 10_007)
    path = tmp_path / "recording"
    path.write_bytes(encoded(clock(3.21, FORMS[form].rate), FORMS[form], channels))
    whole, joined = read_waveform(path, 44_100), in_blocks(path)
    n = len(joined)
    assert len(whole) - 0.025 * 44_100 < n <= len(whole)  # fragmented MP4 states its end only at the beginning
    assert joined.dtype == np.float32
    np.testing.assert_allclose(joined, whole[:n], atol=1e-6)


@pytest.mark.parametrize("rate", [8000, 22_050, 44_100, 48_000, 96_000])
def test_blocks_are_resampled_like_the_whole_recording(tmp_path, monkeypatch, rate):
    monkeypatch.setattr(audio, "SAMPLES_PER_BLOCK", 4001)
    soundfile.write(tmp_path / "a.wav", clock(2.0, rate), rate)
    np.testing.assert_allclose(in_blocks(tmp_path / "a.wav"), read_waveform(tmp_path / "a.wav", 44_100), atol=1e-6)


def test_the_block_size_is_bounded_whatever_the_number_of_channels(tmp_path, monkeypatch):
    monkeypatch.setattr(audio, "SAMPLES_PER_BLOCK", 4000)
    soundfile.write(tmp_path / "a.wav", np.full((44_100, 8), 0.1), 44_100)
    assert {len(block) for block in read_blocks(tmp_path / "a.wav", 44_100)} == {500, 100}


@pytest.mark.parametrize("content", [b"", b"this is not audio", b"RIFF\xff\xff\xff\x7fWAVE"])
def test_reading_in_blocks_gives_the_same_error_as_reading_the_whole_file(tmp_path, content):
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    with pytest.raises(AudioError) as at_once:
        read_waveform(path, 44_100)
    with pytest.raises(AudioError) as in_pieces:
        in_blocks(path)
    assert in_pieces.value.message == at_once.value.message


def test_files_with_nan_or_without_samples_are_refused_in_blocks_too(tmp_path):
    soundfile.write(tmp_path / "nan.wav", np.array([0.0, np.nan]), 44_100, subtype="FLOAT")
    with pytest.raises(AudioError, match="not finite"):
        in_blocks(tmp_path / "nan.wav")
    soundfile.write(tmp_path / "none.wav", np.zeros(0), 44_100)
    with pytest.raises(AudioError, match=r"contains no audio \(0 samples"):
        in_blocks(tmp_path / "none.wav")


def test_a_video_without_an_audio_track_is_refused_in_blocks_too(tmp_path):
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream = container.add_stream("mpeg4", rate=5)
        stream.width = stream.height = 16
        container.mux(stream.encode(av.VideoFrame(16, 16, "yuv420p")))
        container.mux(stream.encode(None))
    with pytest.raises(AudioError, match="contains no audio track"):
        in_blocks(tmp_path / "a.mp4")


def test_read_waveform_rejects_more_than_four_hours(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.flac", np.full(4 * 3600 * 1000 + 1, 0.1, np.float32), 1000)
    assert reason(tmp_path / "a.flac") == "longer than 4 hours"


def test_samples_beyond_full_scale_are_clipped_in_blocks(tmp_path: Path) -> None:
    loud = tone(1000, RATE, level=0.5)
    loud[100] = 3.0
    soundfile.write(tmp_path / "a.wav", loud, RATE, subtype="FLOAT")
    recording = Recording(tmp_path / "a.wav")
    assert np.concatenate(list(recording.resampled(RATE))).max() == 1.0
    assert recording.remarks == [("clipped", "its samples reach 3.00 times full scale: clipped")]


def test_damage_in_the_middle_does_not_end_a_recording(tmp_path: Path) -> None:
    path, noise = tmp_path / "a.flac", clock(20, RATE)
    soundfile.write(path, noise, RATE)
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 3000] = bytes(3000)
    path.write_bytes(content)
    heard = read_waveform(path, RATE)
    assert abs(len(heard) - len(noise)) < 0.05 * RATE
    np.testing.assert_allclose(heard[: 9 * RATE], noise[: 9 * RATE], atol=1e-4)
    assert abs(start_error_ms(heard[-5 * RATE :], noise, 15)) < 1
