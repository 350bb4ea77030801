"""How loud and how wide recordings are, and whether one lies outside of what a model was trained on.

A network takes the microphone for a part of the sound: one that has heard full bandwidth alone is deaf to a telephone's
8 kHz, and one that has heard loud recordings to faint ones. It cannot tell so itself, but samples can.

- :class:`Extent`: level and bandwidth of one recording, heard in pieces
- :class:`Familiar`: the least of both in training; :meth:`Familiar.remarks` of a recording

What a recording contains is told from the noise of rounding by a level that is the same for all. One that is quieter
than all of training would have little above that level, whatever its bandwidth: it is judged as if it were amplified.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

FRAME_S = 0.023
FAINTEST_DB = -98.0
"""Of full scale, a bin: twice the noise of rounding to 16 bits. What is fainter is no sound of the recording."""

OFTEN = 0.2
"""Share of the frames in which anything is heard."""

FEWEST_FRAMES = 10
"""In which anything is heard, for a remark on bandwidth: what sounds for less than a quarter of a second has its own
few frequencies, through any microphone."""

NARROW, RARE = 0.62, 0.01
"""Share of training's bandwidth below which a recording is narrow: resampling to half the rate leaves 0.5 and a slope,
coders of music leave 0.7. And how many of the training clips may be fainter or narrower than what counts as the least.
What they come to on recordings that no model was trained on is told by ``benchmarks/microphones.py``."""

LOUD_DB = -10.0
"""What loud recordings reach: a quiet one is amplified to it before its bandwidth is judged."""

_BANDS = 64
_BATCH = 2**12  # frames that are transformed at once
# by which a recording may be quieter or louder than it is while its bandwidth is judged
_GAINS_DB = np.arange(-60, 101)
_LEAST_POWERS = 10 ** ((FAINTEST_DB - _GAINS_DB[::-1]) / 10)  # of a bin that is heard then, ascending


class Extent:
    """Level and bandwidth of a recording.

    Parameters
    ----------
    sample_rate : int
        Hz, of the samples.

    Examples
    --------
    >>> extent = Extent(16_000)
    >>> extent.hear(np.sin(2 * np.pi * 1000 / 16_000 * np.arange(16_000)))
    >>> round(extent.loudest_db), round(extent.bandwidth_hz)
    (-3, 2125)
    """

    def __init__(self, sample_rate: int) -> None:
        self.sample_rate = sample_rate
        self._length = 2 ** max(7, round(np.log2(FRAME_S * sample_rate)))
        self._window = np.hanning(self._length)
        # frames in which each band, and in the last row the loudest of them, exceeds so many of the least powers
        self._n_exceeding = np.zeros((_BANDS + 1, len(_LEAST_POWERS) + 1), int)
        self._loudest = 0.0
        self._left = np.zeros(0)

    def hear(self, samples: np.ndarray) -> None:
        """Take the next samples (any number,), in [-1, 1]."""
        joined = np.concatenate([self._left, samples])
        n_whole = len(joined) // self._length
        self._left = joined[n_whole * self._length :]
        frames = joined[: n_whole * self._length].reshape(n_whole, self._length)
        for first in range(0, n_whole, _BATCH):
            some = frames[first : first + _BATCH]
            self._loudest = max(self._loudest, float(np.square(some).mean(axis=1).max()))
            spectra = np.fft.rfft(some * self._window)[:, 1:]
            power = (spectra.real**2 + spectra.imag**2) / np.square(self._window).sum()
            of_bands = power.reshape(len(some), _BANDS, -1).mean(axis=2)
            n_exceeded = np.searchsorted(_LEAST_POWERS, np.column_stack([of_bands, of_bands.max(axis=1)]))
            np.add.at(self._n_exceeding, (np.arange(_BANDS + 1), n_exceeded), 1)

    @property
    def loudest_db(self) -> float:
        """Mean power of the loudest frame of 23 ms, in dB of full scale."""
        return float(10 * np.log10(self._loudest + 1e-20))

    @property
    def bandwidth_hz(self) -> float:
        """:meth:`bandwidth_at` of the recording as it is."""
        return self.bandwidth_at(0.0)

    def bandwidth_at(self, gain_db: float) -> float:
        """Upper edge of the highest of 64 bands that is heard often enough; 0 where there is none.

        A click has all frequencies, and so have samples that were cut off at full scale: therefore no single frames.

        Parameters
        ----------
        gain_db : float
            By which the recording is louder than it is, -60 to 100 and rounded to whole dB.
        """
        n_heard = self._n_frames_heard(gain_db)
        often = np.flatnonzero(n_heard[:-1] > OFTEN * n_heard[-1])
        return float(often[-1] + 1) * self.sample_rate / 2 / _BANDS if len(often) else 0.0

    def is_enough_at(self, gain_db: float) -> bool:
        """Whether enough is heard for a bandwidth that tells of the microphone and not of the sound."""
        return bool(self._n_frames_heard(gain_db)[-1] >= FEWEST_FRAMES)

    def _n_frames_heard(self, gain_db: float) -> np.ndarray:
        """Frames (65,) in which each band is heard, and last those in which anything is."""
        gain = int(np.clip(round(gain_db), _GAINS_DB[0], _GAINS_DB[-1]))
        return np.asarray(self._n_exceeding[:, 1 + _GAINS_DB[-1] - gain :].sum(axis=1))


@dataclass(frozen=True)
class Familiar:
    """The least that a model has heard in training.

    Parameters
    ----------
    quietest_db : float
        Level of all but the faintest 1 % of the training clips, dB of full scale.
    narrowest_hz : float
        Bandwidth of all but the narrowest 1 %.

    Raises
    ------
    ValueError
        If a value is no finite number.
    """

    quietest_db: float
    narrowest_hz: float

    def __post_init__(self) -> None:
        for name in ("quietest_db", "narrowest_hz"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
                raise ValueError(f"{name} must be a finite number, got {value!r}")

    @classmethod
    def of(cls, extents: Sequence[Extent], *, quieter_db: float = 0.0, any_width: bool = False) -> Familiar:
        """From those of training clips.

        Parameters
        ----------
        extents : sequence of Extent
            At least one.
        quieter_db : float
            By how much training itself made clips quieter.
        any_width : bool
            Whether it also cut their bandwidth.
        """
        levels = [extent.loudest_db - quieter_db for extent in extents]
        widths = [0.0 if any_width else extent.bandwidth_at(-quieter_db) for extent in extents]
        return cls(round(float(np.quantile(levels, RARE)), 1), round(float(np.quantile(widths, RARE)), 1))

    def remarks(self, extent: Extent) -> list[str]:
        r"""In what a recording lies outside: a sentence each.

        >>> faint = Extent(8000)
        >>> faint.hear(1e-4 * np.random.default_rng(0).standard_normal(8000))
        >>> print(Familiar(-40.0, 4000.0).remarks(faint)[0].replace(": ", ":\n"))
        quieter than the recordings that the model was trained on:
        its loudest moment is at -79 dB, theirs at -40 dB or more
        """
        said, gain_db = [], 0.0
        if extent.loudest_db < self.quietest_db:
            gain_db = max(0.0, LOUD_DB - extent.loudest_db)
            said.append(
                "quieter than the recordings that the model was trained on: its loudest moment is at "
                f"{extent.loudest_db:.0f} dB, theirs at {self.quietest_db:.0f} dB or more"
            )
        width = extent.bandwidth_at(gain_db)
        if width < NARROW * self.narrowest_hz and extent.is_enough_at(gain_db):
            said.append(
                f"nothing above {width / 1000:.1f} kHz in it, and the recordings that the model was trained on reach "
                f"at least {self.narrowest_hz / 1000:.1f} kHz"
            )
        return said
