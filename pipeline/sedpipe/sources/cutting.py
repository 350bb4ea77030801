"""A recording as clips: one, or the pieces of a long one, with the events of each, and those that were left out.

- :func:`cut_up`: recording -> :class:`CutUp`
- :class:`CutUp`: clips and events of a recording
- :class:`LeftOut`: numbers of events that were cut or dropped, to be reported
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sedpipe.clips import LEAST_PIECE_S, Clip, piece_clip_id, pieces
from sedpipe.events import Event, events_within
from sedpipe.io.lists.recordings import Recording

_NEAR_S = 0.05  # tolerance for events that end after their recording: codecs pad, and annotators click imprecisely
_DUST_S = 1e-6


@dataclass
class LeftOut:
    """Numbers of events that are not in clips as they were listed.

    Parameters
    ----------
    past_end : int
        Events that begin after the end of their recording.
    beyond_end : int
        Events that continue beyond the end of their recording.
    parts : int
        Parts under a tenth of a second of events that continue in the next or previous piece.
    """

    past_end: int = 0
    beyond_end: int = 0
    parts: int = 0

    def add(self, other: LeftOut) -> None:
        """Add the numbers of another recording."""
        self.past_end += other.past_end
        self.beyond_end += other.beyond_end
        self.parts += other.parts


@dataclass(frozen=True)
class CutUp:
    """The clips of a recording.

    Parameters
    ----------
    clips : list of Clip
    events : list of list of Event, or None
        Events of each clip, with times from its beginning; None if they are unknown.
    left_out : LeftOut
    fault : tuple of (str, str)
        Why the recording cannot be used as it is: reason and sentence; both empty if it can.
    inherits : bool
        Whether the pieces have the labels of the whole recording.
    """

    clips: list[Clip]
    events: list[list[Event]] | None
    left_out: LeftOut = field(default_factory=LeftOut)
    fault: tuple[str, str] = ("", "")
    inherits: bool = False


def cut_up(whole: Clip, listed: Recording, seconds: float | None, clip_s: float, long: str) -> CutUp:
    """Cut a recording into clips.

    Parameters
    ----------
    whole : Clip
        The recording as one clip: its id, split and source.
    listed : Recording
        Labels and events of the recording in the lists.
    seconds : float or None
        Duration in seconds; None if it is unknown, since the recording is missing or cannot be read.
    clip_s : float
        Longest clip in seconds. A remainder of less than a tenth of a second is cut off.
    long : str
        What to do with a longer recording: ``windows``, ``inherit`` or ``refuse``.
    """
    if seconds is None:
        return CutUp([whole], None if listed.events is None else [list(listed.events)])
    places = pieces(seconds, clip_s)
    events, left_out = _inside(listed.events, min(seconds, places[-1][1]))
    if len(places) == 1:
        return CutUp([whole], None if events is None else [events], left_out)
    if long == "refuse":
        return CutUp([whole], None, fault=("too-long", _too_long(seconds, clip_s)))
    if long == "inherit":
        clips = [_piece(whole, place, listed.labels) for place in places]
        found = None if events is None else [events_within(events, *place) for place in places]
        return CutUp(clips, found, left_out, inherits=bool(listed.labels))
    unknown = _without_time(listed)
    if unknown:
        return CutUp([whole], None, fault=("no-times", _no_times(seconds, clip_s, unknown)))
    in_windows = _in_windows(events or [], places, clip_s, left_out)
    order = tuple(dict.fromkeys([*whole.labels, *(event.label for found in in_windows for event in found)]))
    clips = [
        _piece(whole, place, [label for label in order if any(event.label == label for event in found)])
        for place, found in zip(places, in_windows, strict=True)
    ]
    return CutUp(clips, in_windows, left_out)


def differs(listed: Recording) -> bool:
    """Return whether weak labels and events of a recording contradict each other."""
    return listed.events is not None and {event.label for event in listed.events} != set(listed.labels)


def _piece(whole: Clip, place: tuple[float, float], labels: Sequence[str]) -> Clip:
    return Clip(piece_clip_id(whole.clip_id, *place), whole.split, whole.source, *place, tuple(labels))


def _inside(events: Sequence[Event] | None, end_s: float) -> tuple[list[Event] | None, LeftOut]:
    """Return the events up to the end, and all those without known times."""
    left_out = LeftOut()
    if events is None:
        return None, left_out
    found = []
    for event in events:
        if event.onset >= end_s - _DUST_S and event.is_located:
            left_out.past_end += 1
            continue
        left_out.beyond_end += event.offset > end_s + _NEAR_S
        found.append(Event(event.onset, max(event.onset, min(event.offset, end_s)), event.label))
    return found, left_out


def _in_windows(
    events: Sequence[Event], places: Sequence[tuple[float, float]], clip_s: float, left_out: LeftOut
) -> list[list[Event]]:
    """Return the events of each window: those with at least 0.1 s in it, or with no longer part in another window."""
    counting: list[list[Event]] = [[] for _ in places]
    for event in events:
        last = min(len(places) - 1, int(event.offset / clip_s))
        overlaps = {k: _overlap(event, places[k]) for k in range(min(last, int(event.onset / clip_s)), last + 1)}
        enough = min(LEAST_PIECE_S, max(overlaps.values())) - _DUST_S
        for k, overlap in overlaps.items():
            if overlap >= enough and overlap > 0:
                counting[k].append(event)
            elif overlap > _DUST_S:
                left_out.parts += 1
    return [events_within(found, *place) for found, place in zip(counting, places, strict=True)]


def _overlap(event: Event, place: tuple[float, float]) -> float:
    return min(event.offset, place[1]) - max(event.onset, place[0])


def _without_time(listed: Recording) -> tuple[str, ...]:
    """Return the labels whose times are unknown."""
    if listed.events is None:
        return listed.labels
    return tuple(dict.fromkeys(event.label for event in listed.events if not event.is_located))


def _too_long(seconds: float, clip_s: float) -> str:
    return (
        f'{seconds:.1f} s long, longer than clips of {clip_s:g} s: with long = "windows" and a strong list it is cut '
        'into windows that are labelled by the events in them, with long = "inherit" into pieces that keep its labels; '
        "or give a larger clip_s"
    )


def _no_times(seconds: float, clip_s: float, labels: Sequence[str]) -> str:
    return (
        f"{seconds:.1f} s long, longer than clips of {clip_s:g} s, and no strong list says when {', '.join(labels)} "
        'sounds in it, so its windows cannot be labelled: add its events, or choose long = "inherit"'
    )
