"""Of which recordings the clips of a split were made: clips that share one are not independent.

- :func:`recordings_of`: of clips in the cache
- :func:`recordings_listed`: of all clips that a manifest lists, where there is no cache
- :class:`Recordings`: the answer, and what is to be said about it
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
    """Of which recordings clips were made.

    Parameters
    ----------
    of_clips : tuple of tuple of str
        Names, in the order of the clips; a clip of none is a recording of its own.
    remark : str
        A sentence where that is not known; else empty.
    """

    of_clips: Made
    remark: str = ""

    @property
    def sharing(self) -> Sharing:
        """Which clips have one in common."""
        return Sharing.of(self.of_clips)

    def groups(self, clip_ids: Sequence[str]) -> list[str]:
        """Of each clip the first clip of its recording; where some have several, as mixtures have, each by itself.

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
    """Recordings of clips in the cache, by the manifest that they were made by; else by rows, which know no groups.

    Parameters
    ----------
    dataset : Dataset
        In the cache.
    split : str
        Of it.
    clip_ids : sequence of str
        Of the split.

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
        if toml and dataset.name not in manifest_names():  # of the first edition's, or of ours, no group is lost
            told = f"it is not known which recordings of {split} belong together (`group`)"
            remark = f"{told}, since {toml} has changed or is no longer there: each counts by itself"
    return Recordings(tuple(tuple(sorted(found.get(clip_id, ()))) for clip_id in clip_ids), remark)


def recordings_listed(dataset: Dataset, split: str, n_clips: int) -> Recordings:
    """Recordings of mixtures, by a manifest that comes with sedpipe; unknown unless it lists just as many clips.

    Parameters
    ----------
    dataset : Dataset
        Of which only the name is looked at.
    split : str
        Of it.
    n_clips : int
        As many as were scored.
    """
    manifest = load_manifest(dataset.name) if dataset.name in manifest_names() else None
    listed = manifest.splits.get(split) if isinstance(manifest, MixtureManifest) else None
    if manifest is None or listed is None or listed.clips != n_clips:
        return _unknown(split, n_clips)
    ids = [mixture_id(split, index) for index in range(n_clips)]
    found = open_source(manifest, dataset, Access()).recordings([Clip(one, split, "", 0.0, 0.0, ()) for one in ids])
    return Recordings(tuple(tuple(sorted(found[clip_id])) for clip_id in ids))


def _unknown(split: str, n_clips: int) -> Recordings:
    """Each clip is a recording of its own."""
    told = f"it is not known which recordings the clips of {split} were made from: each clip counts as a recording"
    return Recordings(((),) * n_clips, told)


def _find_manifest(dataset: Dataset) -> Manifest | None:
    """The very manifest that the rows were made by; None where it is gone or has changed."""
    record = dataset.read_record()
    address = record.manifest if Path(record.manifest).is_file() else dataset.name
    if address == dataset.name and address not in manifest_names():
        return None
    try:
        manifest = load_manifest(address)
    except SedpipeError:
        return None
    return manifest if manifest.fingerprint == record.fingerprint else None
