"""What every score report says of estimated events, whether a run or somebody's list made them.

- :func:`checked`: scores of ours after sed_eval has come to the same
- :func:`event_based`, :func:`yardstick_scores`, :func:`psds_scores`: parts of a report
- :func:`compare`: two lists of events on the same clips
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Any

import numpy as np

from sedpipe.detection.frame_scores import FrameScores
from sedpipe.detection.postprocess import PostProcessing, activity
from sedpipe.errors import SedpipeError
from sedpipe.events import EventLists
from sedpipe.io.records.scores import EventBased
from sedpipe.listener import Listener
from sedpipe.metrics.bootstrap import Difference, paired_differences
from sedpipe.metrics.detection_scores import DetectionScores, OverallScores
from sedpipe.metrics.event_scores import event_based_scores
from sedpipe.metrics.psds_scores import SCENARIOS, THRESHOLDS, psds
from sedpipe.metrics.sed_eval_scores import differences, official_event_based_scores, official_segment_based_scores
from sedpipe.metrics.segment_scores import segment_based_counts, segment_based_scores
from sedpipe.metrics.validation import EventTable, validate
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
    """Scores on which sed_eval and sedpipe agree; the listener hears how far sed_eval is, which takes its time.

    Raises
    ------
    SedpipeError
        If they do not, which is a bug that must not be printed.
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


def event_based(truth: Truth, estimated: EventLists, listener: Listener | None = None) -> EventBased:
    """Event-based scores with DCASE's collars, and with ``onset_only``."""
    both, onsets = (
        checked(EVENTS, truth, estimated, *collars, listener=listener) for collars in (DCASE_COLLARS, ONSET_ONLY)
    )
    return EventBased(**asdict(both.overall), onset_only=onsets.overall)


def yardstick_scores(truth: Truth, time_resolution: float) -> dict[str, OverallScores]:
    """Segment-based scores of each yardstick."""
    lists = yardsticks(truth.reference, truth.durations, truth.labels, time_resolution)
    return {
        name: segment_based_scores(truth.reference, found, truth.durations, truth.labels, time_resolution).overall
        for name, found in lists.items()
    }


def psds_scores(truth: Truth, scores: FrameScores, point: PostProcessing) -> dict[str, float | None]:
    """PSDS of each scenario, over common thresholds; the other filters are those of ``point``, without its gate."""
    n_classes = len(truth.labels)
    clips = validate(truth.reference, {}, truth.durations, truth.labels)
    tables = []
    for threshold in THRESHOLDS:
        at = point.changed(threshold=threshold, hysteresis=1.0, gate=0.0)
        active = activity(scores.frame_probs, at, scores.grid, scores.counted)
        tables.append(_events_of(active, scores.edges, clips.durations))
    return {
        name: psds(clips.reference, tables, clips.durations, n_classes, scenario)
        for name, scenario in SCENARIOS.items()
    }


def _events_of(active: np.ndarray, edges: np.ndarray, durations: np.ndarray) -> EventTable:
    """Runs of an activity (N, T, K), cut at the end of the clip."""
    changes = np.diff(np.pad(active.transpose(0, 2, 1), ((0, 0), (0, 0), (1, 1))).astype(np.int8), axis=2)
    clips, classes, starts = np.nonzero(changes == 1)
    stops = np.nonzero(changes == -1)[2]
    return EventTable(clips, classes, edges[starts], np.minimum(edges[stops], durations[clips]))


def compare(
    truth: Truth, estimated: EventLists, other: EventLists, time_resolution: float
) -> dict[str, Difference | None]:
    """How much better than ``other`` the events are: differences with 95 % intervals."""
    ours, others = (
        segment_based_counts(truth.reference, found, truth.durations, truth.labels, time_resolution)
        for found in (estimated, other)
    )
    return paired_differences(ours, others)
