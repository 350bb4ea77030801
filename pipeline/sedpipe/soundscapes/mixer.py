"""Ten-second soundscapes mixed from recordings of single sounds, with the events as ground truth.

Mixture ``i`` of a split depends only on the recipe, the split's random seed and ``i``, so that any subset, made in any
order by any number of workers, consists of the same samples. Nothing here reads or writes a file.

- :func:`prepare`: a recording -> silence stripped, active regions found, level scaled
- :func:`draw`: draw recordings, their levels and their starts
- :func:`recordings_drawn`: the recordings drawn, which need not exist for that
- :func:`truth`: the events of a mixture
- :func:`render`: the waveform of a mixture
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.fft

from sedpipe.clips import ClipFormat
from sedpipe.events import Event

_CLIP = ClipFormat()
SAMPLE_RATE, N_SAMPLES, DURATION = _CLIP.sample_rate, _CLIP.n_samples, _CLIP.clip_s

_SILENCE = 1e-4  # leading and trailing samples up to this amplitude are stripped
_FRAME = SAMPLE_RATE // 50  # samples; 20 ms
_ACTIVE_BELOW_LOUDEST_DB = 26.0
_SHORTEST_KEPT_GAP = SAMPLE_RATE * 3 // 10  # samples; an integer, so that a gap of 0.3 s is compared exactly
_SHORTEST_REGION = SAMPLE_RATE // 10  # samples; 0.1 s
_FLATTEST_BIN = 20  # the background's spectrum is flat below this bin, so that it has no pole at 0 Hz
_PEAK = 0.99


@dataclass(frozen=True)
class Recipe:
    """Distributions from which a mixture is drawn; amplitudes are relative to full scale.

    Parameters
    ----------
    background_slope : (float, float)
        Range of ``a`` in the background's spectrum ``k ** -a``.
    background_rms : float
        RMS of the background.
    n_events : tuple of int
        Possible numbers of classes in a mixture.
    n_events_p : tuple of float
        Probability of each of these numbers.
    gain_db : (float, float)
        Range of a recording's level over the background, in dB.
    """

    background_slope: tuple[float, float]
    background_rms: float
    n_events: tuple[int, ...]
    n_events_p: tuple[float, ...]
    gain_db: tuple[float, float]


@dataclass(frozen=True)
class PreparedRecording:
    """A recording ready to be mixed.

    Parameters
    ----------
    waveform : np.ndarray [shape=(samples,)]
        Samples as float64, with RMS 1 over the active regions; at most the first 10 s, the length of a mixture.
    regions : tuple of (int, int)
        First sample and end (exclusive) of each active region of the whole recording; at least one.
    """

    waveform: np.ndarray
    regions: tuple[tuple[int, int], ...]


_ANY_RECORDING = PreparedRecording(np.zeros(1), ((0, 1),))

Library = Callable[[int, int], PreparedRecording]
"""(index of the class, index of its recording) -> the prepared recording."""


@dataclass(frozen=True)
class Placement:
    """One recording in a mixture: its class and index, its level over the background in dB, and its first sample."""

    class_index: int
    recording_index: int
    gain_db: float
    start_sample: int


@dataclass(frozen=True)
class Draw:
    """All random values of a mixture; ``noise`` (samples,) is white."""

    slope: float
    noise: np.ndarray
    placements: tuple[Placement, ...]


def prepare(waveform: np.ndarray) -> PreparedRecording:
    """Strip silence, find the active regions, scale to RMS 1 over them.

    Parameters
    ----------
    waveform : np.ndarray [shape=(samples,)]
        Mono at 44.1 kHz.

    Raises
    ------
    ValueError
        If the recording is silent, has no active region of 0.1 s, or none that begins in its first 9.9 s.
    """
    audible = np.flatnonzero(np.abs(waveform) > _SILENCE)
    if audible.size == 0:
        raise ValueError("the recording is silent")
    stripped = waveform[audible[0] : audible[-1] + 1].astype(np.float64)
    regions = _active_regions(stripped)
    if not regions:
        raise ValueError("the recording has no active region of 0.1 s")
    if regions[0][0] > N_SAMPLES - _SHORTEST_REGION:
        raise ValueError("the recording has no active region that begins in its first 9.9 s")
    active = np.concatenate([stripped[first:end] for first, end in regions])
    return PreparedRecording(stripped[:N_SAMPLES] / np.sqrt(np.mean(active**2)), tuple(regions))


def _active_regions(waveform: np.ndarray) -> list[tuple[int, int]]:
    """Return the active regions in samples, end exclusive: short gaps are closed, then short regions dropped."""
    n_frames = len(waveform) // _FRAME
    if n_frames == 0:
        return []
    rms = np.sqrt(np.mean(waveform[: n_frames * _FRAME].reshape(n_frames, _FRAME) ** 2, axis=1))
    active = rms >= rms.max() * 10 ** (-_ACTIVE_BELOW_LOUDEST_DB / 20)
    steps = np.flatnonzero(np.diff(np.concatenate([[0], active.astype(np.int8), [0]])))
    regions: list[tuple[int, int]] = []
    for first, end in (steps * _FRAME).reshape(-1, 2).tolist():
        if regions and first - regions[-1][1] < _SHORTEST_KEPT_GAP:
            regions[-1] = (regions[-1][0], end)
        else:
            regions.append((first, end))
    return [(first, end) for first, end in regions if end - first >= _SHORTEST_REGION]


def draw(recipe: Recipe, seed: int, index: int, n_recordings: Sequence[int], library: Library) -> Draw:
    """Draw mixture ``index`` of the split with ``seed``; the order of the draws is part of the recipe.

    Parameters
    ----------
    n_recordings : sequence of int
        Number of recordings of each class, in the order of the classes.
    library : callable
        Function that returns the recordings that are drawn: a start depends on the recording's first onset. An
        exception that it raises (for a missing recording, say) ends the draw.
    """
    generator = np.random.default_rng([seed, index])
    slope = generator.uniform(*recipe.background_slope)
    noise = generator.standard_normal(N_SAMPLES)
    n_events = generator.choice(list(recipe.n_events), p=list(recipe.n_events_p))
    classes = generator.choice(len(n_recordings), size=n_events, replace=False)
    placements = []
    for class_index in classes.tolist():
        recording_index = int(generator.integers(n_recordings[class_index]))
        gain_db = generator.uniform(*recipe.gain_db)
        first_onset = library(class_index, recording_index).regions[0][0] / SAMPLE_RATE
        start_s = generator.uniform(0, DURATION - (first_onset + _SHORTEST_REGION / SAMPLE_RATE))
        placements.append(Placement(class_index, recording_index, gain_db, int(start_s * SAMPLE_RATE)))
    return Draw(slope, noise, tuple(placements))


def recordings_drawn(recipe: Recipe, seed: int, index: int, n_recordings: Sequence[int]) -> list[tuple[int, int]]:
    """Return class and recording of each sound in mixture ``index``, as :func:`draw` draws them, without any audio.

    The content of a recording only affects when it starts, and no later draw depends on that.
    """
    placements = draw(recipe, seed, index, n_recordings, lambda *_: _ANY_RECORDING).placements
    return [(placement.class_index, placement.recording_index) for placement in placements]


def truth(drawn: Draw, labels: Sequence[str], library: Library) -> list[Event]:
    """Return the events of a mixture: active regions of its recordings, cut at 10 s, in order of time, to 1 ms.

    A region of which less than 0.1 s lies before the cut is dropped.
    """
    events = []
    for placement in drawn.placements:
        for first, end in library(placement.class_index, placement.recording_index).regions:
            onset, offset = placement.start_sample + first, min(placement.start_sample + end, N_SAMPLES)
            if offset - onset >= _SHORTEST_REGION:
                seconds = round(onset / SAMPLE_RATE, 3), round(offset / SAMPLE_RATE, 3)
                events.append(Event(*seconds, labels[placement.class_index]))
    return sorted(events)


def render(recipe: Recipe, drawn: Draw, library: Library) -> np.ndarray:
    """Return the waveform (441000,) of a mixture, float64, with a peak of at most 0.99."""
    mixture = _background(drawn.noise, drawn.slope, recipe.background_rms)
    for placement in drawn.placements:
        waveform = library(placement.class_index, placement.recording_index).waveform
        audible = waveform[: N_SAMPLES - placement.start_sample]
        gain = recipe.background_rms * 10 ** (placement.gain_db / 20)
        mixture[placement.start_sample : placement.start_sample + len(audible)] += audible * gain
    peak = np.abs(mixture).max()
    return mixture * (_PEAK / peak) if peak > _PEAK else mixture


def _background(noise: np.ndarray, slope: float, rms: float) -> np.ndarray:
    spectrum = scipy.fft.rfft(noise)
    spectrum *= np.maximum(np.arange(len(spectrum)), _FLATTEST_BIN) ** -slope
    coloured = scipy.fft.irfft(spectrum, n=len(noise))
    return np.asarray(coloured * (rms / np.sqrt(np.mean(coloured**2))))
