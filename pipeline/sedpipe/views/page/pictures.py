"""Spectrograms as small images inside a page.

- :class:`Picture`: start and end in seconds, and the image as a data URI
- :func:`pictures_of`: features of any length -> one picture, or several side by side
- :func:`data_uri`: bytes as a data URI
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import pairwise

import numpy as np

from sedpipe.views.page.spectrogram import PALETTE, palette_indices
from sedpipe.views.png import encode_png

MOST_COLUMNS = 3000
"""Largest width of one picture: a minute at 20 ms. Browsers decode an image as a whole; small ones scroll better."""

_WEBP_QUALITY = "75"  # a quarter of the bytes of a PNG; compared side by side, they differ visibly only in noise


@dataclass(frozen=True)
class Picture:
    """The spectrogram of a stretch of time: its start and end in seconds, and the image as a data URI."""

    start: float
    end: float
    src: str


def data_uri(kind: str, content: bytes) -> str:
    """Return bytes as a data URI: an address that contains them."""
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def pictures_of(features: np.ndarray, decibels: tuple[float, float], duration: float) -> list[Picture]:
    """Return pictures of log-mel features, one after the other.

    Parameters
    ----------
    features : ndarray [shape=(T, F)]
        Log-mel features in dB, in frames of equal length.
    decibels : tuple of two floats
        Levels in dB that are drawn darkest and brightest.
    duration : float
        Duration of the T frames together, in seconds.
    """
    indices = palette_indices(features, decibels)
    n_frames = len(features)
    bounds = [*range(0, n_frames, MOST_COLUMNS), n_frames]
    return [
        Picture(
            round(duration * first / n_frames, 4),
            round(duration * last / n_frames, 4),
            _picture(indices[:, first:last]),
        )
        for first, last in pairwise(bounds)
    ]


def _picture(indices: np.ndarray) -> str:
    indices = np.ascontiguousarray(indices)
    if not _has_webp():
        return data_uri("image/png", encode_png(indices, PALETTE))
    return data_uri("image/webp", _webp(PALETTE[indices]))


@cache
def _has_webp() -> bool:
    """Return whether this FFmpeg was built with libwebp."""
    import av

    return "libwebp" in av.codecs_available


def _webp(pixels: np.ndarray) -> bytes:
    """Encode red, green and blue pixels (height, width, 3) as WebP."""
    import av

    codec = av.VideoCodecContext.create("libwebp", "w")
    codec.height, codec.width = pixels.shape[:2]
    codec.pix_fmt, codec.time_base = "yuv420p", Fraction(1)
    codec.options = {"quality": _WEBP_QUALITY}
    frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format="yuv420p")
    return b"".join(bytes(packet) for some in (frame, None) for packet in codec.encode(some))
