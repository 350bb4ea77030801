"""Rows of listed clips that are longer than a dataset's clips may be -> rows of pieces of them.

- :func:`cut_rows`: cut them in the way that the manifest's ``long`` selects
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sedpipe.clips import LEAST_PIECE_S, Clip
from sedpipe.events import Event
from sedpipe.fates import Fate
from sedpipe.io.lists.recordings import Recording
from sedpipe.sources.cutting import CutUp, LeftOut, cut_up
from sedpipe.sources.source import SplitRows
from sedpipe.wording import counted


def cut_rows(rows: SplitRows, clip_s: float, long: str, name_of: Callable[[Clip, float, float], str]) -> SplitRows:
    """Cut listed clips that are too long.

    Parameters
    ----------
    rows : SplitRows
    clip_s : float
        Longest clip in seconds.
    long : str
        What to do with a longer one: ``windows``, ``inherit`` or ``refuse``.
    name_of : callable
        (listed clip, start and end of a piece of its source in seconds) -> ``clip_id`` of that piece.

    Returns
    -------
    SplitRows
        ``rows`` itself if no clip is longer. Its notes count what was cut, refused or left out.
    """
    long_ones = {clip.clip_id for clip in rows.clips if clip.duration > clip_s + LEAST_PIECE_S}
    if not long_ones:
        return rows
    clips: list[Clip] = []
    reference: dict[str, list[Event]] = {}
    dropped, left_out = list(rows.dropped), LeftOut()
    for listed in rows.clips:
        events = None if rows.reference is None else list(rows.reference.get(listed.clip_id, ()))
        if listed.clip_id not in long_ones:
            clips.append(listed)
            reference[listed.clip_id] = events or []
            continue
        cut = cut_up(listed, Recording(listed.source, listed.labels, _or_none(events)), listed.duration, clip_s, long)
        left_out.add(cut.left_out)
        if cut.fault[0]:
            dropped.append(Fate(rows.split, listed.clip_id, "retryable", *cut.fault))
            continue
        for piece, found in _pieces(listed, cut, name_of):
            clips.append(piece)
            reference[piece.clip_id] = found
    told = f"{rows.split}: {counted(len(long_ones), 'clip')} longer than {clip_s:g} s: {long}"
    parts = f"{rows.split}: {counted(left_out.parts, 'part')} of events under 0.1 s left out at the edges of windows"
    notes = [*rows.notes, told, *([parts] if left_out.parts else [])]
    n_listed = len(clips) + len(dropped)
    kept = None if rows.reference is None else reference
    return replace(rows, listed=n_listed, clips=clips, reference=kept, dropped=dropped, notes=notes)


def _or_none(events: list[Event] | None) -> tuple[Event, ...] | None:
    return None if events is None else tuple(events)


def _pieces(listed: Clip, cut: CutUp, name_of: Callable[[Clip, float, float], str]) -> list[tuple[Clip, list[Event]]]:
    events = cut.events or [[] for _ in cut.clips]
    found = []
    for piece, of_piece in zip(cut.clips, events, strict=True):
        start_s, end_s = listed.start_s + piece.start_s, listed.start_s + piece.end_s
        named = replace(piece, clip_id=name_of(listed, start_s, end_s), start_s=start_s, end_s=end_s)
        found.append((named, of_piece))
    return found
