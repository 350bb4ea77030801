"""Encoded noise, whose place in the original recording can be found to a fraction of a sample."""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import scipy.signal
import soundfile
import soxr


@dataclass(frozen=True)
class Form:
    """A container with a codec, and the options with which it is written."""

    container: str
    codec: str
    rate: int
    options: dict[str, str] = field(default_factory=dict)


FORMS = {
    "webm, a cue each 10 s": Form(
        "webm", "libopus", 48_000, {"cluster_time_limit": "10000", "cluster_size_limit": "50000000"}
    ),
    "webm, no duration, no cues": Form("webm", "libopus", 48_000, {"live": "1"}),
    "m4a": Form("ipod", "aac", 44_100),
    "m4a, index first": Form("ipod", "aac", 44_100, {"movflags": "faststart"}),
    "m4a, fragments": Form(
        "mp4", "aac", 44_100, {"movflags": "dash+global_sidx+delay_moov", "frag_duration": "5000000"}
    ),
    "mp3": Form("mp3", "libmp3lame", 44_100),
    "ogg opus": Form("ogg", "libopus", 48_000),
    "wav": Form("wav", "pcm_s16le", 44_100),
    "flac": Form("flac", "flac", 48_000),
}


def clock(seconds: float, rate: int, seed: int = 0) -> np.ndarray:
    """Return noise below 6 kHz, the same at each sample rate except for the resampling. shape=(samples,)"""
    noise = np.random.default_rng(seed).standard_normal(round(seconds * 48_000))
    low = scipy.signal.butter(6, 6000 / 24_000, output="sos")
    quiet = 0.1 * scipy.signal.sosfilt(low, noise)
    return quiet if rate == 48_000 else soxr.resample(quiet, 48_000, rate)


def encoded(samples: np.ndarray, form: Form, channels: int = 1) -> bytes:
    """Return samples as an encoded file."""
    layout = "mono" if channels == 1 else "stereo"
    with (
        tempfile.TemporaryDirectory() as folder,
        av.open(f"{folder}/audio", "w", format=form.container, options=form.options) as container,
    ):
        stream = container.add_stream(form.codec, rate=form.rate, layout=layout)
        if not form.codec.startswith(("pcm", "flac")):
            stream.bit_rate = 96_000
        whole = np.rint(np.clip(samples, -1, 1) * 32_767).astype(np.int16)
        step = form.rate // 10
        for at in range(0, len(whole), step):
            piece = np.repeat(whole[at : at + step], channels)[None]
            frame = av.AudioFrame.from_ndarray(piece, format="s16", layout=layout)
            frame.sample_rate, frame.pts, frame.time_base = form.rate, at, Fraction(1, form.rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        container.close()
        return Path(folder, "audio").read_bytes()


def start_error_ms(
    heard: np.ndarray, truth: np.ndarray, start_s: float, rate: int = 44_100, near_s: float = 1.5
) -> float:
    """Return by how much ``heard`` begins too early (negative) or too late within ``truth``, in ms.

    It is searched for within ``near_s`` around ``start_s``; nan if it is not found.
    """
    margin = round(near_s * rate)
    begin = round(start_s * rate)
    around = np.pad(truth, margin)[begin : begin + len(heard) + 2 * margin]
    matches = scipy.signal.correlate(around, heard, mode="valid", method="fft")
    best = int(np.argmax(matches))
    if np.corrcoef(around[best : best + len(heard)], heard)[0, 1] < 0.5:
        return float("nan")
    before, peak, after = matches[best - 1 : best + 2]
    shift = 0.5 * (before - after) / (before - 2 * peak + after)
    return float(1000 * (best + shift - margin) / rate)


ENCODINGS = {
    "wav 16 bit": ("wav", "-c:a pcm_s16le"),
    "wav 8 bit": ("wav", "-c:a pcm_u8"),
    "wav 24 bit": ("wav", "-c:a pcm_s24le"),
    "wav 32 bit": ("wav", "-c:a pcm_s32le"),
    "wav float": ("wav", "-c:a pcm_f32le"),
    "wav double": ("wav", "-c:a pcm_f64le"),
    "wav A-law": ("wav", "-c:a pcm_alaw"),
    "wav mu-law": ("wav", "-c:a pcm_mulaw"),
    "wav MS ADPCM": ("wav", "-c:a adpcm_ms"),
    "wav IMA ADPCM": ("wav", "-c:a adpcm_ima_wav"),
    "wav G.726": ("wav", "-c:a adpcm_g726 -ar 8000 -ac 1"),
    "wav G.722": ("wav", "-c:a g722 -ar 16000 -ac 1"),
    "rf64": ("wav", "-c:a pcm_s16le -rf64 always"),
    "w64": ("w64", "-c:a pcm_s16le"),
    "aiff 16 bit": ("aiff", "-c:a pcm_s16be"),
    "aiff 24 bit": ("aiff", "-c:a pcm_s24be"),
    "caf 16 bit": ("caf", "-c:a pcm_s16be"),
    "caf ALAC": ("caf", "-c:a alac"),
    "caf Opus": ("caf", "-c:a libopus"),
    "au": ("au", "-c:a pcm_s16be"),
    "voc": ("voc", "-c:a pcm_u8"),
    "ircam": ("ircam", "-c:a pcm_s16le -f ircam"),
    "sox": ("sox", "-c:a pcm_s32le"),
    "flac": ("flac", "-c:a flac"),
    "flac in Ogg": ("oga", "-c:a flac -f ogg"),
    "Ogg Vorbis": ("ogg", "-c:a libvorbis"),
    "Ogg Opus": ("opus", "-c:a libopus"),
    "Ogg Speex": ("ogg", "-c:a libspeex -ar 16000 -ac 1"),
    "webm Opus": ("webm", "-c:a libopus"),
    "webm Vorbis": ("webm", "-c:a libvorbis"),
    "Matroska FLAC": ("mka", "-c:a flac"),
    "Matroska 16 bit": ("mka", "-c:a pcm_s16le"),
    "Matroska AC-3": ("mkv", "-c:a ac3 -ar 48000"),
    "mp3 constant": ("mp3", "-c:a libmp3lame -b:a 128k"),
    "mp3 variable": ("mp3", "-c:a libmp3lame -q:a 4"),
    "mp3 variable, no Xing": ("mp3", "-c:a libmp3lame -q:a 4 -write_xing 0"),
    "mp3 average, no Xing": ("mp3", "-c:a libmp3lame -abr 1 -b:a 96k -write_xing 0"),
    "mp2": ("mp2", "-c:a mp2 -ar 44100"),
    "m4a AAC": ("m4a", "-c:a aac"),
    "m4a ALAC": ("m4a", "-c:a alac"),
    "mp4 AAC, fragments": ("mp4", "-c:a aac -movflags frag_keyframe+empty_moov -frag_duration 2000000"),
    "AAC, ADTS": ("aac", "-c:a aac -f adts"),
    "MPEG transport stream": ("ts", "-c:a aac -f mpegts"),
    "flv AAC": ("flv", "-c:a aac -ar 44100"),
    "mov 16 bit": ("mov", "-c:a pcm_s16le"),
    "wma": ("wma", "-c:a wmav2 -ar 44100"),
    "AC-3": ("ac3", "-c:a ac3 -ar 48000"),
    "E-AC-3": ("eac3", "-c:a eac3 -ar 48000"),
    "WavPack": ("wv", "-c:a wavpack"),
    "True Audio": ("tta", "-c:a tta"),
    "avi 16 bit": ("avi", "-c:a pcm_s16le"),
    "avi MP3": ("avi", "-c:a libmp3lame"),
    "nut": ("nut", "-c:a pcm_s16le"),
}
"""Suffix and options of FFmpeg, by name. All files contain the same recording, apart from what encoding loses."""

EXCESS_S = {
    "wav IMA ADPCM": 0.07,
    "mp3 variable, no Xing": 0.1,
    "mp3 average, no Xing": 0.1,
    "avi MP3": 0.1,
    "mp4 AAC, fragments": 0.07,
    "AAC, ADTS": 0.15,
    "MPEG transport stream": 0.15,
}
"""Seconds by which a file may be longer: what an encoder adds before and after the sound without giving its length."""


def encode_all(samples: np.ndarray, rate: int, folder: Path) -> dict[str, Path]:
    """Write the same recording in every encoding that the ``ffmpeg`` of this machine has; return the paths by name.

    Parameters
    ----------
    samples : np.ndarray [shape=(samples,)]
    rate : int
    folder : Path
        Folder of the files, which are named ``<number>.<suffix>``.
    """
    known = subprocess.run(["ffmpeg", "-hide_banner", "-encoders"], capture_output=True, text=True, check=True).stdout
    source = folder / "source.wav"
    soundfile.write(source, np.stack([samples, samples], axis=1), rate)
    command, made = ["ffmpeg", "-v", "error", "-y", "-i", str(source)], {}
    for number, (name, (suffix, options)) in enumerate(ENCODINGS.items()):
        if f" {options.split()[1]} " in known:
            made[name] = folder / f"{number}.{suffix}"
            command += [*options.split(), str(made[name])]
    subprocess.run(command, check=True)
    return made
