from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from encoded import FORMS, Form, clock, encoded, start_error_ms
from sedpipe.errors import AudioError
from sedpipe.io.audio import waveforms as audio
from sedpipe.io.audio.store import write_flac
from sedpipe.io.audio.waveforms import read_blocks, read_waveform

RATE = 44_100


def tone(hertz: float, rate: int, seconds: float = 1.0, level: float = 0.5) -> np.ndarray:
    return level * np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate)


def reason(path: Path) -> str:
    """Why the file cannot be used, without its name."""
    with pytest.raises(AudioError) as caught:
        read_waveform(path, RATE)
    assert caught.value.message.startswith(f"{path}: ")
    return caught.value.message.removeprefix(f"{path}: ")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_samples_of_16_bits_are_read_exactly(tmp_path: Path, dtype: str) -> None:
    whole = np.array([0, 1, -1, 12_345, -32_768, 32_767], dtype=np.int16)
    soundfile.write(tmp_path / "a.wav", whole, RATE)
    waveform = read_waveform(tmp_path / "a.wav", RATE, dtype)
    assert waveform.dtype == dtype
    assert waveform.tolist() == (whole / 32_768).tolist()


def test_channels_are_averaged(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.array([[0.5, 0.25], [-0.5, 0.5]]), RATE)
    assert read_waveform(tmp_path / "a.wav", RATE).tolist() == [0.375, 0.0]


@pytest.mark.parametrize("rate", [8_000, 22_050, 48_000, 96_000])
def test_other_rates_are_resampled_in_time_and_level(tmp_path: Path, rate: int) -> None:
    soundfile.write(tmp_path / "a.wav", tone(1000, rate), rate, subtype="FLOAT")
    waveform = read_waveform(tmp_path / "a.wav", RATE)
    assert abs(len(waveform) - RATE) <= 1
    inner = slice(1000, 43_000)
    np.testing.assert_allclose(waveform[inner], tone(1000, RATE)[inner], atol=2e-4)


@pytest.mark.parametrize("extension", ["wav", "flac", "ogg", "mp3", "aiff"])
def test_usual_formats_are_read(tmp_path: Path, extension: str) -> None:
    if extension.upper() not in soundfile.available_formats():
        pytest.skip(f"this libsndfile lacks {extension}")
    path = tmp_path / f"a.{extension}"
    soundfile.write(path, tone(1000, RATE), RATE)
    waveform = read_waveform(path, RATE)
    assert waveform.ndim == 1
    assert abs(len(waveform) - RATE) <= 2 * 1152  # MP3 pads
    assert np.sqrt(np.mean(waveform[5000:40_000] ** 2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.02)


@pytest.mark.parametrize(
    "form",
    [FORMS["webm, a cue each 10 s"], FORMS["m4a"], FORMS["m4a, fragments"], Form("asf", "wmav2", 44_100)],
    ids=["webm", "m4a", "fragments", "wma"],
)
def test_what_libsndfile_cannot_read_is_decoded_all_the_same(tmp_path: Path, form: Form) -> None:
    (tmp_path / "a").write_bytes(encoded(clock(3, form.rate), form, channels=2))
    waveform = read_waveform(tmp_path / "a", RATE, "float64")
    assert waveform.dtype == "float64"
    assert len(waveform) / RATE == pytest.approx(3, abs=0.1)
    assert abs(start_error_ms(waveform[RATE : 2 * RATE], clock(3, RATE), 1)) < (50 if form.container == "asf" else 1)


def test_a_short_or_silent_recording_is_a_recording(tmp_path: Path) -> None:
    (tmp_path / "a.m4a").write_bytes(encoded(np.zeros(22_050), FORMS["m4a"]))
    assert len(read_waveform(tmp_path / "a.m4a", RATE)) == pytest.approx(22_050, abs=1100)


@pytest.mark.parametrize("text", ["#EXTM3U\n#EXTINF:10,\n{}\n", "ffconcat version 1.0\nfile '{}'\n"])
def test_a_list_that_is_called_like_audio_opens_no_other_file(tmp_path: Path, text: str) -> None:
    write_flac(tmp_path / "secret.flac", tone(1000, RATE), RATE)
    (tmp_path / "a.wav").write_text(text.format(tmp_path / "secret.flac"))
    assert reason(tmp_path / "a.wav") == "cannot be decoded as audio"


def test_unusable_files_have_their_reason(tmp_path: Path) -> None:
    assert reason(tmp_path / "missing.wav") == "No such file or directory"
    assert reason(tmp_path) == "cannot be decoded as audio"
    (tmp_path / "empty.wav").write_bytes(b"")
    assert reason(tmp_path / "empty.wav") == "the file is empty (0 bytes)"
    (tmp_path / "text.wav").write_text("a dog barks\n" * 100)
    assert reason(tmp_path / "text.wav") == "cannot be decoded as audio"
    soundfile.write(tmp_path / "header.wav", np.zeros(0), RATE)
    assert reason(tmp_path / "header.wav") == "holds no audio (0 samples)"
    soundfile.write(tmp_path / "short.wav", np.ones(1), 192_000)
    assert reason(tmp_path / "short.wav") == "too short for a sample at 44100 Hz"


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_samples_that_are_not_finite_are_refused(tmp_path: Path, value: float) -> None:
    waveform = tone(100, RATE)
    waveform[77] = value
    soundfile.write(tmp_path / "a.wav", waveform, RATE, subtype="FLOAT")
    assert reason(tmp_path / "a.wav") == "holds samples that are not finite (nan or infinity)"


def test_a_flac_that_breaks_off_is_refused(tmp_path: Path) -> None:
    write_flac(tmp_path / "a.flac", np.random.default_rng(0).uniform(-1, 1, RATE), RATE)
    content = (tmp_path / "a.flac").read_bytes()
    (tmp_path / "a.flac").write_bytes(content[: len(content) // 2])
    assert reason(tmp_path / "a.flac") == "cannot be decoded as audio"


@pytest.mark.parametrize("seconds", [4 * 3600 - 1, 4 * 3600 + 1])
def test_a_header_that_claims_hours_costs_nothing(tmp_path: Path, seconds: int) -> None:
    path = tmp_path / "a.flac"
    soundfile.write(path, np.zeros((RATE, 8)), RATE)
    content = bytearray(path.read_bytes())
    described = int.from_bytes(content[18:26], "big")  # rate, channels, bits, and in the last 36 bits the length
    content[18:26] = (described >> 36 << 36 | seconds * RATE).to_bytes(8, "big")
    path.write_bytes(content)
    assert reason(path) == ("longer than 4 hours" if seconds > 4 * 3600 else "cannot be decoded as audio")


def test_memory_that_a_header_asks_for_in_vain_is_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_memory(*_: object, **__: object) -> None:
        raise MemoryError

    soundfile.write(tmp_path / "a.wav", np.zeros(9), RATE)
    monkeypatch.setattr(soundfile.SoundFile, "read", no_memory)
    assert reason(tmp_path / "a.wav") == "cannot be decoded as audio"


def in_blocks(path: Path, sample_rate: int = 44_100) -> np.ndarray:
    return np.concatenate(list(read_blocks(path, sample_rate)))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("channels", [1, 2])
def test_blocks_are_the_recording_in_any_format(tmp_path, monkeypatch, form, channels):
    monkeypatch.setattr(audio, "SAMPLES_PER_BLOCK", 10_007)
    path = tmp_path / "recording"
    path.write_bytes(encoded(clock(3.21, FORMS[form].rate), FORMS[form], channels))
    whole, joined = read_waveform(path, 44_100), in_blocks(path)
    n = len(joined)
    assert len(whole) - 0.025 * 44_100 < n <= len(whole)  # fragments of MP4 list their end only at the beginning
    assert joined.dtype == np.float32
    np.testing.assert_allclose(joined, whole[:n], atol=1e-6)


@pytest.mark.parametrize("rate", [8000, 22_050, 44_100, 48_000, 96_000])
def test_blocks_are_resampled_as_the_whole_is(tmp_path, monkeypatch, rate):
    monkeypatch.setattr(audio, "SAMPLES_PER_BLOCK", 4001)
    soundfile.write(tmp_path / "a.wav", clock(2.0, rate), rate)
    np.testing.assert_allclose(in_blocks(tmp_path / "a.wav"), read_waveform(tmp_path / "a.wav", 44_100), atol=1e-6)


def test_no_block_is_longer_than_the_bound_however_long_or_wide_the_recording(tmp_path, monkeypatch):
    monkeypatch.setattr(audio, "SAMPLES_PER_BLOCK", 4000)
    soundfile.write(tmp_path / "a.wav", np.zeros((44_100, 8)), 44_100)
    assert {len(block) for block in read_blocks(tmp_path / "a.wav", 44_100)} == {500, 100}


@pytest.mark.parametrize("content", [b"", b"this is not audio", b"RIFF\xff\xff\xff\x7fWAVE"])
def test_what_cannot_be_read_at_once_cannot_be_read_in_blocks_for_the_same_reason(tmp_path, content):
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    with pytest.raises(AudioError) as at_once:
        read_waveform(path, 44_100)
    with pytest.raises(AudioError) as in_pieces:
        in_blocks(path)
    assert in_pieces.value.message == at_once.value.message


def test_blocks_with_samples_that_are_no_numbers_or_without_any_sample_are_refused(tmp_path):
    soundfile.write(tmp_path / "nan.wav", np.array([0.0, np.nan]), 44_100, subtype="FLOAT")
    with pytest.raises(AudioError, match="not finite"):
        in_blocks(tmp_path / "nan.wav")
    soundfile.write(tmp_path / "none.wav", np.zeros(0), 44_100)
    with pytest.raises(AudioError, match=r"holds no audio \(0 samples"):
        in_blocks(tmp_path / "none.wav")


def test_a_video_without_sound_says_so_in_blocks_too(tmp_path):
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream = container.add_stream("mpeg4", rate=5)
        stream.width = stream.height = 16
        container.mux(stream.encode(av.VideoFrame(16, 16, "yuv420p")))
        container.mux(stream.encode(None))
    with pytest.raises(AudioError, match="holds no audio track"):
        in_blocks(tmp_path / "a.mp4")


@pytest.mark.parametrize(
    ("rate", "channels", "subtype"),
    [(8_000, 1, "PCM_16"), (44_100, 8, "PCM_24"), (48_000, 2, "PCM_16"), (96_000, 6, "FLOAT"), (192_000, 2, "DOUBLE")],
)
def test_the_beginning_alone_is_the_beginning_of_all(tmp_path: Path, rate: int, channels: int, subtype: str) -> None:
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (2 * rate, channels))
    soundfile.write(tmp_path / "a.wav", noise, rate, subtype=subtype)
    whole = read_waveform(tmp_path / "a.wav", RATE)
    beginning = read_waveform(tmp_path / "a.wav", RATE, most_samples=RATE)
    assert beginning.dtype == np.float32
    np.testing.assert_allclose(beginning, whole[:RATE], rtol=0, atol=0 if rate == RATE else 1e-6)


def test_what_lies_beyond_the_beginning_is_not_looked_at(tmp_path: Path) -> None:
    waveform = tone(100, RATE, seconds=2)
    waveform[RATE + 1] = np.nan
    soundfile.write(tmp_path / "a.wav", waveform, RATE, subtype="FLOAT")
    assert len(read_waveform(tmp_path / "a.wav", RATE, most_samples=RATE)) == RATE
    assert reason(tmp_path / "a.wav") == "holds samples that are not finite (nan or infinity)"
