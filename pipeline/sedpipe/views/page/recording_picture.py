"""The spectrogram of a recording of any length, for the eye.

- :func:`picture_of_blocks`: samples, a block at a time -> features that can be drawn
- :class:`RecordingPicture`: features, how many seconds a column of them is, and :func:`usual_bands`
- :func:`whole_picture`: all of it in a strip
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from sedpipe.features.logmel import LogMelConfig, log_mel
from sedpipe.views.page.pictures import pictures_of
from sedpipe.views.page.spectrogram import Bands

COLUMN_S = 0.02
MOST_COLUMNS = 180_000
"""An hour of 20 ms; of a longer recording, several columns become one, which shows the loudest."""

N_MELS = 80
_STRIP = 1200
_CHUNK_COLUMNS = 3000


@dataclass(frozen=True, eq=False)
class RecordingPicture:
    """Log-mel features (columns, bands) in dB, the seconds of a column, and the bands."""

    features: np.ndarray
    column_s: float
    bands: Bands


def usual_bands(sample_rate: int) -> Bands:
    """Those of pictures that are made of samples, up to half their rate."""
    return Bands(0.0, sample_rate / 2, N_MELS)


def picture_of_blocks(blocks: Iterable[np.ndarray], sample_rate: int, duration: float) -> RecordingPicture:
    """Features of a recording.

    Parameters
    ----------
    blocks : iterable of ndarray [shape=(samples,)]
        Mono.
    sample_rate : int
        Hz.
    duration : float
        Seconds that the blocks last together, about; decides how many columns become one.
    """
    hop = max(1, round(COLUMN_S * sample_rate))
    together = max(1, int(np.ceil(duration / (COLUMN_S * MOST_COLUMNS))))
    columns = [_loudest(chunk, together) for chunk in _mel_chunks(blocks, sample_rate, hop, together)]
    features = np.concatenate(columns) if columns else np.zeros((0, N_MELS), np.float32)
    return RecordingPicture(features, together * hop / sample_rate, usual_bands(sample_rate))


def _mel_chunks(blocks: Iterable[np.ndarray], sample_rate: int, hop: int, together: int) -> Iterator[np.ndarray]:
    """Features of a minute at a time, its neighbours' edges being heard in the windows at its own."""
    margin = 2  # columns: a window reaches no further
    n_columns = _CHUNK_COLUMNS * together
    n_fft = max(2048, 1 << (2 * hop - 1).bit_length())
    config = LogMelConfig(sample_rate, 2 * hop, hop, n_fft, n_columns + 2 * margin, N_MELS)
    held, before = np.zeros(0, np.float32), 0
    for block in blocks:
        held = np.concatenate([held, block])
        while len(held) >= (before + n_columns + margin) * hop:
            features, _ = log_mel(held[: (before + n_columns + margin) * hop], config)
            yield features[before : before + n_columns]
            held, before = held[(before + n_columns - margin) * hop :], margin
    if len(held) > before * hop:
        features, n_frames = log_mel(held, config)
        yield features[before:n_frames]


def _loudest(features: np.ndarray, together: int) -> np.ndarray:
    """The loudest of each ``together`` columns; the last may be of fewer."""
    if together == 1:
        return features
    return np.maximum.reduceat(features, np.arange(0, len(features), together), axis=0)


def whole_picture(picture: RecordingPicture, decibels: tuple[float, float]) -> str:
    """All of it, at most some 1,200 columns wide, as an address."""
    strip = _loudest(picture.features, max(1, -(-len(picture.features) // _STRIP)))
    [whole] = pictures_of(strip, decibels, 1.0)
    return whole.src
