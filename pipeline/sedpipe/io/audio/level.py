"""How loud a recording is, and whether anything can be heard in it: one rule, whichever way it comes in.

Silence is a recording in which nothing sounds: it is predicted without events, it can be a clip without labels, and it
contradicts every label. So who takes labelled sound refuses it (:func:`silent`), and who does not remarks on it.

- :class:`Level`: hears samples as they are decoded; :meth:`Level.check` refuses, :attr:`Level.remarks` remarks
- :func:`silent`: the refusal of what is labelled and silent
- :func:`check_length`: what is too short
- :func:`check_rate`: what no recording has
- :data:`SILENT_BELOW`, :data:`SHORTEST_S`, :data:`LEAST_SHARE`, :data:`RATES`: the borders
- :data:`Remark`: what is said of a recording that can be used
"""

from __future__ import annotations

import numpy as np

from sedpipe.failures import FailedClipError, Failure

SILENT_BELOW = 1e-4
"""Peak (of 1) below which a recording is silent: three steps of 16 bit, -80 dB; coders leave less of silence."""

SHORTEST_S = 0.04
"""Seconds; less than this, a frame of a spectrogram, is no recording."""

LEAST_SHARE = 0.1
"""Of the clip that is asked for must be there: 1 s of DCASE's 10 s."""

RATES = (1_000, 1_000_000)
"""Lowest and highest sample rate, in Hz, that a header is believed."""

Remark = tuple[str, str]
"""A short name that can be counted, and a sentence."""

SILENCE: Remark = ("silent", "silent: nothing can be heard in it")
"""What is said of silence where nothing is said to sound."""

_LEFT_OF_CHANNELS = 0.01  # of their mean energy is left where they cancel each other: -20 dB; 8 microphones leave -9
_LOUD = 1.12  # of full scale, +1 dB: what coders exceed it by at most, and nobody hears
_MOST_BEYOND = 0.01  # of all samples may lie beyond full scale


class Level:
    """Peak and energy of what was heard so far, of the mean of the channels and of the channels themselves."""

    def __init__(self) -> None:
        self.peak = 0.0
        self.n_samples = 0
        self._peak_of_channels = 0.0
        self._energy = 0.0
        self._energy_of_channels = 0.0
        self._n_beyond = 0

    def hear(self, mono: np.ndarray, channels: np.ndarray | None = None) -> None:
        """Take the next samples.

        Parameters
        ----------
        mono : np.ndarray [shape=(samples,)]
            Mean of the channels.
        channels : np.ndarray [shape=(samples, channels)], optional
            The channels, where there are several.
        """
        if not len(mono):
            return
        self.n_samples += len(mono)
        peak = max(float(mono.max()), -float(mono.min()))
        self.peak = max(self.peak, peak)
        if peak > 1:
            self._n_beyond += int(np.count_nonzero(np.abs(mono) > 1))
        if channels is None:
            self._peak_of_channels = max(self._peak_of_channels, peak)
        else:
            self._peak_of_channels = max(self._peak_of_channels, float(channels.max()), -float(channels.min()))
            self._energy += float(np.dot(mono, mono))
            self._energy_of_channels += float(np.einsum("nc,nc->", channels, channels)) / channels.shape[1]

    @property
    def is_silent(self) -> bool:
        """Whether nothing can be heard in any channel."""
        return self._peak_of_channels < SILENT_BELOW

    def check(self, name: str) -> None:
        """Refuse what nobody should train on or be told about.

        Raises
        ------
        FailedClipError
            ``channels-cancel`` or ``beyond-full-scale``.
        """
        if self.is_silent:
            return
        if self._energy < _LEFT_OF_CHANNELS * self._energy_of_channels or self.peak < SILENT_BELOW:
            raise FailedClipError(
                f"{name}: its channels cancel each other, and their mean is almost silent (is one of them inverted?): "
                "use one channel only",
                Failure("gone", "channels-cancel"),
            )
        if self._n_beyond > _MOST_BEYOND * self.n_samples:
            raise FailedClipError(
                f"{name}: {100 * self._n_beyond / self.n_samples:.0f} % of its samples are beyond full scale, "
                f"which is 1 (they reach {_shown(self.peak)}); scale them down",
                Failure("gone", "beyond-full-scale"),
            )

    @property
    def remarks(self) -> tuple[Remark, ...]:
        """What a person should know of what is taken all the same: ``clipped``."""
        if self.peak <= _LOUD:
            return ()
        return (("clipped", f"its samples reach {_shown(self.peak)} times full scale: clipped"),)


def silent(name: str) -> FailedClipError:
    """What to raise where something is said to sound in silence."""
    return FailedClipError(f"{name}: silent", Failure("gone", "silent"))


def _shown(peak: float) -> str:
    return f"{peak:.2f}" if peak < 100 else f"{peak:,.0f}"


def check_length(name: str, n_samples: int, sample_rate: int, wanted_s: float = 0.0) -> None:
    """Refuse what is too short to be a recording, or to stand for the clip of ``wanted_s`` that is asked for.

    Parameters
    ----------
    name : str
        Of the recording, for the complaint.
    n_samples, sample_rate : int
        Its length, and Hz.
    wanted_s : float
        Seconds of the clip; 0 where none is asked for.

    Raises
    ------
    FailedClipError
        ``too-short``.
    """
    if n_samples == 0:
        raise FailedClipError(f"{name}: contains no audio (0 samples)", Failure("gone", "too-short"))
    least_s = max(SHORTEST_S, LEAST_SHARE * wanted_s)
    if n_samples < round(least_s * sample_rate):
        raise FailedClipError(
            f"{name}: too short ({n_samples / sample_rate:.3f} s, expected at least {least_s:g} s)",
            Failure("gone", "too-short"),
        )


def check_rate(name: str, sample_rate: int) -> None:
    """Refuse a header that cannot be true, before anything is resampled from it.

    Raises
    ------
    FailedClipError
        ``absurd-rate``.
    """
    if not RATES[0] <= sample_rate <= RATES[1]:
        raise FailedClipError(
            f"{name}: its header says {sample_rate:,} Hz, expected {RATES[0]:,} to {RATES[1]:,} Hz",
            Failure("gone", "absurd-rate"),
        )
