"""Waveforms -> MP3, the smallest format that every browser plays, in the quality that a page has room for.

- :func:`encode_mp3`: a mono waveform -> the bytes of a file, from the first sample to the last
- :class:`Quality`, :data:`QUALITIES`, :func:`best_quality`: sample rates and bit rates, and the best that fits

Ogg (Vorbis, Opus) is smaller, but many versions of Safari do not play it; some versions of Firefox and Chromium do not
play AAC. The file records how many samples of padding the encoder added at its start and end, so that players stay in
sync with the spectrogram.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Quality:
    """Sample rate in Hz and bits per second; the bit rate is constant, so that players can seek by counting bytes."""

    sample_rate: int
    bits_per_second: int

    def bytes_of(self, seconds: float) -> int:
        """Return the approximate size in bytes of a file with this duration."""
        return round(seconds * self.bits_per_second / 8)


QUALITIES = (Quality(44_100, 48_000), Quality(24_000, 32_000), Quality(22_050, 24_000), Quality(16_000, 16_000))
"""The best quality first. The last is that of a telephone call, which is enough to tell a dog from a cat."""


_QUICKLY = {"compression_level": "7"}  # LAME's range is 0 to 9: two fifths of the time for the same number of bytes


def best_quality(seconds: float, most_bytes: float) -> Quality | None:
    """Return the best quality in which so many seconds take at most ``most_bytes``; None if there is none.

    >>> best_quality(600, 2_000_000).bits_per_second
    24000
    """
    return next((quality for quality in QUALITIES if quality.bytes_of(seconds) <= most_bytes), None)


def encode_mp3(blocks: Iterable[np.ndarray], quality: Quality) -> bytes:
    """Encode a waveform as the bytes of an MP3 file.

    Parameters
    ----------
    blocks : iterable of ndarray [shape=(samples,)]
        A mono waveform at the sample rate of ``quality``, in blocks of any length; samples are clipped to [-1, 1].
    quality : Quality

    Returns
    -------
    bytes
        Always the same for the same samples, however they are divided into blocks.
    """
    import av  # FFmpeg's libraries, imported only when they are needed, since that takes time

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
