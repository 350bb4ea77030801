"""Datasets of a user's own recordings.

A table in the cache (:mod:`sedpipe.io.cache.recordings`) describes the recordings that clips were made from: a changed
recording is converted again, a changed label affects no audio.

- :class:`FolderSource`: rows from the weak and strong lists, audio converted into the store
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from sedpipe.choices import SPLITS
from sedpipe.clips import Clip, ClipFormat
from sedpipe.errors import AudioError, ListFormatError, SedpipeError
from sedpipe.events import Event
from sedpipe.fates import Fate
from sedpipe.io.audio.level import SILENCE, Remark
from sedpipe.io.audio.store import fate_of_stored, read_stored, remarked
from sedpipe.io.audio.survey import Survey
from sedpipe.io.cache.dataset import Dataset, audio_name
from sedpipe.io.cache.ledger import read_ledgers
from sedpipe.io.cache.recordings import KnownRecording, KnownRecordings
from sedpipe.io.files.reading import is_there
from sedpipe.io.lists.recordings import Recording
from sedpipe.io.manifests.folder import FolderManifest
from sedpipe.io.manifests.listed import groups_of, read_splits
from sedpipe.io.parallel import in_parallel
from sedpipe.sources.access import Access
from sedpipe.sources.converting import CONVERTED, Conversion, convert, is_silent
from sedpipe.sources.cutting import CutUp, cut_up
from sedpipe.sources.looking import Looked, SplitLooked, look_at_splits
from sedpipe.sources.notes import notes_of, unlisted_notes
from sedpipe.sources.source import Source, SplitRows
from sedpipe.wording import counted

Key = tuple[str, str]
"""Split and ``clip_id``."""


class FolderSource(Source):
    """Clips of a folder dataset.

    Parameters
    ----------
    manifest : FolderManifest
    cache : Dataset
    access : Access
    """

    keeps_audio = True

    def __init__(self, manifest: FolderManifest, cache: Dataset, access: Access) -> None:
        self._manifest = manifest
        self._cache = cache
        self._access = access
        self._known = KnownRecordings(cache.folder)
        self._format = ClipFormat()
        self._made_of: dict[Key, tuple[Looked, CutUp]] = {}

    @property
    def clip_format(self) -> ClipFormat:
        """Length and sample rate of the clips, once they are resolved."""
        return self._format

    def listed(self) -> dict[str, int]:
        """Return the number of recordings of each split; that of clips is known only once recordings are examined."""
        return {split.split: len(split.recordings) for split in read_splits(self._manifest)}

    def may_have_changed(self) -> bool:
        """Return True: recordings may change; but what the first edition made is left alone until a recording does."""
        if not self._known.is_there:
            self._warn_of_cut_recordings()
        return self._known.is_there or any(
            known.seen.stamp == (0, 0) and path.exists() for known, path in self._of_first_edition().values()
        )

    def prepare(self) -> None:
        """Refuse lists that cannot be used, before the existing rows are dropped.

        Also refuse a dataset whose folder in the cache contains the user's own files: sedpipe deletes files there that
        belong to no clip.
        """
        cache, manifest, hint = self._cache, self._manifest, "choose another --cache, or another name for the dataset"
        for split in manifest.split_names:
            lists = {manifest.weak_path(split), manifest.strong_path(split) or manifest.weak_path(split)}
            for path in (cache.clips_path, *map(cache.reference_path, SPLITS)):
                if os.path.realpath(path) in map(os.path.realpath, lists):
                    raise SedpipeError(f"{path} is a list of {manifest.name}, and would be overwritten", hint=hint)
        made = [os.path.realpath(cache.folder / "audio"), *(os.path.realpath(cache.audio_dir(one)) for one in SPLITS)]
        for listed in read_splits(manifest):  # raises for an unreadable list, so that the existing rows are kept
            self._check_every_recording_has_rows(listed.split, listed.recordings)
            base = manifest.audio_dir(listed.split)
            for folder in {base, *((base / recording.filename).parent for recording in listed.recordings)}:
                if any(Path(os.path.realpath(folder)).is_relative_to(place) for place in made):
                    raise SedpipeError(
                        f"the recordings of {manifest.name} lie in {folder}, where sedpipe stores and deletes clips",
                        hint=hint,
                    )
        is_known = is_there(cache.record_path) or self._known.is_there or bool(read_ledgers(cache.folder))
        if not is_known and any(map(cache.audio_names, SPLITS)):
            raise SedpipeError(
                f"{cache.folder / 'audio'} contains files, and nothing says that sedpipe made them", hint=hint
            )

    def recall(self) -> None:
        """Read the table of known recordings, which another shard may have written in the meantime.

        Names of clips that the first edition made are taken over before its rows are dropped.
        """
        self._known = KnownRecordings(self._cache.folder)
        if not self._known.is_there:
            rows = {place: known for place, (known, _) in self._of_first_edition().items()}
            record = self._cache.find_record()
            if rows and record is not None:
                self._known.save(rows, record.clip_format)

    def resolve(self) -> Iterator[SplitRows]:
        """Read the lists, examine the recordings, and cut them into clips."""
        looked = look_at_splits(self._manifest, read_splits(self._manifest), self._known, self._access)
        before = self._known.clip_format or ClipFormat()
        self._format = self._manifest.clip_format(_commonest_rate(looked) or before.sample_rate)
        cut = [[self._cut(split, one) for one in split.recordings] for split in looked]
        rows = [self._rows(split, of_split) for split, of_split in zip(looked, cut, strict=True)]
        self._made_of = {
            (split.listed.split, clip.clip_id): (one, pieces)
            for split, of_split in zip(looked, cut, strict=True)
            for one, pieces in zip(split.recordings, of_split, strict=True)
            for clip in pieces.clips
        }
        # audio of changed recordings is deleted first, and then the table is updated: in the other order, a process
        # that is killed in between would leave audio that was made from other recordings than those in the table
        self._drop_other_audio(rows)
        self._known.save(_remembered(looked), self._format)
        for note in unlisted_notes(looked):
            self._access.listener.remark(note)
        yield from rows

    def recordings(self, clips: Sequence[Clip]) -> dict[str, frozenset[str]]:
        """Return each clip's recording or, if the split has a rule for what belongs together (``group``), its group."""
        found = super().recordings(clips)
        for split in {clip.split for clip in clips}:
            rule, of_split = self._manifest.splits[split].group, [clip for clip in clips if clip.split == split]
            if rule:
                groups = groups_of(self._manifest, split, rule, [clip.source for clip in of_split])
                found |= {clip.clip_id: frozenset({groups.get(clip.source) or clip.source}) for clip in of_split}
        return found

    def account(self, clips: Sequence[Clip]) -> Iterator[Fate]:
        """Yield the fates of clips whose audio exists: it was made from the known recordings, else it would be deleted.

        Audio that is silent although its clip has labels is deleted now, since no fate has recorded the silence.
        """
        for clip in clips:
            looked, cut = self._made_of[clip.split, clip.clip_id]
            path, rate = self._cache.audio_path(clip), self._format.sample_rate
            try:
                fate = fate_of_stored(clip, path)
                # whether a whole recording is silent is known from its survey
                is_quiet = len(cut.clips) > 1 and is_silent(read_stored(path, rate), rate)
            except AudioError:  # reported when features are made
                continue
            if is_quiet and clip.labels:
                self._delete(path)
                continue
            seen = looked.seen or Survey(0, 0)
            found = replace(
                fate, source_format=seen.format, sample_rate=seen.rate, channels=seen.channels, tool=CONVERTED
            )
            told = tuple(_remarks(seen, cut, self._format))
            yield remarked(found, (SILENCE, *told) if is_quiet and not seen.is_silent else told)

    def fetch(self, clips: Sequence[Clip]) -> Iterator[Fate]:
        """Convert recordings; each is decoded once for all of its clips."""
        due: dict[str, list[Clip]] = {}
        for clip in clips:
            looked, cut = self._made_of[clip.split, clip.clip_id]
            reason, message = _fault(looked, cut)
            if reason:
                yield Fate(clip.split, clip.clip_id, "retryable", reason, message)
            else:
                due.setdefault(looked.place, []).append(clip)
        for fates in in_parallel(convert, [self._conversion(of_one) for of_one in due.values()], self._access.jobs):
            yield from fates

    def _conversion(self, clips: Sequence[Clip]) -> Conversion:
        looked, cut = self._made_of[clips[0].split, clips[0].clip_id]
        seen = looked.seen
        if seen is None:
            raise AssertionError("unreachable: a recording that is there was looked at")
        targets = [(clip, self._cache.audio_path(clip)) for clip in sorted(clips, key=lambda clip: clip.start_s)]
        return Conversion(looked.path, seen, tuple(targets), self._format, tuple(_remarks(seen, cut, self._format)))

    def _cut(self, split: SplitLooked, looked: Looked) -> CutUp:
        name = split.listed.split
        whole = Clip(looked.clip_id, name, looked.listed.filename, 0.0, self._format.clip_s, looked.listed.labels)
        return cut_up(whole, looked.listed, looked.seconds, self._format.clip_s, self._manifest.long_of(name))

    def _rows(self, split: SplitLooked, cut: Sequence[CutUp]) -> SplitRows:
        name = split.listed.split
        clips = [clip for pieces in cut for clip in pieces.clips]
        reference: dict[str, list[Event]] | None = None
        if self._manifest.has_truth(name):
            self._check_every_recording_has_rows(name, split.listed.recordings)
            reference = {}
            for one, pieces in zip(split.recordings, cut, strict=True):
                unknown = one.listed.events is None
                events = pieces.events or [_somewhere(clip) if unknown else [] for clip in pieces.clips]
                reference |= {clip.clip_id: found for clip, found in zip(pieces.clips, events, strict=True)}
        missing = [one.path.as_posix() for one in split.recordings if not one.is_there]
        notes = notes_of(split, cut, self._format.clip_s, has_strong=self._manifest.has_truth(name))
        return SplitRows(name, len(clips), clips, reference, notes=notes, missing=missing)

    def _check_every_recording_has_rows(self, name: str, recordings: Sequence[Recording]) -> None:
        """Raise if a recording has weak labels but no row in the strong list: a missing row does not mean no events.

        ``training`` is exempt: networks can learn from the strong labels of only some clips, or from weak labels alone.
        """
        for one in recordings if self._manifest.has_truth(name) and name != SPLITS[0] else ():
            if one.labels and one.events is None:
                raise ListFormatError(
                    f"{self._manifest.strong_path(name)}: {one.filename!r} has the weak label {one.labels[0]!r} but no "
                    "event",
                    hint="add its events, or onset and offset 0 if they are unknown",
                )

    def _drop_other_audio(self, rows: Sequence[SplitRows]) -> None:
        """Delete audio of no clip, of a changed or unusable recording, of another length or rate, or of silence.

        Silence is deleted only if its clip has labels.
        """
        kept: dict[str, set[str]] = {split: set() for split in SPLITS}
        silent = self._silent()
        if self._known.clip_format == self._format:
            for of_split in rows:
                for clip in of_split.clips:
                    looked, cut = self._made_of[clip.split, clip.clip_id]
                    contradicts = bool(clip.labels) and (clip.split, clip.clip_id) in silent
                    if looked.is_as_it_was and not contradicts and not (looked.is_there and _fault(looked, cut)[0]):
                        kept[clip.split].add(audio_name(clip.clip_id))
        for split in SPLITS:
            for name in self._cache.audio_names(split) - kept[split]:
                if name.endswith(".flac"):  # other files are not sedpipe's
                    self._delete(self._cache.audio_dir(split) / name)

    def _delete(self, path: Path) -> None:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise SedpipeError(
                f"cannot delete {path}: {error.strerror or error}",
                hint="delete it yourself, or choose another folder with --cache",
            ) from error

    def _silent(self) -> set[Key]:
        """Return the clips that are silent and were stored while they had no labels."""
        fates = {key: entry.fate for key, entry in read_ledgers(self._cache.folder).items()}
        reason, sentence = SILENCE
        # earlier versions gave another reason if there was another remark, too
        return {
            key
            for key, fate in fates.items()
            if fate.state == "ok" and (fate.reason == reason or sentence in fate.message)
        }

    def _warn_of_cut_recordings(self) -> None:
        """Warn about clips of the first edition, which cut long recordings off and kept all of their labels."""
        entries = read_ledgers(self._cache.folder).values() if self._cache.clips_path.exists() else ()
        n_cut = sum((entry.fate.state, entry.fate.reason) == ("ok", "cut") for entry in entries)
        if n_cut:
            self._access.listener.remark(
                f"{counted(n_cut, 'clip')} of {self._cache.name} made by an earlier version, with the beginning of a "
                'longer recording but the labels of all of it: set long = "windows" or "inherit" in the TOML to make '
                "them again"
            )

    def _of_first_edition(self) -> dict[str, tuple[KnownRecording, Path]]:
        """Return the recordings of clips that the first edition made, which kept no table of them, and their paths.

        Audio that is newer than its recording was made from it; the other recordings get a stamp that no file has.
        """
        found: dict[str, tuple[KnownRecording, Path]] = {}
        if self._known.is_there or self._cache.find_record() is None or not self._cache.clips_path.exists():
            return found
        for split, clips in self._cache.read_clips().items():
            if split not in self._manifest.split_names:
                continue
            folder, audio = self._manifest.audio_dir(split), self._manifest.listed(split).audio
            made = self._cache.audio_files(split)
            for clip in clips:
                path = folder / clip.source
                stamp = _stamp(path)
                is_younger = stamp[1] <= made.get(audio_name(clip.clip_id), (0, 0))[1]
                known = KnownRecording(clip.clip_id, Survey(*(stamp if is_younger else (0, 0))))
                found[f"{audio}/{clip.source}"] = known, path
        return found


def _stamp(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except (OSError, ValueError):
        return 0, 0
    return status.st_size, status.st_mtime_ns


def _commonest_rate(looked: Sequence[SplitLooked]) -> int:
    """Return the commonest sample rate of usable recordings, of equally common ones the highest; 0 if there is none."""
    rates = Counter(one.seen.rate for split in looked for one in split.recordings if one.seen and one.seconds)
    return max(rates, key=lambda rate: (rates[rate], rate), default=0)


def _remembered(looked: Sequence[SplitLooked]) -> dict[str, KnownRecording]:
    return {
        one.place: KnownRecording(one.clip_id, one.seen)
        for split in looked
        for one in split.recordings
        if one.seen is not None
    }


def _fault(looked: Looked, cut: CutUp) -> Remark:
    """Return why a recording cannot be converted, as reason and sentence; both are empty if it can."""
    if not looked.is_there:
        return "missing", f"{looked.path}: no such file{looked.suggestion}"
    if looked.seen is not None and looked.seen.fault:
        return looked.seen.fault, looked.seen.message
    if looked.seen is not None and looked.seen.is_silent and looked.listed.labels:
        return SILENCE[0], f"{looked.path}: silent"
    reason, message = cut.fault
    return reason, f"{looked.path}: {message}" if reason else ""


def _remarks(seen: Survey, cut: CutUp, clip_format: ClipFormat) -> Iterator[Remark]:
    if seen.remark:
        yield seen.remark, seen.message
    if cut.inherits:
        yield "inherited", f"a piece of {seen.seconds:.1f} s, labelled like the whole recording"
    rest_s = seen.seconds - (cut.clips[-1].end_s if len(cut.clips) > 1 else clip_format.clip_s)
    if rest_s > 1 / clip_format.sample_rate:
        yield "cut", f"{seen.seconds:.3f} s long: the last {rest_s:.3f} s are left out"


def _somewhere(clip: Clip) -> list[Event]:
    """Return events for a clip's labels at unknown times."""
    return [Event(0.0, 0.0, label) for label in clip.labels]
