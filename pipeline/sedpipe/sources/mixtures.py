"""Datasets of mixtures: real or synthesised recordings, mixed by the recipe of the manifest.

- :class:`MixtureSource`: draws mixtures to get rows, renders them to get audio; both in parallel
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial
from pathlib import Path

import numpy as np

from sedpipe.clips import Clip
from sedpipe.errors import AudioError, ManifestError
from sedpipe.events import Event
from sedpipe.fates import Fate
from sedpipe.io.audio.store import write_flac
from sedpipe.io.audio.waveforms import read_waveform
from sedpipe.io.cache.dataset import Dataset, audio_name
from sedpipe.io.files.reading import is_there
from sedpipe.io.lists.events import read_stored_events
from sedpipe.io.manifests.mixtures import MixtureManifest
from sedpipe.io.parallel import chunked, in_parallel
from sedpipe.soundscapes.mixer import (
    DURATION,
    SAMPLE_RATE,
    Draw,
    PreparedRecording,
    Recipe,
    draw,
    prepare,
    recordings_drawn,
    render,
    truth,
)
from sedpipe.sources.access import Access
from sedpipe.sources.recordings import RecordingShelf, open_shelf
from sedpipe.sources.source import Source, SplitRows
from sedpipe.suggestions import did_you_mean
from sedpipe.wording import counted

_CALLED = "mixture "
MIXTURES_PER_TASK = 16  # small enough for a progress bar to move, large enough to prepare recordings only once


@dataclass(frozen=True)
class SplitPlan:
    """All that a worker needs to make any mixture of a split.

    Parameters
    ----------
    recipe : Recipe
    seed : int
        Random seed of the split.
    labels : tuple of str
    recordings : tuple of tuple of str
        Names of the recordings of each class.
    paths : dict
        Path of each recording by its name; a recording without an entry is missing.
    synthesis_seed : int, optional
        Random seed of synthesised recordings, if they are synthesised; ``paths`` is then empty.
    """

    recipe: Recipe
    seed: int
    labels: tuple[str, ...]
    recordings: tuple[tuple[str, ...], ...]
    paths: dict[str, Path]
    synthesis_seed: int | None

    @property
    def names(self) -> list[str]:
        """Names of the recordings of all classes."""
        return [name for of_class in self.recordings for name in of_class]

    def draw(self, index: int) -> Draw:
        """Draw mixture ``index``; an :class:`AudioError` names a recording that cannot be used."""
        return draw(self.recipe, self.seed, index, [len(names) for names in self.recordings], self.library)

    def library(self, class_index: int, recording_index: int) -> PreparedRecording:
        """Return a prepared recording, which is prepared once per process."""
        name = self.recordings[class_index][recording_index]
        if self.synthesis_seed is not None:
            return _synthesised(self.synthesis_seed, class_index, self.labels[class_index], name)
        if name not in self.paths:
            raise AudioError(f"recording {name} is missing or damaged")
        return _prepared(self.paths[name], name)


@lru_cache(maxsize=256)  # at most 0.9 GB per worker
def _prepared(path: Path, name: str) -> PreparedRecording:
    try:
        return prepare(read_waveform(path, SAMPLE_RATE, dtype="float64"))
    except ValueError as error:
        raise AudioError(f"recording {name}: {error}") from error


@lru_cache(maxsize=512)
def _synthesised(seed: int, class_index: int, label: str, name: str) -> PreparedRecording:
    # imported here: its filters take 47 MB and half a second, which scoring existing mixtures does not need
    from sedpipe.soundscapes.synth import synthesise

    fold, take = (int(number) for number in name.rsplit("/", 1)[1].split("-"))
    return prepare(synthesise(label, np.random.default_rng([seed, class_index, fold, take])))


class MixtureSource(Source):
    """Mixtures of a manifest.

    Parameters
    ----------
    manifest : MixtureManifest
    cache : Dataset
    access : Access
        Its ``places`` are folders, archives or addresses with the recordings; by default the public archive.
    """

    def __init__(self, manifest: MixtureManifest, cache: Dataset, access: Access) -> None:
        self._manifest = manifest
        self._cache = cache
        self._access = access
        self._plans: dict[str, SplitPlan] = {}

    def listed(self) -> dict[str, int]:
        """Return the numbers in the manifest; no recordings are needed."""
        return {split: self._manifest.splits[split].clips for split in self._manifest.split_names}

    def prepare(self) -> None:
        """Find the recordings, or fetch their archive, and draw: shards started together do so at the same time."""
        _ = self._shelf, self._drawn

    def resolve(self) -> Iterator[SplitRows]:
        """Draw every mixture of every split whose recordings exist; mixtures made before keep their rows."""
        yield from map(self._with_what_was_made, self._drawn)

    def recordings(self, clips: Sequence[Clip]) -> dict[str, frozenset[str]]:
        """Return the names of the recordings that each mixture was drawn from; the recordings need not exist."""
        recipe, drawn = Recipe(**self._manifest.mixture.model_dump()), {}
        for clip in clips:
            of_class = self._manifest.recordings_of(clip.split)
            n_recordings, seed = [len(names) for names in of_class], self._manifest.splits[clip.split].seed
            places = recordings_drawn(recipe, seed, _index_of(clip.clip_id), n_recordings)
            drawn[clip.clip_id] = frozenset(of_class[label][recording] for label, recording in places)
        return drawn

    def fetch(self, clips: Sequence[Clip]) -> Iterator[Fate]:
        """Render the mixtures."""
        for split in self._manifest.split_names:
            wanted = [clip for clip in clips if clip.split == split]
            render_some = partial(_render_some, self._plan(split), self._cache)
            for fates in in_parallel(render_some, chunked(wanted, MIXTURES_PER_TASK), self._access.jobs):
                yield from fates

    @cached_property
    def _drawn(self) -> list[SplitRows]:
        if self._manifest.is_synthesised:
            self._check_sounds()
        return [self._resolve_split(split) for split in self._manifest.split_names]

    @cached_property
    def _shelf(self) -> RecordingShelf | None:
        """The shelf of the recordings; None if they are synthesised."""
        manifest = self._manifest
        if manifest.recordings is None:
            return None
        names = [name for split in manifest.split_names for of in manifest.recordings_of(split) for name in of]
        archive = manifest.recordings.archive
        say = self._access.listener.say
        return open_shelf(names, manifest.checksum_of, archive, self._access.places, self._cache.sources, say=say)

    def _check_sounds(self) -> None:
        from sedpipe.soundscapes.synth import SOUNDS

        for label in self._manifest.labels:
            if label not in SOUNDS:
                meant = did_you_mean(label, SOUNDS)
                raise ManifestError(
                    f"{self._manifest.path}: labels: {label!r} cannot be synthesised{meant}",
                    hint=f"what can be: {'; '.join(SOUNDS)}",
                )

    def _plan(self, split: str) -> SplitPlan:
        if split not in self._plans:
            manifest = self._manifest
            recordings = manifest.recordings_of(split)
            names = [name for of_class in recordings for name in of_class]
            self._plans[split] = SplitPlan(
                recipe=Recipe(**manifest.mixture.model_dump()),
                seed=manifest.splits[split].seed,
                labels=manifest.labels,
                recordings=recordings,
                paths=self._shelf.usable(names) if self._shelf else {},
                synthesis_seed=manifest.synthesis.seed if manifest.synthesis else None,
            )
        return self._plans[split]

    def _resolve_split(self, split: str) -> SplitRows:
        listed, plan = self._manifest.splits[split].clips, self._plan(split)
        if self._shelf is not None and not plan.paths:
            note = f"{split} is unavailable: {self._why_not(self._shelf, split, plan)}"
            return SplitRows(split, listed, (), notes=(note,), is_available=False)
        clips, reference, dropped = [], {}, []
        indices = list(range(listed))
        for drawn in in_parallel(partial(_truths, plan), chunked(indices, MIXTURES_PER_TASK), self._access.jobs):
            for index, events in drawn:
                clip_id = mixture_id(split, index)
                if isinstance(events, str):
                    dropped.append(Fate(split, clip_id, "gone", "unusable", events))
                    continue
                labels = tuple(label for label in plan.labels if any(event.label == label for event in events))
                clips.append(Clip(clip_id, split, f"{_CALLED}{index}", 0.0, DURATION, labels))
                reference[clip_id] = events
        return SplitRows(split, listed, clips, reference, dropped, self._notes(plan))

    def _with_what_was_made(self, rows: SplitRows) -> SplitRows:
        """Add rows of mixtures that have audio but whose recordings are missing now, since the audio is complete.

        Rows that were made with other rules have been dropped by then.
        """
        dropped = {fate.clip_id: fate for fate in rows.dropped}
        if not dropped or not is_there(self._cache.clips_path):
            return rows
        before, audio = self._cache.read_clips().get(rows.split, []), self._cache.audio_names(rows.split)
        path = self._cache.reference_path(rows.split)
        events = read_stored_events(path, self._manifest.label_set) if is_there(path) else {}
        there = dropped.keys() & events.keys()
        made = [clip for clip in before if clip.clip_id in there and audio_name(clip.clip_id) in audio]
        if not made:
            return rows
        known = {**(rows.reference or {}), **{clip.clip_id: events[clip.clip_id] for clip in made}}
        clips = sorted([*rows.clips, *made], key=lambda clip: clip.clip_id)
        told = f"{rows.split}: audio that is there is kept ({counted(len(made), 'mixture')})"
        return replace(
            rows,
            clips=clips,
            reference={clip.clip_id: known[clip.clip_id] for clip in clips},
            dropped=[fate for fate in rows.dropped if fate.clip_id not in known],
            notes=[*rows.notes, told],
        )

    def _why_not(self, shelf: RecordingShelf, split: str, plan: SplitPlan) -> str:
        folds = ", ".join(str(fold) for fold in self._manifest.splits[split].folds)
        there = [name for name in plan.names if shelf.is_there(name)]
        if not there:
            return f"no recording of fold {folds} was found"
        more = f", and so with {len(there) - 1} more" if len(there) > 1 else ""
        return f"no recording of fold {folds} can be used: {shelf.complaints(there[:1], {})[0]}{more}"

    def _notes(self, plan: SplitPlan) -> list[str]:
        if self._shelf is None:
            return []
        return [f"{line}: mixtures that draw it are dropped" for line in self._shelf.complaints(plan.names, plan.paths)]


def mixture_id(split: str, index: int) -> str:
    """Return the ``clip_id`` of a mixture of a split.

    >>> mixture_id("testing", 3)
    'testing-00003'
    """
    return f"{split}-{index:05d}"


def is_mixture(clip: Clip) -> bool:
    """Return whether a row belongs to a dataset of mixtures: its ``source`` then does not name the recordings."""
    return clip.source.startswith(_CALLED)


def _index_of(clip_id: str) -> int:
    return int(clip_id.rsplit("-", 1)[1])


def _truths(plan: SplitPlan, indices: list[int]) -> list[tuple[int, list[Event] | str]]:
    """Return the events of each mixture, or why it cannot be made."""
    found: list[tuple[int, list[Event] | str]] = []
    for index in indices:
        try:
            found.append((index, truth(plan.draw(index), plan.labels, plan.library)))
        except AudioError as error:
            found.append((index, error.message))
    return found


def _render_some(plan: SplitPlan, cache: Dataset, clips: list[Clip]) -> list[Fate]:
    return [_render_one(plan, cache, clip) for clip in clips]


def _render_one(plan: SplitPlan, cache: Dataset, clip: Clip) -> Fate:
    index = _index_of(clip.clip_id)
    try:
        waveform = render(plan.recipe, plan.draw(index), plan.library)
    except AudioError as error:
        return Fate(clip.split, clip.clip_id, "gone", "unusable", error.message)
    write_flac(cache.audio_path(clip), waveform, SAMPLE_RATE)
    return Fate(clip.split, clip.clip_id, "ok")
