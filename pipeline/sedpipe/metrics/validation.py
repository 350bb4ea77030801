"""Checks and preparation of event lists for scoring, the same for every metric.

- :func:`validate`: checks the reference and the estimated events, and returns them for the same clips
- :class:`EventTable`: events of many clips as arrays
- :class:`Scorable`: both tables with the lengths of the clips
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from sedpipe.events import Event, EventLists
from sedpipe.labels import LabelSet, UnknownLabelError

DUST_DECIMALS = 6
"""Decimals to which times are rounded: anything below a microsecond is a rounding error, not a time from a list."""

_NEAR_A_TIE = 1e-3  # of a microsecond


@dataclass(frozen=True, eq=False)
class EventTable:
    """M events of several clips.

    Parameters
    ----------
    clips, classes : ndarray [shape=(M,)]
        Index of the clip and of the class of each event.
    onsets, offsets : ndarray [shape=(M,)]
        Onset and offset of each event in seconds.
    """

    clips: np.ndarray
    classes: np.ndarray
    onsets: np.ndarray
    offsets: np.ndarray

    def __len__(self) -> int:
        return len(self.clips)

    def where(self, wanted: np.ndarray | slice) -> EventTable:
        """Select events by a mask, indices or a slice."""
        return EventTable(self.clips[wanted], self.classes[wanted], self.onsets[wanted], self.offsets[wanted])

    def of_clips(self, some: slice) -> EventTable:
        """Select the events of a slice of clips, which are then numbered from 0; events must be in order of clips."""
        first, end = np.searchsorted(self.clips, [some.start, some.stop])
        found = self.where(slice(first, end))
        return EventTable(found.clips - some.start, found.classes, found.onsets, found.offsets)

    def lists(self, n_clips: int, labels: LabelSet) -> list[list[Event]]:
        """Convert the table to a list of events for each clip."""
        found: list[list[Event]] = [[] for _ in range(n_clips)]
        columns = (self.clips, self.classes, self.onsets, self.offsets)
        for n, k, onset, offset in zip(*(column.tolist() for column in columns), strict=True):
            found[n].append(Event(onset, offset, labels.names[k]))
        return found


@dataclass(frozen=True, eq=False)
class Scorable:
    """Input of a metric: the events of N clips.

    Parameters
    ----------
    clip_ids : list of str
        Names of the clips of the reference, in its order.
    durations : ndarray [shape=(N,)]
        Length of each clip in seconds.
    reference, estimated : EventTable
        Events in order of clips, those of a clip in the order of its list.
    """

    clip_ids: list[str]
    durations: np.ndarray
    reference: EventTable
    estimated: EventTable


def validate(
    reference: EventLists, estimated: EventLists, durations: Mapping[str, float], labels: LabelSet
) -> Scorable:
    """Check both lists and the durations, and return them for the clips of the reference, in its order.

    All times are rounded to 1 microsecond, since a rounding error could make a segment active (an offset of 2.0000001 s
    reaches into a third second). Rows with onset = offset = 0, by which DCASE 2017 marks a class as present at an
    unknown time, are not events. Other events of length 0 are treated as in sed_eval.

    Parameters
    ----------
    reference : mapping of str to sequence of Event
        Reference events by clip; a clip with an empty list is scored, too.
    estimated : mapping of str to sequence of Event
        Estimated events by clip; a clip of the reference that is missing here has no events.
    durations : mapping of str to float
        Length in seconds of each clip of the reference; other clips are ignored.
    labels : LabelSet
        The classes.

    Raises
    ------
    ValueError
        If a clip is in ``estimated`` but not in the reference, has no usable duration, or has an event whose class is
        not in ``labels``.
    """
    for clip_id in estimated:
        if clip_id not in reference:
            raise ValueError(f"clip {clip_id!r} has estimated events but is not in the reference")
    clip_ids = list(reference)
    return Scorable(
        clip_ids,
        rounded([_duration(clip_id, durations) for clip_id in clip_ids]),
        _table(clip_ids, reference, labels),
        _table(clip_ids, estimated, labels),
    )


def rounded(seconds: Sequence[float] | np.ndarray) -> np.ndarray:
    """Round times to 1 microsecond, with the same results as Python's ``round``; the result has shape (M,)."""
    times = np.asarray(seconds, dtype=float).reshape(-1)
    microseconds = times * 10**DUST_DECIMALS
    result = np.rint(microseconds) / 10**DUST_DECIMALS
    for index in np.flatnonzero(np.abs(microseconds - np.floor(microseconds) - 0.5) < _NEAR_A_TIE):
        result[index] = round(float(times[index]), DUST_DECIMALS)
    return np.asarray(result)


def _table(clip_ids: Sequence[str], lists: EventLists, labels: LabelSet) -> EventTable:
    in_order = [lists.get(clip_id, ()) for clip_id in clip_ids]
    events = list(chain.from_iterable(in_order))
    index = {label: k for k, label in enumerate(labels)}
    try:
        classes = np.fromiter((index[event.label] for event in events), int, len(events))
    except KeyError:
        raise _unknown_label(lists, labels) from None
    table = EventTable(
        np.repeat(np.arange(len(in_order)), [len(of_clip) for of_clip in in_order]),
        classes,
        rounded(np.fromiter((event.onset for event in events), float, len(events))),
        rounded(np.fromiter((event.offset for event in events), float, len(events))),
    )
    return table.where(table.offsets > 0)


def _unknown_label(lists: EventLists, labels: LabelSet) -> ValueError:
    """Return the error for the first unknown label, with its clip and what was probably meant."""
    for clip_id, events in lists.items():
        for event in events:
            try:
                labels.index(event.label)
            except UnknownLabelError as error:
                return ValueError(f"clip {clip_id!r} has an event of no known class: {error}")
    raise AssertionError("every label is known")


def _duration(clip_id: str, durations: Mapping[str, float]) -> float:
    if clip_id not in durations:
        raise ValueError(f"clip {clip_id!r} of the reference has no duration")
    duration = durations[clip_id]
    if not 0 < duration < math.inf:
        raise ValueError(f"clip {clip_id!r} must last a positive number of seconds, got {duration}")
    return duration
