"""Messages for the user about the recordings of a split, with counts: nothing is silently cut, dropped or guessed.

- :func:`notes_of`: messages about one split
- :func:`unlisted_notes`: messages about recordings that are in no list
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sedpipe.sources.cutting import CutUp, LeftOut, differs
from sedpipe.sources.looking import SplitLooked
from sedpipe.wording import counted, of_some


def notes_of(split: SplitLooked, cut: Sequence[CutUp], clip_s: float, *, has_strong: bool) -> list[str]:
    """Return sentences about a split.

    Parameters
    ----------
    split : SplitLooked
    cut : sequence of CutUp
        Clips of each of its recordings.
    clip_s : float
        Longest clip in seconds.
    has_strong : bool
        Whether the split has a strong list.
    """
    name = split.listed.split
    notes = [*_of_files(split), *_of_lengths(split, cut, clip_s), *_of_events(cut)]
    differing = [one.listed for one in split.recordings if differs(one.listed)]
    if differing:
        first = differing[0]
        events = sorted({event.label for event in first.events or ()})
        notes.append(
            f"{counted(len(differing), 'recording')} whose weak labels and events contradict each other: "
            f"{first.filename!r} has {', '.join(first.labels) or 'none'}, and events of {', '.join(events) or 'none'}"
        )
    without = [one.listed.filename for one in split.recordings if one.listed.labels and one.listed.events is None]
    if has_strong and without:
        n_without = counted(len(without), "recording")
        notes.append(
            f"{n_without} with weak labels but no row in the strong list ({of_some(without)}): when these sound is not "
            "known"
        )
    return [*split.listed.remarks, *(f"{name}: {note}" for note in notes)]


def unlisted_notes(splits: Sequence[SplitLooked]) -> Iterator[str]:
    """Yield sentences about recordings that are in a folder of the dataset but in none of its lists."""
    for folder in dict.fromkeys(split.folder for split in splits):
        those = [split for split in splits if split.folder == folder]
        listed = {file for split in those for file in split.found.files.values()}
        others = [file for file in those[0].found.others if file not in listed]
        if others:
            yield f"{counted(len(others), 'recording')} below {folder!r} in no list: {of_some(others)}"


def _of_files(split: SplitLooked) -> Iterator[str]:
    there = [one for one in split.recordings if one.is_there]
    missing = [one for one in split.recordings if not one.is_there and one.seen is None]
    kept = [one.listed.filename for one in split.recordings if not one.is_there and one.seen is not None]
    changed = [one.listed.filename for one in there if one.was_other]
    if missing:
        names = of_some([one.listed.filename for one in missing], 10)
        yield (
            f"{len(missing):,} of {counted(len(split.recordings), 'recording')} not there, looked for below "
            f"{split.folder!r}: {names}{missing[0].suggestion}"
        )
    if kept:
        yield f"{counted(len(kept), 'recording')} no longer there; clips made before are kept: {of_some(kept, 10)}"
    if changed:
        yield f"{counted(len(changed), 'recording')} that changed, to be converted again: {of_some(changed)}"
    if split.found.n_renamed:
        yield f"{counted(split.found.n_renamed, 'recording')} with a slightly different name in the list"


def _of_lengths(split: SplitLooked, cut: Sequence[CutUp], clip_s: float) -> Iterator[str]:
    n_clips = sum(len(pieces.clips) for pieces in cut)
    windows = [pieces for pieces in cut if len(pieces.clips) > 1 and not pieces.inherits]
    heirs = [pieces for pieces in cut if pieces.inherits]
    refused = [
        one.listed.filename for one, pieces in zip(split.recordings, cut, strict=True) if pieces.fault[0] == "too-long"
    ]
    without = [
        one.listed.filename for one, pieces in zip(split.recordings, cut, strict=True) if pieces.fault[0] == "no-times"
    ]
    long = f"longer than {clip_s:g} s"
    if windows:
        yield (
            f"{counted(len(windows), 'recording')} {long}, cut into windows that are labelled with the events in them: "
            f"{counted(n_clips, 'clip')} in all"
        )
    if heirs:
        n_pieces = sum(len(pieces.clips) for pieces in heirs)
        yield (
            f"{counted(len(heirs), 'labelled recording')} {long}, cut into {counted(n_pieces, 'piece')} that inherit "
            f"the labels, whether they sound in them or not: {counted(n_clips, 'clip')} in all"
        )
    if refused:
        yield (
            f"{counted(len(refused), 'recording')} {long} refused ({of_some(refused)}): choose long = "
            '"windows" or "inherit", or a larger clip_s'
        )
    if without:
        n_without = counted(len(without), "recording")
        yield f"{n_without} {long} refused, since it is not known when its labels sound: {of_some(without)}"


def _of_events(cut: Sequence[CutUp]) -> Iterator[str]:
    left_out = LeftOut()
    for pieces in cut:
        left_out.add(pieces.left_out)
    if left_out.past_end:
        yield f"{counted(left_out.past_end, 'event')} after the end of the recording dropped"
    if left_out.beyond_end:
        yield f"{counted(left_out.beyond_end, 'event')} truncated at the end of the recording"
    if left_out.parts:
        yield f"{counted(left_out.parts, 'part')} of events under 0.1 s left out at the edges of windows"
