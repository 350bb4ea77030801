"""Level and bandwidth of recordings, and whether a recording lies outside of what a model was trained on.

A network takes the microphone for a part of the sound: one trained only on full bandwidth misses events in recordings
with a telephone's 8 kHz, and one trained only on loud recordings misses those in faint ones. Its output does not show
this, but the samples do.

- :class:`Extent`: level and bandwidth of one recording, read in pieces
- :class:`Familiar`: the lowest of both in training; :meth:`Familiar.remarks` compares a recording with them

Sound is distinguished from rounding noise by a level that is the same for all recordings. A recording that is quieter
than all of training would have little above that level, whatever its bandwidth: it is judged as if it were amplified.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

FRAME_S = 0.023
FAINTEST_DB = -98.0
"""Level of a bin, dB of full scale: twice the noise of rounding to 16 bits. Anything fainter is no sound."""

OFTEN = 0.2
"""A band counts for the bandwidth if it has sound in more than this share of the frames that have any sound."""

FEWEST_FRAMES = 10
"""Fewest frames with any sound for a remark on bandwidth: a sound of less than a quarter of a second has only its own
few frequencies, through any microphone."""

NARROW, RARE = 0.62, 0.01
"""``NARROW``: share of training's bandwidth below which a recording is narrow: resampling to half the rate leaves 0.5
and a slope, music codecs leave 0.7. ``RARE``: share of the training clips that may be fainter or narrower than the
limits in :class:`Familiar`. ``benchmarks/microphones.py`` measures their effect on recordings that no model was trained
on."""

LOUD_DB = -10.0
"""Level that loud recordings reach: a quiet one is amplified to it before its bandwidth is judged."""

_BANDS = 64
_BATCH = 2**12  # frames that are transformed at a time
# gains with which the bandwidth of a recording can be judged
_GAINS_DB = np.arange(-60, 101)
_LEAST_POWERS = 10 ** ((FAINTEST_DB - _GAINS_DB[::-1]) / 10)  # of a bin that counts at each gain, ascending


class Extent:
    """Level and bandwidth of a recording.

    Parameters
    ----------
    sample_rate : int
        Sample rate in Hz.

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
        # rows: bands, and last the loudest band of a frame; columns: number of least powers exceeded; values: frames
        self._n_exceeding = np.zeros((_BANDS + 1, len(_LEAST_POWERS) + 1), int)
        self._loudest = 0.0
        self._left = np.zeros(0)

    def hear(self, samples: np.ndarray) -> None:
        """Process the next samples (any number,), in [-1, 1]."""
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
        """Bandwidth of the recording as it is, in Hz: :meth:`bandwidth_at` a gain of 0 dB."""
        return self.bandwidth_at(0.0)

    def bandwidth_at(self, gain_db: float) -> float:
        """Return the upper edge, in Hz, of the highest of 64 bands that has sound often enough; 0 if none has.

        A click has all frequencies, and so has clipping: this is why single frames do not count.

        Parameters
        ----------
        gain_db : float
            Gain applied to the recording first, in dB; limited to -60 to 100 and rounded to whole dB.
        """
        n_heard = self._n_frames_heard(gain_db)
        often = np.flatnonzero(n_heard[:-1] > OFTEN * n_heard[-1])
        return float(often[-1] + 1) * self.sample_rate / 2 / _BANDS if len(often) else 0.0

    def is_enough_at(self, gain_db: float) -> bool:
        """Return whether enough frames have sound for a bandwidth that reflects the microphone and not the sound."""
        return bool(self._n_frames_heard(gain_db)[-1] >= FEWEST_FRAMES)

    def _n_frames_heard(self, gain_db: float) -> np.ndarray:
        """Return the number of frames (65,) in which each band has sound, and last, in which any band has."""
        gain = int(np.clip(round(gain_db), _GAINS_DB[0], _GAINS_DB[-1]))
        return np.asarray(self._n_exceeding[:, 1 + _GAINS_DB[-1] - gain :].sum(axis=1))


@dataclass(frozen=True)
class Familiar:
    """The lowest level and bandwidth in the training of a model.

    Parameters
    ----------
    quietest_db : float
        Level that all but the faintest 1 % of the training clips reach, dB of full scale.
    narrowest_hz : float
        Bandwidth that all but the narrowest 1 % reach, Hz.

    Raises
    ------
    ValueError
        If a value is not a finite number.
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
        """Derive the limits from the extents of training clips.

        Parameters
        ----------
        extents : sequence of Extent
            Level and bandwidth of each clip; at least one.
        quieter_db : float
            Number of dB by which training itself made clips quieter.
        any_width : bool
            Whether training also cut their bandwidth.
        """
        levels = [extent.loudest_db - quieter_db for extent in extents]
        widths = [0.0 if any_width else extent.bandwidth_at(-quieter_db) for extent in extents]
        return cls(round(float(np.quantile(levels, RARE)), 1), round(float(np.quantile(widths, RARE)), 1))

    def remarks(self, extent: Extent) -> list[str]:
        r"""Return a sentence for each limit that a recording does not reach.

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
