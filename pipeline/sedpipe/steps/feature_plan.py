"""Clips whose features must be made, and why; compares sizes and times, and reads audio only if these have changed.

- :class:`FeatureFolder`: paths of the features of one dataset with one set of parameters
- :class:`SplitPlan`: features of a split that are stored, and those that are missing
- :func:`plan_splits`: make the plans
- :func:`audio_of_splits`: clips that have audio
- :func:`describe_plans`, :class:`ReasonGroup`: reasons for which features would be made, with examples
- :func:`read_failed`, :func:`write_failed`: lists of clips whose audio could not be used
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sedpipe.clips import Clip
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.cache.audio_checksums import AudioChecksums, AudioStamp
from sedpipe.io.cache.dataset import Dataset, audio_name
from sedpipe.io.cache.feature_file import DamagedStoreError, FeatureFile
from sedpipe.io.cache.feature_shelf import Shelf
from sedpipe.io.files.atomic import write_text
from sedpipe.io.files.reading import entries, is_there, read_bounded
from sedpipe.io.lists.text import MOST_BYTES_IN_A_LIST
from sedpipe.io.parallel import in_threads
from sedpipe.shards import Shard

NEW = "its audio is new"
CHANGED = "its audio has changed"
FAILED = "its audio could not be used last time"
DAMAGED = "its stored features are damaged"
OTHER = "no features with these parameters"

EXAMPLES = 3

Audio = Mapping[str, tuple[int, int]]
"""Size and modification time of each clip's audio file, in the order of the table."""


@dataclass(frozen=True)
class FeatureFolder:
    """Paths of the features made with one set of parameters."""

    path: Path

    def store(self, split: str) -> Path:
        """Return the store with all features of a split."""
        return self.path / f"{split}.h5"

    def shards(self, split: str) -> Path:
        """Return the folder in which workers put features that are not merged yet."""
        return self.path / f"{split}.shards"

    def checksums(self, split: str) -> Path:
        """Return the table of known checksums of the audio files."""
        return self.path / f"{split}.audio.tsv"

    def failed(self, split: str, shard: Shard | None = None) -> Path:
        """Return the list of clips whose audio could not be used; each shard has its own until all are merged."""
        return self.path / (f"{split}.failed.tsv" if shard is None else f"{split}.failed-{shard.suffix}.tsv")

    def lock(self, shard: Shard | None = None) -> Path:
        """Return the lock that is held by a process that makes features, or a shard of them."""
        return self.path / ("features.lock" if shard is None else f"features-{shard.suffix}.lock")

    @property
    def merge_lock(self) -> Path:
        """Lock that is held while files are read that a merge would delete, and while merging."""
        return self.path / "merge.lock"

    def locks(self) -> list[Path]:
        """Return the lock files of all processes that make features in this folder."""
        return entries(self.path, "features*.lock")

    def failed_parts(self, split: str) -> list[Path]:
        """Return the lists of failed clips of shards that are not merged yet."""
        return entries(self.path, f"{split}.failed-*.tsv")

    def failed_in_parts(self, split: str) -> dict[str, str]:
        """Return why each clip in these lists failed."""
        return {clip_id: why for path in self.failed_parts(split) for clip_id, why in read_failed(path).items()}

    def shard_files(self, split: str, also: Iterable[str] = ()) -> list[Path]:
        """Return the finished shards; ``also`` names some that a network disk may not list yet."""
        folder = self.shards(split)
        return [folder / name for name in sorted({path.name for path in entries(folder, "[!.]*.h5")}.union(also))]


@dataclass(frozen=True)
class SplitPlan:
    """Features of a split that are stored, and those that are missing.

    Parameters
    ----------
    split : str
    audio : Audio
        Clips of the split that have audio.
    stored : dict of str to str
        sha256 of the audio of each clip whose features are stored, in the order of the table.
    missing : dict of str to str
        Reason why the features of each other clip must be made.
    checksums : AudioChecksums
        Known checksums of the audio files, including those just read.
    """

    split: str
    audio: Audio
    stored: dict[str, str]
    missing: dict[str, str]
    checksums: AudioChecksums


def audio_of_splits(cache: Dataset, by_split: Mapping[str, Sequence[Clip]]) -> dict[str, Audio]:
    """Return the clips that have audio, by split."""
    found: dict[str, Audio] = {}
    for split, clips in by_split.items():
        files = cache.audio_files(split)
        names = ((clip.clip_id, audio_name(clip.clip_id)) for clip in clips)
        found[split] = {clip_id: files[name] for clip_id, name in names if name in files}
    return found


def plan_splits(
    cache: Dataset,
    folder: FeatureFolder,
    audio: Mapping[str, Audio],
    jobs: int,
    made: Mapping[str, Iterable[str]] | None = None,
) -> tuple[dict[str, SplitPlan], Shelf]:
    """Compare the audio with the stored features.

    Features belong to the content of an audio file: a file that was only touched, or that has another name or another
    split now, keeps them. Audio files are read for their sha256 only if it is not already known from name, size and
    time. The stored features of these clips are read, and those that are not what was written count as missing.

    Parameters
    ----------
    cache : Dataset
    folder : FeatureFolder
    audio : mapping of str to Audio
        Clips that have audio, by split.
    jobs : int
        Number of files to read at the same time.
    made : mapping of str to iterable of str, optional
        Names of shards that were just made, by split.

    Returns
    -------
    plans : dict of str to SplitPlan
        Plan of each split.
    shelf : Shelf
        All stored features.
    """
    shards = {split: folder.shard_files(split, (made or {}).get(split, ())) for split in audio}
    stores = {split: [folder.store(split)] if is_there(folder.store(split)) else [] for split in audio}
    shelf = Shelf(
        [path for paths in shards.values() for path in paths], [path for paths in stores.values() for path in paths]
    )
    named: dict[str, dict[str, str]] = {split: {} for split in audio}
    known = {split: AudioChecksums(folder.checksums(split)) for split in audio}
    for split, of_split in audio.items():
        for path in [path for path in (*shards[split], *stores[split]) if path not in shelf.unreadable]:
            file = shelf.file(path)
            named[split].update(zip(file.clip_ids, file.audio_sha256, strict=True))
            for clip_id, stamp in zip(file.clip_ids, file.audio_stamps, strict=False):  # a store has no stamps
                if of_split.get(clip_id) == stamp[:2]:
                    known[split].note(clip_id, stamp)
    sizes = {size for checksums in known.values() for size in checksums.sizes()}
    for split, of_split in audio.items():
        unknown = [clip_id for clip_id, status in of_split.items() if known[split].find(clip_id, *status) is None]
        doubtful = [clip_id for clip_id in unknown if clip_id in named[split] or of_split[clip_id][0] in sizes]
        _read(cache.audio_dir(split), doubtful, known[split], jobs)
    damaged = _drop_damaged(shelf, audio, known)
    plans = {}
    for split, of_split in audio.items():
        is_lost = folder.store(split) in shelf.unreadable
        found = _Found(shelf, named[split], known[split], of_split.keys() if is_lost else damaged)
        plans[split] = _plan(split, of_split, found, read_failed(folder.failed(split)))
    return plans, shelf


def _drop_damaged(shelf: Shelf, audio: Mapping[str, Audio], known: Mapping[str, AudioChecksums]) -> set[str]:
    """Drop damaged features of these clips from the shelf; return the names under which they were stored."""
    names: set[str] = set()
    contents: set[str | None] = set()
    for split, of_split in audio.items():
        names |= of_split.keys()
        contents |= {known[split].find(clip_id, *status) for clip_id, status in of_split.items()}
    return shelf.drop_damaged(names, contents)


def _read(audio_dir: Path, clip_ids: list[str], checksums: AudioChecksums, jobs: int) -> None:
    """Compute the sha256 of files that have changed, and of new ones that may be known ones under a new name."""
    paths = [audio_dir / audio_name(clip_id) for clip_id in clip_ids]
    for clip_id, stamp in zip(clip_ids, in_threads(_stamp_if_readable, paths, jobs), strict=True):
        if stamp is not None:
            checksums.note(clip_id, stamp)


def _stamp_if_readable(path: Path) -> AudioStamp | None:
    try:
        return AudioStamp.of(path)
    except OSError:  # the worker that tries to make its features reports why
        return None


@dataclass(frozen=True)
class _Found:
    """What is stored of a split: intact rows, names of clips, checksums of its audio, names of damaged rows."""

    shelf: Shelf
    named: Mapping[str, str]
    checksums: AudioChecksums
    damaged: Collection[str]


def _plan(split: str, audio: Audio, found: _Found, failed: Mapping[str, str]) -> SplitPlan:
    stored, missing, new = {}, {}, NEW if found.named else OTHER
    for clip_id, status in audio.items():
        sha256 = found.checksums.find(clip_id, *status)
        if sha256 is not None and sha256 in found.shelf:
            stored[clip_id] = sha256
        elif clip_id in failed:
            missing[clip_id] = FAILED
        elif clip_id in found.damaged:
            missing[clip_id] = DAMAGED
        elif clip_id in found.named:
            missing[clip_id] = CHANGED
        else:
            missing[clip_id] = new
    return SplitPlan(split, audio, stored, missing, found.checksums)


def read_failed(path: Path) -> dict[str, str]:
    """Return why each clip in a list of failed clips failed; empty if there is no list.

    A damaged row is skipped: its clip is tried again, as is every clip that failed.
    """
    try:
        raw = read_bounded(path, MOST_BYTES_IN_A_LIST) or b""
    except ValueError:  # absurdly long: damaged as a whole
        return {}
    rows = raw.decode("utf-8", "replace").split("\n")[1:]
    return dict(row.split("\t", 1) for row in rows if "\t" in row)


def write_failed(path: Path, failed: Mapping[str, str]) -> None:
    """Write why each clip failed, unless the list already contains exactly this."""
    rows = [f"{clip_id}\t{' '.join(why.split())}\n" for clip_id, why in sorted(failed.items())]
    text = "".join(["clip_id\treason\n", *rows])
    if not is_there(path) or path.read_bytes() != text.encode():
        write_text(path, text)


@dataclass(frozen=True)
class ReasonGroup:
    """Clips whose features would be made for the same reason.

    Parameters
    ----------
    reason : str
    clips : int
        Number of clips.
    examples : list of str
        Names of some of the clips.
    detail : str
        Details of the reason, or of the first example.
    """

    reason: str
    clips: int
    examples: list[str]
    detail: str


def describe_plans(
    plans: Mapping[str, SplitPlan], folder: FeatureFolder, spec: FeatureSpec
) -> dict[str, list[ReasonGroup]]:
    """Return the reasons for which features would be made, by split."""
    others = _others(folder, spec)
    described = {}
    for split, plan in plans.items():
        failed = read_failed(folder.failed(split))
        groups: dict[str, list[str]] = {}
        for clip_id, reason in plan.missing.items():
            groups.setdefault(reason, []).append(clip_id)
        described[split] = [
            ReasonGroup(
                reason=reason,
                clips=len(clip_ids),
                examples=clip_ids[:EXAMPLES],
                detail={OTHER: others, FAILED: failed.get(clip_ids[0], "")}.get(reason, ""),
            )
            for reason, clip_ids in groups.items()
        ]
    return described


def _others(folder: FeatureFolder, spec: FeatureSpec) -> str:
    """Return in words in which parameters existing features differ."""
    now, told = spec.parameters, []
    for path in [store for other in entries(folder.path.parent) for store in entries(other, "[!.]*.h5")]:
        try:
            there = FeatureFile(path).parameters
        except DamagedStoreError:  # contains no readable parameters, and does no harm
            continue
        differing = [f"{name} {there.get(name)}, not {now[name]}" for name in now if there.get(name) != now[name]]
        line = f"{path.parent.name} has {', '.join(differing)}"
        if differing and line not in told:
            told.append(line)
    return "; ".join(told)
