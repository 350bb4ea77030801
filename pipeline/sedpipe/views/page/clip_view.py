"""One clip, drawn: spectrogram, sound, and for each class what sounds, what was estimated and how sure that was.

- :class:`ClipView`: what the template needs of a clip
- :func:`view_clip`: from one or several runs that scored it
- :func:`data_uri`: bytes inside a page
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sedpipe.events import Event
from sedpipe.metrics.segment_based import TIME_RESOLUTION
from sedpipe.views.charts import curve
from sedpipe.views.page.operating_point import threshold_of
from sedpipe.views.page.scored_run import ScoredRun
from sedpipe.views.page.spectrogram import spectrogram_png

_MOST_TRACKS = 7  # more would not be compared by eye: they are folded away
_MOST_RUNNERS_UP = 2
_NEARLY = 0.5  # of the threshold: a class that came so near is worth a look


@dataclass(frozen=True)
class Voice:
    """What one run says of one class: events, the curve of its probability, its values in per cent, its threshold."""

    run: int
    events: Sequence[Event]
    path: str
    percents: Sequence[int]
    threshold: float


@dataclass(frozen=True)
class WrongSegment:
    """Segments in a row that are counted as wrong: ``missed`` or ``false``."""

    onset: float
    offset: float
    kind: str


@dataclass(frozen=True)
class Track:
    """One class in one clip."""

    label: str
    reference: Sequence[Event]
    voices: Sequence[Voice]
    wrong: Sequence[WrongSegment]


@dataclass(frozen=True)
class ClipView:
    """One clip.

    Parameters
    ----------
    clip_id : str
    kind : str
        Why it was chosen.
    summary : str
        What is wrong in it.
    duration : float
        Seconds, which the drawing is wide.
    step : float
        Seconds from one probability to the next.
    picture : str
        Its spectrogram as a data URI.
    sound : str
        Its audio as a data URI, or nothing.
    silent_because : str
        Why there is no audio.
    tracks, folded : sequence of Track
        The classes in question, and those for which there is no room.
    """

    clip_id: str
    kind: str
    summary: str
    duration: float
    step: float
    picture: str
    sound: str
    silent_because: str
    tracks: Sequence[Track]
    folded: Sequence[Track]


def data_uri(kind: str, content: bytes) -> str:
    """Bytes as an address that holds them."""
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def view_clip(
    runs: Sequence[ScoredRun],
    clip_id: str,
    features: np.ndarray,
    decibels: tuple[float, float],
    *,
    kind: str,
    summary: str,
    sound: bytes | None,
    silent_because: str = "",
) -> ClipView:
    """What the template needs of a clip that all ``runs`` scored.

    Parameters
    ----------
    runs : sequence of ScoredRun
        Of the same labels and reference; the picture is that of the first one's features.
    clip_id : str
    features : ndarray [shape=(T, F)]
        dB; the frames that count.
    decibels : tuple of two floats
        What is darkest and brightest.
    kind, summary, silent_because : str
        As in :class:`ClipView`.
    sound : bytes or None
        MP3.
    """
    first = runs[0]
    tracks = [_track(runs, clip_id, label) for label in _labels_in_question(runs, clip_id)]
    return ClipView(
        clip_id=clip_id,
        kind=kind,
        summary=summary,
        duration=first.truth.durations[clip_id],
        step=first.frame_scores.grid.frame_duration,
        picture=data_uri("image/png", spectrogram_png(features, decibels)),
        sound=data_uri("audio/mpeg", sound) if sound else "",
        silent_because=silent_because,
        tracks=tracks[:_MOST_TRACKS],
        folded=tracks[_MOST_TRACKS:],
    )


def _labels_in_question(runs: Sequence[ScoredRun], clip_id: str) -> list[str]:
    """Classes of the reference in order of their onsets, then estimated ones, then a few that nearly were."""
    labels = [event.label for event in sorted(runs[0].truth.reference[clip_id])]
    labels += [event.label for run in runs for event in sorted(run.estimated[clip_id])]
    best = {
        label: max(_nearness(run, clip_id, label) for run in runs) for label in runs[0].labels if label not in labels
    }
    near = sorted((label for label in best if best[label] >= _NEARLY), key=lambda label: -best[label])
    return list(dict.fromkeys([*labels, *near[:_MOST_RUNNERS_UP]]))


def _nearness(run: ScoredRun, clip_id: str, label: str) -> float:
    """Highest probability of a class, as a share of its threshold."""
    probs = _probs(run, clip_id, label)
    return float(probs.max(initial=0.0)) / max(threshold_of(run, label), 1e-3)


def _probs(run: ScoredRun, clip_id: str, label: str) -> np.ndarray:
    return np.asarray(run.frame_scores.probs_of(clip_id)[:, run.labels.index(label)])


def _track(runs: Sequence[ScoredRun], clip_id: str, label: str) -> Track:
    return Track(
        label=label,
        reference=[event for event in runs[0].truth.reference[clip_id] if event.label == label and event.is_located],
        voices=[_voice(run, number, clip_id, label) for number, run in enumerate(runs)],
        wrong=_wrong_segments(runs[0], clip_id, label) if len(runs) == 1 else [],
    )


def _voice(run: ScoredRun, number: int, clip_id: str, label: str) -> Voice:
    probs = _probs(run, clip_id, label)
    return Voice(
        run=number,
        events=[event for event in run.estimated[clip_id] if event.label == label],
        path=curve(probs.tolist(), run.frame_scores.grid.frame_duration, run.truth.durations[clip_id]),
        percents=np.rint(100 * probs).astype(int).tolist(),
        threshold=threshold_of(run, label),
    )


def _wrong_segments(run: ScoredRun, clip_id: str, label: str) -> list[WrongSegment]:
    """Wrong segments, neighbours of one kind joined."""
    row, k, duration = run.row_of[clip_id], run.labels.index(label), run.truth.durations[clip_id]
    reference, estimated = (roll[row, :, k] for roll in run.rolls)
    wrong: list[WrongSegment] = []
    for s in np.flatnonzero(reference != estimated).tolist():
        onset, offset = s * TIME_RESOLUTION, min((s + 1) * TIME_RESOLUTION, duration)
        kind = "missed" if reference[s] else "false"
        if wrong and (wrong[-1].offset, wrong[-1].kind) == (onset, kind):
            onset = wrong.pop().onset
        wrong.append(WrongSegment(onset, offset, kind))
    return wrong
