"""Building blocks of synthetic sounds: curves, harmonic tones, noise, impacts, resonances, distance.

Waveforms and curves are float64 arrays (samples,) at :data:`SAMPLE_RATE`; frequencies are in Hz, times in seconds.
All randomness comes from the generator that is passed in, so the same generator state gives the same samples.

- :func:`samples`, :func:`times`: seconds <-> samples
- :func:`peak`: largest magnitude
- :func:`curve`, :func:`staircase`, :func:`wander`, :func:`gate`: how pitch, level or speed change with time
- :func:`turns`, :func:`read_table`, :func:`harmonic_tone`: periodic sounds whose pitch may change
- :func:`brassy`: strengths of the harmonics of a horn
- :func:`noise_band`, :func:`low_passed`, :func:`resonances`: noise and filters
- :func:`partials`, :func:`crack`, :func:`strikes`: objects that are struck
- :func:`pass_by`, :func:`outdoors`: effects of the path to the microphone
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import signal

from sedpipe.clips import DEFAULT_SAMPLE_RATE

SAMPLE_RATE = DEFAULT_SAMPLE_RATE
SPEED_OF_SOUND = 343.0  # m/s, in air at 20 degrees Celsius
HIGHEST_HARMONIC = 0.45 * SAMPLE_RATE  # Hz; harmonics above would come close to aliasing
TABLE_LENGTH = 4096  # points of one period; the error of linear interpolation between them is below -55 dB

Waveform: TypeAlias = npt.NDArray[np.float64]
Span: TypeAlias = tuple[float, float]


def samples(duration: float) -> int:
    """Return the number of samples nearest to ``duration`` seconds."""
    return round(duration * SAMPLE_RATE)


def times(n: int) -> Waveform:
    """Return the time of each of ``n`` samples in seconds."""
    return np.arange(n) / SAMPLE_RATE


def peak(waveform: Waveform) -> float:
    """Return the largest magnitude."""
    return float(np.abs(waveform).max())


def curve(n: int, *points: tuple[float, float]) -> Waveform:
    """Return straight lines through points ``(position, value)``, with positions from 0 (first sample) to 1 (last).

    >>> curve(5, (0, 0.0), (0.5, 1.0), (1, 0.0)).tolist()
    [0.0, 0.5, 1.0, 0.5, 0.0]
    """
    positions, values = zip(*points, strict=True)
    levels: Waveform = np.interp(np.linspace(0, 1, n), positions, values)
    return levels


def staircase(n: int, values: Sequence[float], step: float, glide: float) -> Waveform:
    """Return each of ``values`` for ``step`` seconds, over and over, with glides of ``glide`` seconds between them."""
    count = int(n / SAMPLE_RATE / step) + 1
    levels = np.resize(np.asarray(values, dtype=np.float64), count)
    starts = np.arange(count) * step
    edges = np.stack([starts + glide, starts + step], axis=1).ravel()
    return np.interp(times(n), edges, np.repeat(levels, 2))


def wander(generator: np.random.Generator, n: int, rate: float, depth: float) -> Waveform:
    """Return a random curve around 0: normal values of standard deviation ``depth``, drawn ``rate`` times a second."""
    count = int(n / SAMPLE_RATE * rate) + 3
    return np.interp(times(n) * rate, np.arange(count), generator.normal(0, depth, count))


def gate(n: int, spans: Sequence[Span], attack: float, release: float) -> Waveform:
    """Return 1 inside the spans and 0 outside, with linear edges after each start and before each end.

    Spans are ``(start, end)`` in seconds, in order and disjoint; short ones get shorter edges, so that they reach 1.
    """
    edges: list[float] = []
    for start, end in spans:
        shrink = min(1.0, 0.9 * (end - start) / (attack + release))
        edges += [start, start + attack * shrink, end - release * shrink, end]
    return np.interp(times(n), edges, [0.0, 1.0, 1.0, 0.0] * len(spans), left=0.0, right=0.0)


def turns(frequency: Waveform) -> Waveform:
    """Return the number of periods completed at a frequency that may change: its integral over time."""
    return np.cumsum(frequency) / SAMPLE_RATE


def read_table(table: Waveform, periods: Waveform) -> Waveform:
    """Return the periodic waveform with the period ``table``, read at ``periods`` (any real numbers of periods)."""
    position = (periods - np.floor(periods)) * len(table)
    index = position.astype(np.intp)
    closed = np.append(table, table[0])
    return closed[index] + (position - index) * np.diff(closed)[index]


def harmonic_tone(frequency: Waveform, strengths: np.ndarray) -> Waveform:
    """Return a tone with harmonics 1, 2, 3, ... of given strengths, without those near or above the Nyquist frequency.

    Its RMS is 1 if no harmonic is left out, however many there are.
    """
    kept = max(1, min(len(strengths), int(HIGHEST_HARMONIC / frequency.max()), TABLE_LENGTH // 16))
    spectrum = np.zeros(TABLE_LENGTH // 2 + 1, dtype=np.complex128)
    spectrum[1 : kept + 1] = -0.5j * TABLE_LENGTH * strengths[:kept]
    table = np.fft.irfft(spectrum)
    return read_table(table, turns(frequency)) / float(np.sqrt(0.5 * np.sum(strengths**2)))


def brassy(generator: np.random.Generator, pitch: float, tilt: float, bright: float) -> Waveform:
    """Return the strengths of a horn's harmonics: falling as ``k ** -tilt``, with a hump around ``bright`` Hz."""
    order = np.arange(1, 61)
    bell = 0.25 + np.exp(-0.5 * (np.log2(order * pitch / bright) / 0.8) ** 2)
    strengths: Waveform = order**-tilt * bell * generator.lognormal(0, 0.25, len(order))
    return strengths


def noise_band(generator: np.random.Generator, n: int, low: float, high: float) -> Waveform:
    """Return noise between ``low`` and ``high`` Hz that falls by 12 dB an octave outside, with an RMS of 1."""
    band = signal.butter(2, (low, high), "bandpass", fs=SAMPLE_RATE, output="sos")
    noise: Waveform = signal.sosfilt(band, generator.standard_normal(n))
    return noise / float(np.sqrt(np.mean(noise**2)))


def low_passed(waveform: Waveform, cutoff: float, order: int = 1) -> Waveform:
    """Return ``waveform`` with frequencies above ``cutoff`` Hz attenuated."""
    filtered: Waveform = signal.sosfilt(signal.butter(order, cutoff, fs=SAMPLE_RATE, output="sos"), waveform)
    return filtered


def resonances(waveform: Waveform, modes: Sequence[tuple[float, float, float]]) -> Waveform:
    """Return ``waveform`` filtered by a body with the given modes: a sum of peaks ``(centre Hz, width Hz, gain)``."""
    body = np.zeros_like(waveform)
    for centre, width, gain in modes:
        numerator, denominator = signal.iirpeak(centre, centre / width, fs=SAMPLE_RATE)
        body += gain * signal.lfilter(numerator, denominator, waveform)
    return body


def partials(frequencies: Waveform, decays: Waveform, strengths: Sequence[float]) -> Waveform:
    """Return one stroke on an object that rings: sines that decay to 1/e within ``decays`` seconds."""
    t = times(samples(5 * max(decays)))
    stroke = np.zeros_like(t)
    for frequency, decay, strength in zip(frequencies, decays, strengths, strict=True):
        stroke += strength * np.exp(-t / decay) * np.sin(2 * np.pi * frequency * t)
    return stroke


def crack(generator: np.random.Generator, low: float, high: float, decay: float) -> Waveform:
    """Return one stroke on an object that does not ring: a burst of noise from ``low`` to ``high`` Hz, with peak 1."""
    n = samples(6 * decay)
    burst = noise_band(generator, n, low, high) * np.exp(-times(n) / decay) * np.minimum(times(n) / 0.001, 1)
    return burst / peak(burst)


def strikes(n: int, moments: Waveform, levels: Waveform, stroke: Waveform) -> Waveform:
    """Return ``n`` samples with ``stroke`` at each of ``moments`` (seconds) inside of them, with the moment's level."""
    index = np.rint(moments * SAMPLE_RATE).astype(np.intp)
    inside = (index >= 0) & (index < n)
    train = np.zeros(n)
    np.add.at(train, index[inside], levels[inside])
    struck: Waveform = signal.oaconvolve(train, stroke)[:n]
    return struck


def pass_by(source: Waveform, n: int, speed: float, distance: float, closest: float) -> Waveform:
    """Return what a microphone at the roadside records of ``source`` passing in a straight line: level, Doppler shift.

    Parameters
    ----------
    source : np.ndarray [shape=(samples,)]
        Sound at the vehicle, at least as long as ``n`` and the time that the sound takes to arrive.
    n : int
        Number of samples to return.
    speed, distance : float
        Speed in metres a second, and distance between microphone and line in metres, both > 0.
    closest : float
        Time in seconds at which the sound from the nearest point arrives.
    """
    # The sound that arrives at t left the source at u, where c * (t - u) = sqrt(distance**2 + (speed * u)**2).
    c = SPEED_OF_SOUND
    t = times(n) - closest + distance / c
    root = np.sqrt(c**4 * t**2 - (c**2 - speed**2) * (c**2 * t**2 - distance**2))
    left = (c**2 * t - root) / (c**2 - speed**2)
    heard: Waveform = np.interp((left - left[0]) * SAMPLE_RATE, np.arange(len(source)), source)
    return heard / np.hypot(1.0, speed / distance * left)


def outdoors(generator: np.random.Generator, waveform: Waveform) -> Waveform:
    """Return ``waveform`` from some distance: highs absorbed by the air, and a few echoes from ground and walls."""
    heard = waveform.copy()
    for delay in generator.uniform(0.004, 0.06, 4):
        shift = samples(delay)
        heard[shift:] += generator.normal(0, 0.16) * waveform[:-shift]
    return low_passed(heard, generator.uniform(5_000, 16_000))
