"""Event lists made fit for scoring, alike for every metric.

- :func:`validate`: the reference and the estimated events of the same clips, or what is wrong with them
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from pipeline.events import Event, EventLists
from pipeline.labels import LabelSet

TIME_DECIMALS = 3


def validate(
    reference: EventLists, estimated: EventLists, durations: Mapping[str, float], labels: LabelSet
) -> tuple[dict[str, list[Event]], dict[str, list[Event]], dict[str, float]]:
    """Both lists and the durations for the clips of the reference, in its order.

    All times are rounded to 1 ms, since float dust would light a segment (an offset of 2.0000001 s reaches into a
    third second), and events that are not located in time are left out.

    Parameters
    ----------
    reference : mapping of str to sequence of Event
        What sounds; a clip with an empty list counts.
    estimated : mapping of str to sequence of Event
        What a system says; a clip of the reference that is missing here has no events.
    durations : mapping of str to float
        Length in seconds of each clip of the reference; others are ignored.
    labels : LabelSet
        The classes.

    Returns
    -------
    reference, estimated : dict of str to list of Event
        For each clip of the reference.
    durations : dict of str to float
        For each clip of the reference.

    Raises
    ------
    ValueError
        If a clip is estimated that the reference lacks, has no usable duration, or has an event of no class of
        ``labels``.
    """
    for clip_id in estimated:
        if clip_id not in reference:
            raise ValueError(f"clip {clip_id!r} has estimated events but is not in the reference")
    return (
        {clip_id: _scorable(clip_id, events, labels) for clip_id, events in reference.items()},
        {clip_id: _scorable(clip_id, estimated.get(clip_id, ()), labels) for clip_id in reference},
        {clip_id: _duration(clip_id, durations) for clip_id in reference},
    )


def _scorable(clip_id: str, events: Iterable[Event], labels: LabelSet) -> list[Event]:
    for event in events:
        if event.label not in labels:
            raise ValueError(f"clip {clip_id!r} has an event of {event.label!r}, which is not one of the classes")
    rounded = (Event(_rounded(event.onset), _rounded(event.offset), event.label) for event in events)
    return [event for event in rounded if event.is_located]


def _duration(clip_id: str, durations: Mapping[str, float]) -> float:
    if clip_id not in durations:
        raise ValueError(f"clip {clip_id!r} of the reference has no duration")
    duration = durations[clip_id]
    if not 0 < duration < math.inf:
        raise ValueError(f"clip {clip_id!r} must last a positive number of seconds, got {duration}")
    return _rounded(duration)


def _rounded(seconds: float) -> float:
    return round(float(seconds), TIME_DECIMALS)
