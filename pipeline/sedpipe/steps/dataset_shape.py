"""Length and sample rate for the clips of a dataset, chosen from the recordings that they will be made from.

- :func:`lengths_of_recordings`: length (s) and sample rate (Hz) of each recording
- :func:`shape_of`: length and rate of clips, treatment of longer recordings, and groups of recordings
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from sedpipe.clips import DEFAULT_CLIP_S, DEFAULT_SAMPLE_RATE, pieces
from sedpipe.io.audio.lengths import length_of
from sedpipe.io.lists.importers.findings import Findings
from sedpipe.io.lists.recordings import Recording
from sedpipe.io.manifests.compose import Shape
from sedpipe.io.manifests.cutting import storable_rate
from sedpipe.listener import Listener
from sedpipe.steps.recording_groups import group_of
from sedpipe.wording import counted

Length = tuple[float, int]
"""Length in seconds and sample rate in Hz."""


def lengths_of_recordings(folder: Path, recordings: Sequence[Recording], listener: Listener) -> dict[str, Length]:
    """Return length and sample rate of the recordings that can be read."""
    found = {}
    for recording in listener.track(recordings, len(recordings), "recordings"):
        length = length_of(folder / recording.filename)
        if length is not None:
            found[recording.filename] = length
    return found


def shape_of(
    findings: Findings, recordings: Sequence[Recording], lengths: Mapping[str, Length], share: float
) -> tuple[Shape, list[str]]:
    """Choose clips of 10 s, or of the length of the longest recording if that is shorter; longer ones will be cut.

    Parameters
    ----------
    findings : Findings
        Findings of the importer, whose settings for clips take precedence.
    recordings : sequence of Recording
        Recordings that are used.
    lengths : mapping of str to (float, int)
        Length in seconds and sample rate in Hz of the recordings that can be read.
    share : float in (0, 1)
        Share of the recordings for ``testing``, if they are not split yet.

    Returns
    -------
    Shape
        The choice.
    list of str
        Sentences that say what was guessed.
    """
    longest = max((seconds for seconds, _ in lengths.values()), default=DEFAULT_CLIP_S)
    has_times = any(recording.events for recording in recordings)
    clip_s = findings.settings.get("clip_s", float(min(DEFAULT_CLIP_S, math.ceil(longest - 1e-6))))
    n_long = sum(len(pieces(seconds, clip_s)) > 1 for seconds, _ in lengths.values())
    rates = Counter(rate for _, rate in lengths.values() if rate)
    commonest = rates.most_common(1)[0][0] if rates else DEFAULT_SAMPLE_RATE
    wanted = int(findings.settings.get("sample_rate", commonest))
    rate = storable_rate(wanted)
    remarks = [f"{wanted:,} Hz cannot be stored: clips are at {rate:,} Hz"] if rate != wanted else []
    if n_long:
        how = (
            "windows, labelled with the events in them"
            if has_times
            else "pieces that all keep the labels of the recording"
        )
        remarks.append(f"{counted(n_long, 'recording')} longer than {clip_s:g} s, to be cut into {how}")
    if len(rates) > 1:
        told = ", ".join(f"{count:,} at {hz:,} Hz" for hz, count in rates.most_common(4))
        remarks.append(f"several sample rates ({told}): all will be stored at {rate:,} Hz")
    long = "windows" if has_times else "inherit" if n_long else "refuse"
    group, said = group_of(recordings, share)
    return Shape(clip_s, rate, long, share, group), [*remarks, *said]
