"""Lengths of the clips of event lists: as given, from their names, or up to their last event.

- :func:`lengths_of`: lists -> :class:`ClipLengths`
- :func:`length_in_name`: length of a segment of a video, from its Audio Set name
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sedpipe.errors import ListFormatError
from sedpipe.events import EventLists
from sedpipe.io.lists.durations import read_durations
from sedpipe.metrics.validation import DUST_DECIMALS
from sedpipe.wording import counted

_PIECE = re.compile(r"[A-Za-z0-9_-]{11}_(?P<start>\d{1,6}\.\d{3})_(?P<end>\d{1,6}\.\d{3})")
_DUST = 10**-DUST_DECIMALS
_UNKNOWN = 1.0
"""Length in seconds of a clip about which nothing is known, not even an event."""


@dataclass(frozen=True)
class ClipLengths:
    """Length of each clip in seconds.

    Parameters
    ----------
    scored : mapping of str to float
        Length up to which a clip is scored: the given one, else at least up to the last event of any list, since the
        official metric cuts nothing.
    whole : mapping of str to float
        Assumed length of each clip, for events that last the whole clip.
    cut : mapping of str to int
        Number of events that extend beyond the end of their clip and are cut there, by list; empty if no lengths are
        given.
    remarks : tuple of str
        Sentences that say what was guessed or cut.
    """

    scored: Mapping[str, float]
    whole: Mapping[str, float]
    cut: Mapping[str, int]
    remarks: tuple[str, ...]


def lengths_of(
    reference: EventLists, lists: Mapping[str, EventLists], duration: float | None = None, durations: Path | None = None
) -> ClipLengths:
    """Return the lengths of the clips of a reference.

    Parameters
    ----------
    reference : mapping of str to sequence of Event
        Reference events; its clips are those that are scored.
    lists : mapping of str to EventLists
        The reference and the estimated lists, by name.
    duration : float, optional
        Length of every clip in seconds.
    durations : Path, optional
        List of the lengths of the clips.

    Raises
    ------
    ListFormatError
        If the list of durations lacks a clip.
    """
    if duration is None and durations is None:
        return _guessed(reference, list(lists.values()))
    given = dict.fromkeys(reference, duration) if duration is not None else _listed(reference, durations)
    known = {clip_id: seconds for clip_id, seconds in given.items() if seconds is not None}
    cut, beyond = {}, 0
    for name, events in lists.items():
        late = [(event, known[clip_id]) for clip_id, found in events.items() for event in found
                if event.offset > known[clip_id] + _DUST]  # fmt: skip
        cut[name] = len(late)
        beyond += sum(event.onset >= end for event, end in late)
    n_cut = ", ".join(f"{count:,} of the {name}" for name, count in cut.items() if count)
    said = (
        f"events that extend beyond the end of their clip are truncated there: {n_cut} ({beyond:,} entirely beyond it)"
    )
    return ClipLengths(known, known, cut, (said,) if n_cut else ())


def length_in_name(clip_id: str) -> float | None:
    """Return the length in seconds of a segment of a video, or None if the name does not contain it.

    >>> length_in_name("-5QrBL6MzLg_60.000_70.000"), length_in_name("mix_01_02")
    (10.0, None)
    """
    piece = _PIECE.fullmatch(clip_id)
    seconds = float(piece["end"]) - float(piece["start"]) if piece else 0.0
    return seconds if seconds > 0 else None


def _listed(reference: EventLists, durations: Path | None) -> dict[str, float]:
    assert durations is not None
    known = read_durations(durations)
    for clip_id in reference:
        if clip_id not in known:
            raise ListFormatError(f"{durations} has no duration of clip {clip_id!r}")
    return known


def _guessed(reference: EventLists, lists: Sequence[EventLists]) -> ClipLengths:
    last = {
        clip_id: max((event.offset for events in lists for event in events.get(clip_id, ())), default=0.0)
        for clip_id in reference
    }
    named = {clip_id: seconds for clip_id in reference if (seconds := length_in_name(clip_id)) is not None}
    remarks = []
    if len(named) < len(reference):
        remarks.append(
            f"{counted(len(reference) - len(named), 'clip')} taken to end with the last event (only the baselines "
            "depend on it; --duration or --durations gives the lengths)"
        )
    late = sum(last[clip_id] > seconds + _DUST for clip_id, seconds in named.items())
    if late:
        remarks.append(
            f"{counted(late, 'clip')} with events beyond the end that their name implies; nothing is truncated"
        )
    return ClipLengths(
        {clip_id: max(last[clip_id], named.get(clip_id, 0.0)) or _UNKNOWN for clip_id in reference},
        {clip_id: named.get(clip_id, last[clip_id]) or _UNKNOWN for clip_id in reference},
        {},
        tuple(remarks),
    )
