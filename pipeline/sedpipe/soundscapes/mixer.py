"""Ten-second soundscapes mixed from recordings of single sounds, with the truth about when each sounds.

Mixture ``i`` of a split depends on the recipe, the split's seed and ``i`` alone, so that any subset, made in
any order by any number of workers, is the same audio to the sample. Nothing here reads or writes a file.

- :func:`prepare`: a recording -> stripped, its active regions found, scaled
- :func:`draw`: which recordings, how loud, from when
- :func:`recordings_drawn`: the same as far as no recording need be there
- :func:`truth`: the events of a mixture
- :func:`render`: its waveform
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
_SHORTEST_KEPT_GAP = SAMPLE_RATE * 3 // 10  # samples; whole, so that 0.3 s is neither a little more nor less
_SHORTEST_REGION = SAMPLE_RATE // 10  # samples; 0.1 s
_FLATTEST_BIN = 20  # below it the background's spectrum is flat, so that its slope has no pole at 0 Hz
_PEAK = 0.99


@dataclass(frozen=True)
class Recipe:
    """What is drawn for a mixture; amplitudes relative to full scale.

    Parameters
    ----------
    background_slope : (float, float)
        Range of ``a`` in the background's spectrum ``k ** -a``.
    background_rms : float
        RMS of the background.
    n_events : tuple of int
        How many classes a mixture may hold ...
    n_events_p : tuple of float
        ... and with what probability each.
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
        float64, RMS 1 over its active regions; of a longer recording, the 10 s that a mixture can hold.
    regions : tuple of (int, int)
        First sample and end (exclusive) of each stretch in which it sounds, anywhere in it; at least one.
    """

    waveform: np.ndarray
    regions: tuple[tuple[int, int], ...]


_ANY_RECORDING = PreparedRecording(np.zeros(1), ((0, 1),))

Library = Callable[[int, int], PreparedRecording]
"""(index of the class, index of its recording) -> the prepared recording."""


@dataclass(frozen=True)
class Placement:
    """One recording in a mixture: which, how many dB over the background, from which sample."""

    class_index: int
    recording_index: int
    gain_db: float
    start_sample: int


@dataclass(frozen=True)
class Draw:
    """Everything random about a mixture; ``noise`` (samples,) is white."""

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
        If nothing in it is loud or long enough to be a region, or nothing soon enough to be heard in 10 s.
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
    """Active stretches in samples, end exclusive: short gaps closed first, then short stretches dropped."""
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
        How many recordings each class has, in the order of the classes.
    library : callable
        Asked for the recordings that are drawn: a start depends on the recording's first onset. What it raises
        (a recording that is missing, say) ends the draw.
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
    """Class and recording of each sound of mixture ``index``, as :func:`draw` draws them, without any audio.

    What a recording sounds like decides when it starts, and no draw hangs on that.
    """
    placements = draw(recipe, seed, index, n_recordings, lambda *_: _ANY_RECORDING).placements
    return [(placement.class_index, placement.recording_index) for placement in placements]


def truth(drawn: Draw, labels: Sequence[str], library: Library) -> list[Event]:
    """Events of the mixture: the recordings' regions where they fall, cut at 10 s, in order of time, to 1 ms."""
    events = []
    for placement in drawn.placements:
        for first, end in library(placement.class_index, placement.recording_index).regions:
            onset, offset = placement.start_sample + first, min(placement.start_sample + end, N_SAMPLES)
            if offset - onset >= _SHORTEST_REGION:
                seconds = round(onset / SAMPLE_RATE, 3), round(offset / SAMPLE_RATE, 3)
                events.append(Event(*seconds, labels[placement.class_index]))
    return sorted(events)


def render(recipe: Recipe, drawn: Draw, library: Library) -> np.ndarray:
    """The waveform (441000,), float64, peak at most 0.99."""
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
