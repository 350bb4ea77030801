"""One clip as the page shows it on a card: reference and estimated events of each class, and their probabilities.

A card is data; the script of the page (``templates/scripts/card.js``) draws it only when the reader opens it.

- :class:`Card`: a clip
- :func:`card_of`: the card of a clip that one or several runs scored
- :class:`Track`, :class:`Voice`: one class of a clip, and the output of one run for it
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from sedpipe.detection.decoding import peak_and_mean
from sedpipe.detection.nearness import NEARLY, nearness
from sedpipe.metrics.segment_scores import TIME_RESOLUTION
from sedpipe.views.page.operating_point import number_of, settings_of
from sedpipe.views.page.pictures import Picture
from sedpipe.views.page.probabilities import SCALE, encoded, ten_thousandths
from sedpipe.views.page.scored_run import ScoredRun

_MOST_TRACKS = 7  # more are too many to compare by eye: the others are collapsed
_MOST_RUNNERS_UP = 2


@dataclass(frozen=True)
class DrawnEvent:
    """An estimated event with the highest and the mean probability of its frames."""

    onset: float
    offset: float
    peak: float
    mean: float


@dataclass(frozen=True)
class Voice:
    """The output of one run for one class of a clip.

    Parameters
    ----------
    run : int
        Index of the run among the runs of the page.
    events : sequence of DrawnEvent
    probs : str
        Frame probabilities, see :mod:`~sedpipe.views.page.probabilities`.
    high, low : float
        Thresholds: an event has a frame whose probability reaches ``high``, and extends over adjacent frames whose
        probability reaches ``low`` (hysteresis).
    gate : float
        Threshold of the clip gate: if the clip probability is lower, the class has no events.
    clip : float
        Clip probability.
    step : float
        Seconds from one frame to the next.
    """

    run: int
    events: Sequence[DrawnEvent]
    probs: str
    high: float
    low: float
    gate: float
    clip: float
    step: float


@dataclass(frozen=True)
class Span:
    """Onset and offset of a span of time, and its kind: ``reference``, or, if it is wrong, ``missed`` or ``false``."""

    onset: float
    offset: float
    kind: str


@dataclass(frozen=True)
class Track:
    """One class in one clip."""

    label: str
    reference: Sequence[Span]
    voices: Sequence[Voice]
    wrong: Sequence[Span]


@dataclass(frozen=True)
class Card:
    """One clip.

    Parameters
    ----------
    clip : str
        Its ``clip_id``.
    summary : str
        The errors in it, in a sentence.
    duration : float
        Its length in seconds.
    pictures : sequence of Picture
        Its spectrogram; empty if the page does not show it.
    sound : str
        Its audio as a data URI, or an empty string.
    remark : str
        The reason for missing audio, or for a missing picture.
    tracks : sequence of Track
        One track for each class that is relevant in the clip.
    n_open : int
        Number of tracks that are shown at first; the others are collapsed.
    """

    clip: str
    summary: str
    duration: float
    pictures: Sequence[Picture]
    sound: str
    remark: str
    tracks: Sequence[Track]
    n_open: int = _MOST_TRACKS

    @property
    def data(self) -> dict[str, Any]:
        """The card as plain values, for the page."""
        return asdict(self)


def card_of(
    runs: Sequence[ScoredRun],
    clip_id: str,
    summary: str,
    pictures: Sequence[Picture] = (),
    sound: str = "",
    remark: str = "",
) -> Card:
    """Return the card of a clip that all ``runs`` scored.

    Parameters
    ----------
    runs : sequence of ScoredRun
        Runs with the same labels and reference.
    clip_id : str
        A clip that all of them scored.
    summary, pictures, sound, remark : object
        As in :class:`Card`.
    """
    first = runs[0]
    return Card(
        clip=clip_id,
        summary=summary,
        duration=first.truth.durations[clip_id],
        pictures=pictures,
        sound=sound,
        remark=remark,
        tracks=[_track(runs, clip_id, label) for label in _labels_in_question(runs, clip_id)],
    )


def _labels_in_question(runs: Sequence[ScoredRun], clip_id: str) -> list[str]:
    """Return the classes of the reference by onset, then other estimated ones, then a few that were nearly estimated.

    A class was nearly estimated if its nearness to an event is at least :data:`~sedpipe.detection.nearness.NEARLY`.
    """
    labels = [event.label for event in sorted(runs[0].truth.reference[clip_id])]
    labels += [event.label for run in runs for event in sorted(run.estimated[clip_id])]
    best = {
        label: max(_nearness(run, clip_id, label) for run in runs) for label in runs[0].labels if label not in labels
    }
    near = sorted((label for label in best if best[label] >= NEARLY), key=lambda label: -best[label])
    return list(dict.fromkeys([*labels, *near[:_MOST_RUNNERS_UP]]))


def _nearness(run: ScoredRun, clip_id: str, label: str) -> float:
    """Return how near a class came to an event: see :func:`~sedpipe.detection.nearness.nearness`."""
    peak, clip = float(_probs(run, clip_id, label).max(initial=0.0)), _clip_prob(run, clip_id, label)
    return nearness(peak, _of_class(run, label, "threshold"), clip, _of_class(run, label, "gate"))


def _probs(run: ScoredRun, clip_id: str, label: str) -> np.ndarray:
    return np.asarray(run.frame_scores.probs_of(clip_id)[:, run.labels.index(label)])


def _clip_prob(run: ScoredRun, clip_id: str, label: str) -> float:
    return float(run.frame_scores.clip_probs[run.row_of[clip_id], run.labels.index(label)])


def _not_rounded_up(run: ScoredRun, clip_id: str, label: str) -> float:
    """Return the clip probability, rounded down to four decimals, so that it stays on the same side of the gate."""
    probs = run.frame_scores.clip_probs[run.row_of[clip_id]]
    return int(ten_thousandths(probs)[run.labels.index(label)]) / SCALE


def _of_class(run: ScoredRun, label: str, setting: str) -> float:
    return number_of(settings_of(run), setting, run.labels.index(label))


def _track(runs: Sequence[ScoredRun], clip_id: str, label: str) -> Track:
    reference = [event for event in runs[0].truth.reference[clip_id] if event.label == label and event.is_located]
    return Track(
        label=label,
        reference=[Span(event.onset, event.offset, "reference") for event in reference],
        voices=[_voice(run, number, clip_id, label) for number, run in enumerate(runs)],
        wrong=_wrong_segments(runs[0], clip_id, label) if len(runs) == 1 else [],
    )


def _voice(run: ScoredRun, number: int, clip_id: str, label: str) -> Voice:
    probs, high = _probs(run, clip_id, label), _of_class(run, label, "threshold")
    events = [event for event in run.estimated[clip_id] if event.label == label]
    return Voice(
        run=number,
        events=[
            DrawnEvent(event.onset, event.offset, *peak_and_mean(probs, event, run.frame_scores.edges))
            for event in events
        ],
        probs=encoded(probs),
        high=high,
        low=round(high * _of_class(run, label, "hysteresis"), 4),
        gate=_of_class(run, label, "gate"),
        clip=_not_rounded_up(run, clip_id, label),
        step=run.frame_scores.grid.frame_duration,
    )


def _wrong_segments(run: ScoredRun, clip_id: str, label: str) -> list[Span]:
    """Return the segments that are counted as errors; adjacent ones of the same kind are joined."""
    row, k, duration = run.row_of[clip_id], run.labels.index(label), run.truth.durations[clip_id]
    reference, estimated = (roll[row, :, k] for roll in run.rolls)
    wrong: list[Span] = []
    for s in np.flatnonzero(reference != estimated).tolist():
        onset, offset = s * TIME_RESOLUTION, min((s + 1) * TIME_RESOLUTION, duration)
        kind = "missed" if reference[s] else "false"
        if wrong and (wrong[-1].offset, wrong[-1].kind) == (onset, kind):
            onset = wrong.pop().onset
        wrong.append(Span(onset, offset, kind))
    return wrong
