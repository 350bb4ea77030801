"""Recordings that tell the time: noise, whose place in the original is found to a fraction of a sample."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import scipy.signal
import soxr


@dataclass(frozen=True)
class Form:
    """A container with a codec, and how it is written."""

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
    """Noise below 6 kHz, the same at each rate but for its resampling. shape=(samples,)"""
    noise = np.random.default_rng(seed).standard_normal(round(seconds * 48_000))
    low = scipy.signal.butter(6, 6000 / 24_000, output="sos")
    quiet = 0.1 * scipy.signal.sosfilt(low, noise)
    return quiet if rate == 48_000 else soxr.resample(quiet, 48_000, rate)


def encoded(samples: np.ndarray, form: Form, channels: int = 1) -> bytes:
    """A file."""
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
    """By how much ``heard`` begins too early (negative) or too late within ``truth``, in ms.

    Looked for within ``near_s`` around ``start_s``; nan if it is not there.
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
