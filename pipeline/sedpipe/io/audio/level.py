"""How loud a recording is, and whether anything can be heard in it: one rule for every way of reading audio.

A silent recording contains no sound: no events are predicted for it, it can be a clip without labels, and it
contradicts every label. So code that reads labelled audio rejects silence (:func:`silent`), and other code remarks on
it.

- :class:`Level`: measures samples as they are decoded; :meth:`Level.check` rejects, :attr:`Level.remarks` remarks
- :func:`silent`: the error for a recording that is labelled and silent
- :func:`check_length`: rejects recordings that are too short
- :func:`check_rate`: rejects sample rates that no recording has
- :data:`SILENT_BELOW`, :data:`SHORTEST_S`, :data:`LEAST_SHARE`, :data:`RATES`: the limits
- :data:`Remark`: a remark on a recording that can be used
"""

from __future__ import annotations

import numpy as np

from sedpipe.failures import FailedClipError, Failure

SILENT_BELOW = 1e-4
"""Peak below which a recording is silent (full scale: 1): three 16-bit steps, -80 dB; coded silence stays below it."""

SHORTEST_S = 0.04
"""Shortest recording in seconds, one frame of a spectrogram; anything shorter is rejected."""

LEAST_SHARE = 0.1
"""Share of the requested clip that must be there: 1 s of DCASE's 10 s."""

RATES = (1_000, 1_000_000)
"""Lowest and highest sample rate, in Hz, that is believed when a header claims it."""

Remark = tuple[str, str]
"""A short name that can be counted, and a sentence."""

SILENCE: Remark = ("silent", "silent: nothing can be heard in it")
"""The remark on a silent recording that has no labels to contradict it."""

# share of the channels' mean energy below which they cancel each other in the mean: -20 dB; 8 microphones leave -9 dB
_LEFT_OF_CHANNELS = 0.01
_LOUD = 1.12  # times full scale, +1 dB: the most by which coders exceed it, which is inaudible
_MOST_BEYOND = 0.01  # share of all samples that may lie beyond full scale


class Level:
    """Peak and energy of the samples so far, both of the mean of the channels and of the channels themselves."""

    def __init__(self) -> None:
        self.peak = 0.0
        self.n_samples = 0
        self._peak_of_channels = 0.0
        self._energy = 0.0
        self._energy_of_channels = 0.0
        self._n_beyond = 0

    def hear(self, mono: np.ndarray, channels: np.ndarray | None = None) -> None:
        """Add the next samples.

        Parameters
        ----------
        mono : np.ndarray [shape=(samples,)]
            Mean of the channels.
        channels : np.ndarray [shape=(samples, channels)], optional
            The single channels, if there are several.
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
        """Reject audio that is fit neither for training nor for prediction.

        Raises
        ------
        FailedClipError
            If the channels cancel each other (``channels-cancel``), or too many samples lie beyond full scale
            (``beyond-full-scale``).
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
        """What a user should know about audio that is accepted all the same: ``clipped``."""
        if self.peak <= _LOUD:
            return ()
        return (("clipped", f"its samples reach {_shown(self.peak)} times full scale: clipped"),)


def silent(name: str) -> FailedClipError:
    """Return the error for a silent recording that is supposed to contain sound."""
    return FailedClipError(f"{name}: silent", Failure("gone", "silent"))


def _shown(peak: float) -> str:
    return f"{peak:.2f}" if peak < 100 else f"{peak:,.0f}"


def check_length(name: str, n_samples: int, sample_rate: int, wanted_s: float = 0.0) -> None:
    """Reject audio that is too short to be a recording, or to stand for the requested clip of ``wanted_s``.

    Parameters
    ----------
    name : str
        Name of the recording, for the error message.
    n_samples, sample_rate : int
        Length in samples, and sample rate in Hz.
    wanted_s : float
        Length of the requested clip in seconds; 0 if no clip is requested.

    Raises
    ------
    FailedClipError
        If it is too short (``too-short``).
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
    """Reject a sample rate in a header that cannot be true, before anything is resampled from it.

    Raises
    ------
    FailedClipError
        If the sample rate lies outside of :data:`RATES` (``absurd-rate``).
    """
    if not RATES[0] <= sample_rate <= RATES[1]:
        raise FailedClipError(
            f"{name}: its header says {sample_rate:,} Hz, expected {RATES[0]:,} to {RATES[1]:,} Hz",
            Failure("gone", "absurd-rate"),
        )
