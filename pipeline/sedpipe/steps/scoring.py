"""Scores of estimated events in every score report, whether the events come from a run or from a list.

- :func:`checked`: our scores, checked against sed_eval's
- :func:`yardstick_scores`: scores of trivial systems that ignore the audio
- :func:`compare`: difference between two systems on the same clips
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from sedpipe.errors import SedpipeError
from sedpipe.events import EventLists
from sedpipe.listener import Listener
from sedpipe.metrics.comparison import Difference, compare_runs, judged
from sedpipe.metrics.detection_scores import DetectionScores, OverallScores
from sedpipe.metrics.event_scores import event_based_scores
from sedpipe.metrics.sed_eval_scores import differences, official_event_based_scores, official_segment_based_scores
from sedpipe.metrics.segment_scores import segment_based_counts, segment_based_scores
from sedpipe.metrics.sharing import Sharing
from sedpipe.metrics.yardsticks import yardsticks
from sedpipe.truth import Truth

Metric = tuple[Callable[..., DetectionScores], Callable[..., DetectionScores]]
SEGMENTS: Metric = (official_segment_based_scores, segment_based_scores)
EVENTS: Metric = (official_event_based_scores, event_based_scores)
DCASE_COLLARS = (0.2, 0.2)
ONSET_ONLY = (0.2, None)


def checked(
    metric: Metric, truth: Truth, estimated: EventLists, *options: Any, listener: Listener | None = None
) -> DetectionScores:
    """Return scores on which sed_eval and sedpipe agree; report the progress of sed_eval, which is slow.

    Parameters
    ----------
    metric : Metric
        Pair of functions: sed_eval's and ours.
    truth : Truth
        Reference events of the clips that are scored.
    estimated : mapping of str to sequence of Event
        Events that a system predicts in these clips.
    options : object
        Further arguments of both functions.
    listener : Listener, optional
        Receives progress and remarks.

    Raises
    ------
    SedpipeError
        If sed_eval and sedpipe disagree: a bug, whose numbers must not be shown.
    """
    lists = truth.reference, estimated, truth.durations, truth.labels
    watch = partial((listener or Listener()).track, total=len(truth.reference), what="clips checked by sed_eval")
    by_sed_eval, by_us = metric
    ours = by_us(*lists, *options)
    official = by_sed_eval(*lists, *options, watch=watch)
    different = differences(official, ours)
    if different:
        raise SedpipeError(
            f"sed_eval and sedpipe disagree on {', '.join(different)}", hint="please report this as a bug"
        )
    return ours


def yardstick_scores(truth: Truth, time_resolution: float) -> dict[str, OverallScores]:
    """Return the segment-based scores of each yardstick."""
    lists = yardsticks(truth.reference, truth.durations, truth.labels, time_resolution)
    return {
        name: segment_based_scores(truth.reference, found, truth.durations, truth.labels, time_resolution).overall
        for name, found in lists.items()
    }


def compare(
    truth: Truth,
    ours: Sequence[EventLists],
    theirs: Sequence[EventLists],
    time_resolution: float,
    sharing: Sharing,
) -> dict[str, Difference | None]:
    """Return the differences between two systems on the same clips, by score, and whether they may be due to chance.

    Parameters
    ----------
    truth : Truth
        Reference events of the clips that both were scored on.
    ours, theirs : sequence of mapping of str to sequence of Event
        Events of each system: one run per seed, both with the same seeds in the same order.
    time_resolution : float > 0
        Length of a segment in seconds.
    sharing : Sharing
        Which of the clips have a recording in common.
    """
    of_ours, of_theirs = (
        [segment_based_counts(truth.reference, events, truth.durations, truth.labels, time_resolution) for events in of]
        for of in (ours, theirs)
    )
    found = compare_runs(of_ours, of_theirs, sharing)
    return dict(zip(found, judged(list(found.values())), strict=True))
