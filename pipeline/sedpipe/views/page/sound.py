"""Waveforms -> MP3, the smallest sound that every browser plays, in the quality that a page has room for.

- :func:`encode_mp3`: a mono waveform -> the bytes of a file, from the first sample to the last
- :class:`Quality`, :data:`QUALITIES`, :func:`best_quality`: how many bytes a second of it takes

Ogg (Vorbis, Opus) is smaller, but silent in many a Safari; AAC in some Firefox and Chromium. The file says how many
samples the encoder put before and behind, so that players keep time with the picture.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Quality:
    """Sample rate in Hz and bits a second, constant, so that a player finds every moment by counting bytes."""

    sample_rate: int
    bits_per_second: int

    def bytes_of(self, seconds: float) -> int:
        """About how long a file of so many seconds is."""
        return round(seconds * self.bits_per_second / 8)


QUALITIES = (Quality(44_100, 48_000), Quality(24_000, 32_000), Quality(22_050, 24_000), Quality(16_000, 16_000))
"""The best first. The last is a telephone call's, and still tells a dog from a cat."""


_QUICKLY = {"compression_level": "7"}  # of LAME's 0 to 9: in two fifths of the time, as many bytes


def best_quality(seconds: float, most_bytes: float) -> Quality | None:
    """The best in which so many seconds fit into so many bytes; None if they fit in none.

    >>> best_quality(600, 2_000_000).bits_per_second
    24000
    """
    return next((quality for quality in QUALITIES if quality.bytes_of(seconds) <= most_bytes), None)


def encode_mp3(blocks: Iterable[np.ndarray], quality: Quality) -> bytes:
    """Bytes of an MP3 file.

    Parameters
    ----------
    blocks : iterable of ndarray [shape=(samples,)]
        A mono waveform at the quality's rate, about [-1, 1], in pieces of any length; louder samples are cut.
    quality : Quality

    Returns
    -------
    bytes
        Always the same for the same samples, however they are cut into blocks.
    """
    import av  # FFmpeg's libraries; only who needs them pays

    file = io.BytesIO()
    with av.open(file, "w", format="mp3") as container:
        stream = container.add_stream(
            "libmp3lame", rate=quality.sample_rate, layout="mono", bit_rate=quality.bits_per_second, options=_QUICKLY
        )
        n_samples = 0
        for block in blocks:
            samples = np.ascontiguousarray(np.clip(block, -1, 1), dtype=np.float32)[None]
            frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
            frame.sample_rate, frame.pts = quality.sample_rate, n_samples
            n_samples += samples.shape[1]
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()
