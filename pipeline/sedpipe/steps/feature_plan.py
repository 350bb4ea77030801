"""Which clips' features must be made, and why; looks at sizes and times, and reads audio only where these have changed.

- :class:`FeatureFolder`: where the features of one dataset and one set of parameters lie
- :class:`SplitPlan`: what is stored of a split, and what is missing
- :func:`plan_splits`: make the plans
- :func:`audio_of_splits`: which clips have audio
- :func:`describe_plans`, :class:`ReasonGroup`: why features would be made, with examples
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
"""Size and time of change of each clip's audio, in the order of the table."""


@dataclass(frozen=True)
class FeatureFolder:
    """Paths of the features made with one set of parameters."""

    path: Path

    def store(self, split: str) -> Path:
        """All features of a split."""
        return self.path / f"{split}.h5"

    def shards(self, split: str) -> Path:
        """Where workers put what is not merged yet."""
        return self.path / f"{split}.shards"

    def checksums(self, split: str) -> Path:
        """What is remembered of the audio files."""
        return self.path / f"{split}.audio.tsv"

    def failed(self, split: str, shard: Shard | None = None) -> Path:
        """Clips whose audio could not be used; a part of the work has a list of its own until all are merged."""
        return self.path / (f"{split}.failed.tsv" if shard is None else f"{split}.failed-{shard.suffix}.tsv")

    def lock(self, shard: Shard | None = None) -> Path:
        """Held by who makes features, or a part of them."""
        return self.path / ("features.lock" if shard is None else f"features-{shard.suffix}.lock")

    @property
    def merge_lock(self) -> Path:
        """Held while files are read that a merge would delete, and while merging."""
        return self.path / "merge.lock"

    def locks(self) -> list[Path]:
        """Locks of everybody who works here."""
        return entries(self.path, "features*.lock")

    def failed_parts(self, split: str) -> list[Path]:
        """Lists of what failed in parts that are not merged yet."""
        return entries(self.path, f"{split}.failed-*.tsv")

    def failed_in_parts(self, split: str) -> dict[str, str]:
        """Why each clip failed, of all such lists."""
        return {clip_id: why for path in self.failed_parts(split) for clip_id, why in read_failed(path).items()}

    def shard_files(self, split: str, also: Iterable[str] = ()) -> list[Path]:
        """Finished shards; ``also`` names some that a network disk may not list yet."""
        folder = self.shards(split)
        return [folder / name for name in sorted({path.name for path in entries(folder, "[!.]*.h5")}.union(also))]


@dataclass(frozen=True)
class SplitPlan:
    """What is stored of a split, and what is missing.

    Parameters
    ----------
    split : str
    audio : Audio
        Its clips with audio.
    stored : dict of str to str
        sha256 of the audio of each clip whose features are stored, in the order of the table.
    missing : dict of str to str
        Why the features of each other clip must be made.
    checksums : AudioChecksums
        What is known of the audio now.
    """

    split: str
    audio: Audio
    stored: dict[str, str]
    missing: dict[str, str]
    checksums: AudioChecksums


def audio_of_splits(cache: Dataset, by_split: Mapping[str, Sequence[Clip]]) -> dict[str, Audio]:
    """Clips with audio, by split."""
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
    """Hold the audio against what is stored.

    Features belong to the content of an audio file: one that was only touched, or has another name or another split
    now, keeps them. Audio files are read, to learn their sha256, only where name, size and time do not tell it
    already; what is stored of these clips is read, and what is not what was written counts as missing.

    Parameters
    ----------
    cache : Dataset
    folder : FeatureFolder
    audio : mapping of str to Audio
        By split.
    jobs : int
        Files to read at the same time.
    made : mapping of str to iterable of str, optional
        By split, names of shards that were just made.

    Returns
    -------
    plans : dict of str to SplitPlan
    shelf : Shelf
        Everything that is stored.
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
    """Make the shelf forget what is damaged of these clips; under which names it was stored."""
    names: set[str] = set()
    contents: set[str | None] = set()
    for split, of_split in audio.items():
        names |= of_split.keys()
        contents |= {known[split].find(clip_id, *status) for clip_id, status in of_split.items()}
    return shelf.drop_damaged(names, contents)


def _read(audio_dir: Path, clip_ids: list[str], checksums: AudioChecksums, jobs: int) -> None:
    """Learn the sha256 of files that have changed, and of new ones that may be known ones under a new name."""
    paths = [audio_dir / audio_name(clip_id) for clip_id in clip_ids]
    for clip_id, stamp in zip(clip_ids, in_threads(_stamp_if_readable, paths, jobs), strict=True):
        if stamp is not None:
            checksums.note(clip_id, stamp)


def _stamp_if_readable(path: Path) -> AudioStamp | None:
    try:
        return AudioStamp.of(path)
    except OSError:  # the worker that tries to make its features says why
        return None


@dataclass(frozen=True)
class _Found:
    """What is there of a split: intact rows, names that are stored, checksums of its audio, names of damaged rows."""

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
    """Why each clip of such a list failed; empty where there is no list.

    A damaged row is passed over: its clip is tried again, as every clip that failed is.
    """
    try:
        raw = read_bounded(path, MOST_BYTES_IN_A_LIST) or b""
    except ValueError:  # absurdly long: damaged as a whole
        return {}
    rows = raw.decode("utf-8", "replace").split("\n")[1:]
    return dict(row.split("\t", 1) for row in rows if "\t" in row)


def write_failed(path: Path, failed: Mapping[str, str]) -> None:
    """Write why each clip failed, if that is not what the list says already."""
    rows = [f"{clip_id}\t{' '.join(why.split())}\n" for clip_id, why in sorted(failed.items())]
    text = "".join(["clip_id\treason\n", *rows])
    if not is_there(path) or path.read_bytes() != text.encode():
        write_text(path, text)


@dataclass(frozen=True)
class ReasonGroup:
    """Clips whose features would be made for one reason.

    Parameters
    ----------
    reason : str
    clips : int
        How many.
    examples : list of str
        Names of some.
    detail : str
        What more is known of the reason, or of the first example.
    """

    reason: str
    clips: int
    examples: list[str]
    detail: str


def describe_plans(
    plans: Mapping[str, SplitPlan], folder: FeatureFolder, spec: FeatureSpec
) -> dict[str, list[ReasonGroup]]:
    """By split, the reasons for which features would be made."""
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
    """In which parameters features that are there differ."""
    now, told = spec.parameters, []
    for path in [store for other in entries(folder.path.parent) for store in entries(other, "[!.]*.h5")]:
        try:
            there = FeatureFile(path).parameters
        except DamagedStoreError:  # says nothing, and is no hindrance
            continue
        differing = [f"{name} {there.get(name)}, not {now[name]}" for name in now if there.get(name) != now[name]]
        line = f"{path.parent.name} has {', '.join(differing)}"
        if differing and line not in told:
            told.append(line)
    return "; ".join(told)
