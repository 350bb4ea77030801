"""Recordings that the clips of a split were made from: clips that share one are not independent.

- :func:`recordings_of`: recordings of clips in the cache
- :func:`recordings_listed`: recordings of all clips that a manifest lists, if there is no cache
- :class:`Recordings`: recordings of each clip, and a remark if they are not known
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sedpipe.clips import Clip
from sedpipe.errors import SedpipeError
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.manifests.form import Manifest
from sedpipe.io.manifests.load import load_manifest, manifest_names
from sedpipe.io.manifests.mixtures import MixtureManifest
from sedpipe.metrics.sharing import Sharing
from sedpipe.sources.access import Access
from sedpipe.sources.mixtures import is_mixture, mixture_id
from sedpipe.sources.open import open_source

Made = tuple[tuple[str, ...], ...]
"""Names of the recordings of each clip, sorted."""


@dataclass(frozen=True)
class Recordings:
    """Recordings that clips were made from.

    Parameters
    ----------
    of_clips : tuple of tuple of str
        Names of the recordings of each clip, in the order of the clips; a clip without any counts as a recording of
        its own.
    remark : str
        A sentence if the recordings are not known; else empty.
    """

    of_clips: Made
    remark: str = ""

    @property
    def sharing(self) -> Sharing:
        """Which clips have a recording in common."""
        return Sharing.of(self.of_clips)

    def groups(self, clip_ids: Sequence[str]) -> list[str]:
        """Return the first clip of each clip's recording; if clips have several recordings (mixtures), the clip itself.

        >>> Recordings((("a.wav",), ("a.wav",), ("b.wav",))).groups(["a_10", "a_00", "b_00"])
        ['a_00', 'a_00', 'b_00']
        """
        if any(len(names) > 1 for names in self.of_clips):
            return list(clip_ids)
        first: dict[tuple[str, ...], str] = {}
        for clip_id, names in zip(clip_ids, self.of_clips, strict=True):
            first[names] = min(clip_id, first.get(names, clip_id))
        return [first[names] if names else clip_id for clip_id, names in zip(clip_ids, self.of_clips, strict=True)]


def recordings_of(dataset: Dataset, split: str, clip_ids: Sequence[str]) -> Recordings:
    """Return the recordings of clips in the cache, from their manifest if it is there, else from rows without groups.

    Parameters
    ----------
    dataset : Dataset
        Dataset in the cache.
    split : str
        Split of the dataset.
    clip_ids : sequence of str
        Clips of the split.

    Raises
    ------
    MissingStageError
        If the dataset is not in the cache.
    """
    rows = {clip.clip_id: clip for clip in dataset.read_clips().get(split, [])}
    clips = [rows[clip_id] for clip_id in clip_ids if clip_id in rows]
    manifest, remark = _find_manifest(dataset), ""
    if manifest is not None:
        found = open_source(manifest, dataset, Access()).recordings(clips)
    elif any(is_mixture(clip) for clip in clips):
        return _unknown(split, len(clip_ids))
    else:
        found = {clip.clip_id: frozenset({clip.source}) for clip in clips}
        toml = dataset.read_record().manifest
        if toml and dataset.name not in manifest_names():  # first-version records and our manifests lose no group
            told = f"it is not known which recordings of {split} belong together (`group`)"
            remark = f"{told}, since {toml} has changed or is no longer there: each counts by itself"
    return Recordings(tuple(tuple(sorted(found.get(clip_id, ()))) for clip_id in clip_ids), remark)


def recordings_listed(dataset: Dataset, split: str, n_clips: int) -> Recordings:
    """Return the recordings of mixtures, from a manifest that comes with sedpipe; unknown unless the clips match.

    Parameters
    ----------
    dataset : Dataset
        Dataset, of which only the name is used.
    split : str
        Split of the dataset.
    n_clips : int
        Number of clips that were scored, which must be the number that the manifest lists.
    """
    manifest = load_manifest(dataset.name) if dataset.name in manifest_names() else None
    listed = manifest.splits.get(split) if isinstance(manifest, MixtureManifest) else None
    if manifest is None or listed is None or listed.clips != n_clips:
        return _unknown(split, n_clips)
    ids = [mixture_id(split, index) for index in range(n_clips)]
    found = open_source(manifest, dataset, Access()).recordings([Clip(one, split, "", 0.0, 0.0, ()) for one in ids])
    return Recordings(tuple(tuple(sorted(found[clip_id])) for clip_id in ids))


def _unknown(split: str, n_clips: int) -> Recordings:
    """Return recordings in which each clip is a recording of its own."""
    told = f"it is not known which recordings the clips of {split} were made from: each clip counts as a recording"
    return Recordings(((),) * n_clips, told)


def _find_manifest(dataset: Dataset) -> Manifest | None:
    """Return the manifest from which the rows were made; None if it is missing or has changed."""
    record = dataset.read_record()
    address = record.manifest if Path(record.manifest).is_file() else dataset.name
    if address == dataset.name and address not in manifest_names():
        return None
    try:
        manifest = load_manifest(address)
    except SedpipeError:
        return None
    return manifest if manifest.fingerprint == record.fingerprint else None
