"""Numbers of clips of each split that have audio, and reasons why the others do not.

- :func:`tally`: count clips by state and by reason -> :class:`Tally` of each split
- :func:`states_of`: the counted states, clip by clip
- :func:`tally_classes`: count clips of each class that have audio -> :class:`ClassTally` of each
- :class:`Listed`: what is known before anything has been downloaded
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from sedpipe.fates import STATES
from sedpipe.io.cache.dataset import Dataset, audio_name
from sedpipe.io.cache.ledger import read_ledgers, read_states
from sedpipe.io.records.dataset import DatasetRecord
from sedpipe.io.records.reading import damaged


@dataclass(frozen=True)
class Listed:
    """Number of clips that a split lists."""

    listed: int


@dataclass(frozen=True)
class Tally(Listed):
    """Number of clips in each of ``STATES``, and for each reason why they have no audio.

    A clip is ``ok`` if its audio is there, whatever else is known about it.
    """

    ok: int
    gone: int
    blocked: int
    retryable: int
    pending: int
    reasons: dict[str, int]


@dataclass(frozen=True)
class ClassTally:
    """Number of clips of a class that are listed, and that have audio; a clip counts for each of its labels."""

    listed: int
    ok: int


def tally(cache: Dataset, record: DatasetRecord) -> dict[str, Tally]:
    """Count the clips of a dataset.

    Parameters
    ----------
    cache : Dataset
    record : DatasetRecord
        Record of the dataset.

    Returns
    -------
    dict of str to Tally
        Counts by split.

    Raises
    ------
    SedpipeError
        If the record lists fewer clips of a split than there are, which means that it is damaged.
    """
    states = states_of(cache, record)
    return {split: _of_split(n_listed, states[split]) for split, n_listed in record.listed.items()}


def states_of(cache: Dataset, record: DatasetRecord) -> dict[str, dict[str, tuple[str, str]]]:
    """Return state and reason of every clip that has a row, or could not get one; by split and ``clip_id``.

    Raises
    ------
    SedpipeError
        As :func:`tally`.
    """
    known = read_states(cache.folder)
    listed = {split: [clip.clip_id for clip in clips] for split, clips in cache.read_clips().items()}
    apart: defaultdict[str, list[str]] = defaultdict(list)  # clips that could not get a row
    with_row = {(split, clip_id) for split, clip_ids in listed.items() for clip_id in clip_ids}
    for split, clip_id in known:
        if (split, clip_id) not in with_row:
            apart[split].append(clip_id)
    for split, n_listed in record.listed.items():
        if n_listed < (n_there := len(listed.get(split, []))):
            what = f"of the {n_there:,} clips of {split} in {cache.clips_path.name} it lists {n_listed:,}"
            raise damaged(cache.record_path, what, cache.remade)
        apart[split] = _latest(cache, split, apart[split], n_listed - n_there)
    states: dict[str, dict[str, tuple[str, str]]] = {}
    for split in record.listed:
        audio = cache.audio_names(split)
        states[split] = {
            clip_id: _now(known.get((split, clip_id), ("pending", "")), is_there=audio_name(clip_id) in audio)
            for clip_id in (*listed.get(split, []), *apart[split])
        }
    return states


def _now(known: tuple[str, str], *, is_there: bool) -> tuple[str, str]:
    """Return state and reason: whether there is audio decides, since what is known may be out of date."""
    return known if is_there == (known[0] == "ok") else ("ok" if is_there else "pending", "")


def _latest(cache: Dataset, split: str, clip_ids: list[str], most: int) -> list[str]:
    """Return at most as many clips without a row as are listed: a ledger may still have some that are not any more."""
    if len(clip_ids) <= most:
        return clip_ids
    entries = read_ledgers(cache.folder)
    told = sorted(clip_ids, key=lambda clip_id: entries[split, clip_id].last_try, reverse=True)
    return told[:most]


def tally_classes(cache: Dataset, record: DatasetRecord) -> dict[str, dict[str, ClassTally]]:
    """Count clips by split and label."""
    counts: dict[str, dict[str, ClassTally]] = {}
    for split, clips in cache.read_clips().items():
        audio = cache.audio_names(split)
        listed = Counter(label for clip in clips for label in clip.labels)
        there = Counter(label for clip in clips if audio_name(clip.clip_id) in audio for label in clip.labels)
        counts[split] = {label: ClassTally(listed[label], there[label]) for label in record.labels}
    return counts


def _of_split(n_listed: int, found: Mapping[str, tuple[str, str]]) -> Tally:
    states = Counter(state for state, _ in found.values())
    reasons = Counter(reason for _, reason in found.values() if reason)
    settled = {state: states[state] for state in STATES if state != "pending"}
    pending = n_listed - sum(settled.values())
    return Tally(n_listed, **settled, pending=pending, reasons=dict(reasons.most_common()))
