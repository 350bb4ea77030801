"""How many clips of each split are there, and why the others are not.

- :func:`tally`: counts by state and by reason
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

from pipeline.fates import STATES
from pipeline.io.cache import DatasetCache, DatasetRecord, audio_name
from pipeline.io.ledger import Entry, Key, read_ledgers


def tally(cache: DatasetCache, record: DatasetRecord) -> dict[str, dict[str, Any]]:
    """Count the clips of a dataset.

    Parameters
    ----------
    cache : DatasetCache
    record : DatasetRecord
        Of the dataset.

    Returns
    -------
    dict
        By split: ``listed``, a number for each of ``STATES``, and ``reasons``: how many clips have each class of
        reason. A clip is ``ok`` if its audio is there, whatever else is known of it.
    """
    entries = read_ledgers(cache.folder)
    listed = {split: [clip.clip_id for clip in clips] for split, clips in cache.read_clips().items()}
    apart: defaultdict[str, list[str]] = defaultdict(list)  # clips that could not be given a row
    with_row = {(split, clip_id) for split, clip_ids in listed.items() for clip_id in clip_ids}
    for split, clip_id in entries:
        if (split, clip_id) not in with_row:
            apart[split].append(clip_id)
    return {
        split: _of_split(split, n_listed, [*listed.get(split, []), *apart[split]], cache.audio_names(split), entries)
        for split, n_listed in record.listed.items()
    }


def _of_split(
    split: str, n_listed: int, clip_ids: list[str], audio: set[str], entries: Mapping[Key, Entry]
) -> dict[str, Any]:
    states: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for clip_id in clip_ids:
        entry = entries.get((split, clip_id))
        is_there = audio_name(clip_id) in audio
        told = entry is not None and is_there == (entry.fate.state == "ok")
        states["ok" if is_there else entry.fate.state if entry is not None and told else "pending"] += 1
        if entry is not None and told and entry.fate.reason:
            reasons[entry.fate.reason] += 1
    counts: dict[str, Any] = {"listed": n_listed, **{state: states[state] for state in STATES}}
    counts["pending"] = n_listed - sum(states[state] for state in STATES if state != "pending")
    counts["reasons"] = dict(reasons.most_common())
    return counts
