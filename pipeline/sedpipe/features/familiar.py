"""How loud and how wide recordings are, and whether one lies outside of what a model was trained on.

A network takes the microphone for a part of the sound: one that has heard full bandwidth alone is deaf to a telephone's
8 kHz, and one that has heard loud recordings to faint ones. It cannot tell so itself, but samples can.

- :class:`Extent`: level and bandwidth of one recording, heard in pieces
- :class:`Familiar`: the least of both in training; :meth:`Familiar.remarks` of a recording
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

NARROW, RARE = 0.62, 0.01
"""Share of training's bandwidth below which a recording is narrow: resampling to half the rate leaves 0.5 and a slope,
coders of music leave 0.7. And how many of the training clips may be fainter or narrower than what counts as the least.
What they come to on recordings that no model was trained on is told by ``benchmarks/microphones.py``."""

_BANDS = 64
_BATCH = 2**12  # frames that are transformed at once


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
        self._n_heard = np.zeros(_BANDS, int)  # frames in which each band is heard
        self._n_frames = 0  # in which anything is
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
            heard = power.reshape(len(some), _BANDS, -1).mean(axis=2) > 10 ** (FAINTEST_DB / 10)
            self._n_heard += heard.sum(axis=0)
            self._n_frames += int(heard.any(axis=1).sum())

    @property
    def loudest_db(self) -> float:
        """Mean power of the loudest frame of 23 ms, in dB of full scale."""
        return float(10 * np.log10(self._loudest + 1e-20))

    @property
    def bandwidth_hz(self) -> float:
        """Upper edge of the highest of 64 bands that is heard often enough; 0 where there is none.

        A click has all frequencies, and so have samples that were cut off at full scale: therefore no single frames.
        """
        often = np.flatnonzero(self._n_heard > OFTEN * self._n_frames)
        return float(often[-1] + 1) * self.sample_rate / 2 / _BANDS if len(often) else 0.0


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
    def of(cls, extents: Sequence[Extent]) -> Familiar:
        """From those of training clips, at least one."""
        levels, widths = ([getattr(one, name) for one in extents] for name in ("loudest_db", "bandwidth_hz"))
        return cls(round(float(np.quantile(levels, RARE)), 1), round(float(np.quantile(widths, RARE)), 1))

    def changed(self, *, quieter_db: float = 0.0, any_width: bool = False) -> Familiar:
        """What it is where training itself made clips quieter, or cut their bandwidth."""
        return Familiar(self.quietest_db - quieter_db, 0.0 if any_width else self.narrowest_hz)

    def remarks(self, extent: Extent) -> list[str]:
        """In what a recording lies outside: a sentence each.

        >>> faint = Extent(8000)
        >>> faint.hear(1e-4 * np.random.default_rng(0).standard_normal(8000))
        >>> Familiar(-40.0, 4000.0).remarks(faint)
        ['quieter than the recordings that the model was trained on: -79 dB at its loudest, they reach at least -40 dB']
        """
        said = []
        if extent.loudest_db < self.quietest_db:
            said.append(
                f"quieter than the recordings that the model was trained on: {extent.loudest_db:.0f} dB at its "
                f"loudest, they reach at least {self.quietest_db:.0f} dB"
            )
        if extent.bandwidth_hz < NARROW * self.narrowest_hz:
            said.append(
                f"nothing above {extent.bandwidth_hz / 1000:.1f} kHz in it, and the recordings that the model was "
                f"trained on reach at least {self.narrowest_hz / 1000:.1f} kHz"
            )
        return said
