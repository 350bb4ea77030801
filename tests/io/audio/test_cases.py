"""Small reconstructions of recordings that were read wrongly, rejected although intact, or stopped a whole folder."""

import io
import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from encoded import FORMS, Form, clock, encoded, start_error_ms
from sedpipe.failures import FailedClipError
from sedpipe.io.audio.cut import cut
from sedpipe.io.audio.survey import survey
from sedpipe.io.audio.waveforms import Recording, read_waveform

RATE = 16_000
NOISE = clock(12.0, RATE)


def wav(samples: np.ndarray = NOISE, rate: int = RATE, form: str = "WAV", subtype: str = "PCM_16") -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format=form, subtype=subtype)
    return file.getvalue()


def mp3(samples: np.ndarray = NOISE, **options: str) -> bytes:
    return encoded(samples, Form("mp3", "libmp3lame", RATE, options))


def flac_of_unknown_length() -> bytes:
    content = bytearray(wav(form="FLAC"))
    described = int.from_bytes(content[18:26], "big")
    content[18:26] = (described >> 36 << 36).to_bytes(8, "big")
    return bytes(content)


def flac_in_ogg() -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format="ogg") as container:
        stream = container.add_stream("flac", rate=RATE, layout="mono")
        whole = np.rint(NOISE * 32_767).astype(np.int16)[None]
        for at in range(0, whole.shape[1], 4096):
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(whole[:, at : at + 4096]), "s16", "mono")
            frame.sample_rate, frame.pts, frame.time_base = RATE, at, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()


def streamed_caf() -> bytes:
    content = wav(form="CAF")
    at = content.index(b"data") + 4
    return content[:at] + struct.pack(">q", -1) + content[at + 8 : at + 12 + 2 * len(NOISE)]


def never_finished() -> bytes:
    content = wav()
    return content[:4] + bytes(4) + content[8:40] + bytes(4) + content[44:]


def chained(form: str) -> bytes:
    return encoded(NOISE[: 6 * RATE], FORMS[form]) + encoded(NOISE[6 * RATE :], FORMS[form])


WHOLE: dict[str, tuple[Callable[[], bytes], float, str]] = {
    "01 MP3, variable, no Xing header": (lambda: mp3(write_xing="0", abr="1"), 12.0, ""),
    "01 two MP3s joined": (lambda: mp3() + mp3(), 24.0, ""),
    "02 FLAC in Ogg": (flac_in_ogg, 12.0, ""),
    "02 streamed CAF": (streamed_caf, 12.0, ""),
    "03 FLAC of unknown length": (flac_of_unknown_length, 12.0, ""),
    "03 FLACs joined": (lambda: wav(form="FLAC") * 2, 24.0, ""),
    "03 Ogg Vorbis files joined": (lambda: wav(form="OGG", subtype="VORBIS") * 2, 24.0, ""),
    "04 WAV whose header was never finished": (never_finished, 12.0, "header"),
    "04 WAVs joined": (lambda: wav() * 2, 24.0, "joined"),
}


@pytest.mark.parametrize("case", WHOLE)
def test_an_intact_recording_is_read_completely_by_every_reader(tmp_path: Path, case: str) -> None:
    make, seconds, remark = WHOLE[case]
    path = tmp_path / "a"
    path.write_bytes(make())
    recording = Recording(path)
    blocks = np.concatenate(list(recording.resampled(RATE)))
    piece = cut(path, 0.0, 60.0, RATE)
    at_once = read_waveform(path, RATE)
    lengths = [len(samples) / RATE for samples in (blocks, piece.samples, at_once)]
    assert max(lengths) - min(lengths) < 0.05
    assert lengths[0] == pytest.approx(seconds, abs=0.2 if "MP3" in case else 0.05)
    assert [name for name, _ in recording.remarks] == ([remark] if remark else [])
    assert abs(start_error_ms(blocks[RATE : 9 * RATE], NOISE, 1.0, RATE)) < 80
    if seconds > 12:
        assert abs(start_error_ms(blocks[14 * RATE : 20 * RATE], NOISE, 2.0, RATE)) < 200


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "06 a header that says 1 Hz": (lambda: wav(rate=1), "absurd-rate"),
    "06 a header that says 2 GHz": (lambda: wav()[:24] + struct.pack("<I", 2**31 - 1) + wav()[28:], "absurd-rate"),
    "07 channels cancel each other": (lambda: wav(np.stack([NOISE, -NOISE], 1), form="FLAC"), "channels-cancel"),
    "08 integers stored as floats": (lambda: wav(NOISE * 30_000, subtype="FLOAT"), "beyond-full-scale"),
    "a few samples": (lambda: wav(NOISE[:10]), "too-short"),
    "a header alone": (lambda: wav(NOISE[:0]), "too-short"),
    "nothing": (bytes, "undecodable"),
    "a web page": (lambda: b"<!doctype html><html>sorry</html>" * 9, "undecodable"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_an_unusable_recording_is_rejected_by_every_reader_for_the_same_reason(tmp_path: Path, case: str) -> None:
    make, reason = REFUSED[case]
    path = tmp_path / "a.wav"
    path.write_bytes(make())
    doors = (
        lambda: list(Recording(path).resampled(44_100)),
        lambda: read_waveform(path, 44_100),
        lambda: cut(path, 0.0, 10.0, 44_100),
    )
    for door in doors:
        with pytest.raises(FailedClipError) as caught:
            door()
        assert caught.value.failure.reason == reason
        assert caught.value.message.startswith(f"{path}: ")


def test_silence_is_an_error_in_labelled_audio_and_a_remark_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(wav(0 * NOISE)[:-RATE])  # the remark about the header follows the one about silence
    recording = Recording(path)
    assert sum(map(len, recording.blocks())) == len(NOISE) - RATE // 2
    assert [name for name, _ in recording.remarks] == ["silent", "truncated"]
    assert survey(path).is_silent
    for door in (lambda: read_waveform(path, RATE), lambda: cut(path, 0.0, 10.0, RATE)):
        with pytest.raises(FailedClipError, match=f"{path}: silent"):
            door()
