"""Event lists of trivial baselines and oracles, whose scores are for comparison.

- :func:`yardsticks`: the event lists by name, on exactly the clips that are scored

``nothing``: no events. ``commonest_everywhere``: the class with the longest total duration, over the whole of every
clip. ``tags_stretched``: the true labels of each clip, over the whole clip, as from a perfect tagger without times.
``rounded_to_segments``: the reference with its times rounded to segments, as from a perfect system at that resolution.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sedpipe.events import Event, EventLists
from sedpipe.labels import LabelSet

NAMES = ("nothing", "commonest_everywhere", "tags_stretched", "rounded_to_segments")


def yardsticks(
    reference: EventLists, durations: Mapping[str, float], labels: LabelSet, time_resolution: float = 1.0
) -> dict[str, dict[str, list[Event]]]:
    """Return the estimated events of each yardstick by ``clip_id``.

    Parameters
    ----------
    reference : mapping of str to sequence of Event
        Reference events by clip; events that are not located still show that their class is present.
    durations : mapping of str to float
        Length in seconds of each clip.
    labels : LabelSet
        The classes; if several have the same longest total duration, the first of them is the commonest.
    time_resolution : float > 0
        Length of a segment in seconds.
    """
    commonest = commonest_class(reference, labels)
    everywhere = {clip_id: [Event(0.0, durations[clip_id], commonest)] for clip_id in reference}
    stretched = {
        clip_id: [Event(0.0, durations[clip_id], label) for label in sorted({event.label for event in events})]
        for clip_id, events in reference.items()
    }
    rounded = {clip_id: _rounded(events, time_resolution) for clip_id, events in reference.items()}
    return dict(zip(NAMES, ({}, everywhere, stretched, rounded), strict=True))


def commonest_class(reference: EventLists, labels: LabelSet) -> str:
    """Return the class with the longest total duration."""
    seconds = dict.fromkeys(labels, 0.0)
    for events in reference.values():
        for event in events:
            seconds[event.label] += event.duration
    return max(labels, key=lambda label: seconds[label])


def _rounded(events: Sequence[Event], time_resolution: float) -> list[Event]:
    times = [
        (
            round(event.onset / time_resolution) * time_resolution,
            round(event.offset / time_resolution) * time_resolution,
        )
        for event in events
    ]
    return [
        Event(onset, offset, event.label)
        for event, (onset, offset) in zip(events, times, strict=True)
        if onset < offset
    ]
