"""How many clips of each split are there, and why the others are not.

- :func:`tally`: counts by state and by reason
- :func:`tally_classes`: how many clips of each class are there
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

from sedpipe.fates import STATES
from sedpipe.io.cache.dataset import Dataset, audio_name
from sedpipe.io.cache.ledger import Key, read_states
from sedpipe.io.records.dataset import DatasetRecord


def tally(cache: Dataset, record: DatasetRecord) -> dict[str, dict[str, Any]]:
    """Count the clips of a dataset.

    Parameters
    ----------
    cache : Dataset
    record : DatasetRecord
        Of the dataset.

    Returns
    -------
    dict
        By split: ``listed``, a number for each of ``STATES``, and ``reasons``: how many clips have each class of
        reason. A clip is ``ok`` if its audio is there, whatever else is known of it.
    """
    states = read_states(cache.folder)
    listed = {split: [clip.clip_id for clip in clips] for split, clips in cache.read_clips().items()}
    apart: defaultdict[str, list[str]] = defaultdict(list)  # clips that could not be given a row
    with_row = {(split, clip_id) for split, clip_ids in listed.items() for clip_id in clip_ids}
    for split, clip_id in states:
        if (split, clip_id) not in with_row:
            apart[split].append(clip_id)
    return {
        split: _of_split(split, n_listed, [*listed.get(split, []), *apart[split]], cache.audio_names(split), states)
        for split, n_listed in record.listed.items()
    }


def tally_classes(cache: Dataset, record: DatasetRecord) -> dict[str, dict[str, dict[str, int]]]:
    """Count clips by class: by split and label, ``listed`` and ``ok``; a clip counts for each of its labels."""
    counts: dict[str, dict[str, dict[str, int]]] = {}
    for split, clips in cache.read_clips().items():
        audio = cache.audio_names(split)
        counts[split] = {label: {"listed": 0, "ok": 0} for label in record.labels}
        for clip in clips:
            is_there = audio_name(clip.clip_id) in audio
            for label in clip.labels:
                counts[split][label]["listed"] += 1
                counts[split][label]["ok"] += is_there
    return counts


def _of_split(
    split: str, n_listed: int, clip_ids: list[str], audio: set[str], known: Mapping[Key, tuple[str, str]]
) -> dict[str, Any]:
    states: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for clip_id in clip_ids:
        state, reason = known.get((split, clip_id), ("pending", ""))
        is_there = audio_name(clip_id) in audio
        if is_there != (state == "ok"):  # the audio alone counts; what is known is of another time
            state, reason = "ok" if is_there else "pending", ""
        states[state] += 1
        if reason:
            reasons[reason] += 1
    counts: dict[str, Any] = {"listed": n_listed, **{state: states[state] for state in STATES}}
    counts["pending"] = n_listed - sum(states[state] for state in STATES if state != "pending")
    counts["reasons"] = dict(reasons.most_common())
    return counts
