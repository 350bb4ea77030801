"""The spectrogram of a recording of any length, for display.

- :func:`picture_of_blocks`: samples, a block at a time -> features that can be drawn
- :class:`RecordingPicture`: features, the duration of a column, and mel bands; :func:`usual_bands`: the usual ones
- :func:`whole_picture`: the whole spectrogram as one strip
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
"""An hour at 20 ms; for a longer recording, several columns are merged into one with the maximum of each band."""

N_MELS = 80
_STRIP = 1200
_CHUNK_COLUMNS = 3000


@dataclass(frozen=True, eq=False)
class RecordingPicture:
    """Log-mel features (columns, bands) in dB, the duration of a column in seconds, and the mel bands."""

    features: np.ndarray
    column_s: float
    bands: Bands


def usual_bands(sample_rate: int) -> Bands:
    """Return the mel bands of pictures that are made from samples: from 0 Hz to half the sample rate."""
    return Bands(0.0, sample_rate / 2, N_MELS)


def picture_of_blocks(blocks: Iterable[np.ndarray], sample_rate: int, duration: float) -> RecordingPicture:
    """Compute the spectrogram of a recording.

    Parameters
    ----------
    blocks : iterable of ndarray [shape=(samples,)]
        Consecutive blocks of a mono waveform.
    sample_rate : int
        Sample rate in Hz.
    duration : float
        Approximate total duration of the blocks in seconds; it determines how many columns are merged into one.
    """
    hop = max(1, round(COLUMN_S * sample_rate))
    together = max(1, int(np.ceil(duration / (COLUMN_S * MOST_COLUMNS))))
    columns = [_loudest(chunk, together) for chunk in _mel_chunks(blocks, sample_rate, hop, together)]
    features = np.concatenate(columns) if columns else np.zeros((0, N_MELS), np.float32)
    return RecordingPicture(features, together * hop / sample_rate, usual_bands(sample_rate))


def _mel_chunks(blocks: Iterable[np.ndarray], sample_rate: int, hop: int, together: int) -> Iterator[np.ndarray]:
    """Yield features, ``together`` minutes at a time; windows at the edges include samples of the neighbouring chunks.

    ``hop`` is in samples; ``together`` is the number of columns that will be merged into one.
    """
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
    """Return the maximum of each band over every ``together`` columns; the last group may be smaller."""
    if together == 1:
        return features
    return np.maximum.reduceat(features, np.arange(0, len(features), together), axis=0)


def whole_picture(picture: RecordingPicture, decibels: tuple[float, float]) -> str:
    """Return the whole spectrogram, at most 1,200 columns wide, as a data URI."""
    strip = _loudest(picture.features, max(1, -(-len(picture.features) // _STRIP)))
    [whole] = pictures_of(strip, decibels, 1.0)
    return whole.src
