"""The recordings in the lists of a folder dataset, split by split; splits that are drawn from others are drawn here.

- :func:`read_splits`: manifest -> :class:`ListedSplit`, one after the other
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sedpipe.errors import ListFormatError
from sedpipe.io.lists.recordings import Recording, read_recordings
from sedpipe.io.lists.shares import drawn, groups_by_column, groups_by_name
from sedpipe.io.manifests.folder import FolderManifest
from sedpipe.wording import counted


@dataclass(frozen=True)
class ListedSplit:
    """Content of a split's lists.

    Parameters
    ----------
    split : str
        Name of the split.
    recordings : list of Recording
        Recordings in the order of the weak list.
    remarks : tuple of str
        What had to be guessed when the lists were read, and how the split was drawn.
    """

    split: str
    recordings: list[Recording]
    remarks: tuple[str, ...] = ()


def read_splits(manifest: FolderManifest) -> Iterator[ListedSplit]:
    """Yield the splits of a dataset, in the order training, testing, evaluation.

    Raises
    ------
    ListFormatError
        If a list has a wrong format, or there are too few recordings to draw from.
    """
    own = {split: _read(manifest, split) for split in manifest.split_names if manifest.splits[split].drawn_from is None}
    for split in manifest.split_names:
        origin = manifest.splits[split].drawn_from
        if origin is None:
            left = _after_drawing(manifest, own[split])
            yield left
        else:
            yield _drawn_splits(manifest, own[origin])[split]


def _read(manifest: FolderManifest, split: str) -> ListedSplit:
    recordings, remarks = read_recordings(manifest.weak_path(split), manifest.strong_path(split), manifest.label_set)
    return ListedSplit(split, recordings, tuple(f"{split}: {remark}" for remark in remarks))


def _after_drawing(manifest: FolderManifest, origin: ListedSplit) -> ListedSplit:
    gone = {
        recording.filename
        for drawn_split in _drawn_splits(manifest, origin).values()
        for recording in drawn_split.recordings
    }
    return replace(origin, recordings=[one for one in origin.recordings if one.filename not in gone])


def _drawn_splits(manifest: FolderManifest, origin: ListedSplit) -> dict[str, ListedSplit]:
    """Return each split that is drawn from ``origin``; a share is relative to all of it, however many are drawn."""
    left, found = origin.recordings, {}
    for split in manifest.split_names:
        form = manifest.splits[split]
        if form.drawn_from != origin.split or form.share is None:
            continue
        filenames = [recording.filename for recording in origin.recordings]
        groups = groups_of(manifest, origin.split, form.group, filenames) if form.group else {}
        share = min(1.0, form.share * len(origin.recordings) / max(1, len(left)))
        taken = drawn(left, share, groups)
        if not taken:
            n_left = counted(len(left), "recording")
            raise ListFormatError(f"{manifest.path}: splits.{split}: {n_left} of {origin.split}, too few to draw from")
        recordings = [recording for recording in left if recording.filename in taken]
        left = [recording for recording in left if recording.filename not in taken]
        n_groups = len({groups.get(name) or name for name in taken})
        n_all = counted(len(origin.recordings), "recording")
        told = f"{split}: {len(recordings):,} of {n_all} drawn from {origin.split}"
        told += f" ({counted(n_groups, 'whole group')} by {form.group!r})" if form.group else ""
        found[split] = ListedSplit(split, recordings, (told,))
    return found


def groups_of(manifest: FolderManifest, split: str, rule: str, filenames: list[str]) -> dict[str, str]:
    """Return the group of each file, whose members must stay together; empty or missing for a file without a group.

    Parameters
    ----------
    manifest : FolderManifest
    split : str
        Split in whose weak list a column is looked for.
    rule : str
        ``group`` of a split: ``prefix_``, ``folder`` or the name of a column.
    filenames : list of str
    """
    by_name = groups_by_name(filenames, rule)
    return groups_by_column(manifest.weak_path(split), rule, filenames) if by_name is None else by_name
