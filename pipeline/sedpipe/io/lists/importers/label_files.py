"""Recordings with label files: one table for all, or a file beside each, from any program that the reader knows.

- :func:`from_label_files`: a folder -> recordings with labels and events
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from sedpipe.errors import ListFormatError
from sedpipe.events import Event
from sedpipe.io.lists.annotations import Annotation, Annotations
from sedpipe.io.lists.importers.findings import Findings, Folder
from sedpipe.io.lists.importers.split_folders import split_of_folders
from sedpipe.io.lists.joined_labels import taken_apart
from sedpipe.io.lists.known_names import KnownNames, agreement
from sedpipe.io.lists.names import recording_of_list
from sedpipe.io.lists.read import read_annotations
from sedpipe.io.lists.recordings import Recording
from sedpipe.io.lists.remarks import together
from sedpipe.wording import counted, of_some

_MOST_TOLD = 5


def from_label_files(folder: Folder) -> Findings | None:
    """Return the recordings that are in a list; None if no list is about any of them.

    A recording that is in no list is left out, since that does not mean that nothing sounds in it. A list that names
    no recording is about the one with the same name.
    """
    read, aside = _lists(folder)
    rows = _Rows(folder, read)
    if not rows.of:
        return None
    apart, remarks = taken_apart(row.label for of_name in rows.of.values() for row in of_name)
    splits = split_of_folders(rows.of)
    recordings = [
        _recording(name, of_name, apart, splits.of.get(name, ""))
        for name, of_name in sorted(rows.of.items())
        if name not in splits.left_out
    ]
    one_each = sum(not found.names_recordings for found in read)
    parts = [counted(one_each, "label file") + " of one recording each" if one_each else "",
             counted(len(read) - one_each, "list") + " naming recordings" if len(read) > one_each else ""]  # fmt: skip
    told = together(remark for found in read for remark in found.remarks)
    return Findings(
        "recordings with " + " and ".join(part for part in parts if part),
        tuple(recordings),
        (*map(str, told), *map(str, remarks), *rows.remarks(), *splits.remarks, *aside),
    )


def _lists(folder: Folder) -> tuple[list[Annotations], list[str]]:
    """Return the lists that are understood, and remarks on the others."""
    read, aside = [], []
    # TSV first: `listen` writes one beside the list of another program, as its correction
    for path in sorted(folder.lists, key=lambda path: (path.parent, path.suffix.lower() != ".tsv", path.name)):
        try:
            found = read_annotations(path, "either")
        except ListFormatError as error:
            aside.append(f"not understood and ignored: {error.message}")
            continue
        if not found.rows:  # an annotator listened and heard no event
            own = recording_of_list(path.name)
            found = Annotations(path, [Annotation(path, 1, own, None, "")], False, True, found.remarks)
        read.append(found)
    more = len(aside) - _MOST_TOLD
    return read, [*aside[:_MOST_TOLD], *([f"and {more} more that are not understood"] if more > 0 else [])]


@dataclass(frozen=True)
class _Claim:
    """Rows of a list about a recording, and the path below the folder by which the list means that recording."""

    read: Annotations
    path: str
    recording: str
    rows: list[Annotation]

    @property
    def agreement(self) -> int:
        return agreement(self.path, self.recording)


class _Rows:
    """Rows by recording, and what could not be used."""

    def __init__(self, folder: Folder, read: Sequence[Annotations]) -> None:
        self.of: dict[str, list[Annotation]] = {}
        self._folder = folder
        self._recordings = set(folder.recordings)
        self._known = KnownNames(folder.recordings)
        self._timed_by: dict[str, Path] = {}
        self._tagged_by: dict[str, _Claim] = {}
        self._joined: dict[str, str] = {}
        self._twice: dict[str, None] = {}
        self._strange: dict[str, None] = {}
        self._elsewhere = 0
        claims = [claim for found in read for claim in self._claims(found)]
        # a list beside a recording is more likely to be about it than one beside another of the same name
        for claim in sorted(claims, key=lambda claim: -claim.agreement):
            if claim.read.has_times:
                self._take_events(claim)
            elif claim.recording not in self._timed_by:
                self._take_tags(claim)

    def remarks(self) -> list[str]:
        """Return what was left out, in sentences."""
        found = []
        unlabelled = [name for name in self._folder.recordings if name not in self.of]
        if unlabelled:
            found.append(f"{counted(len(unlabelled), 'recording')} without labels left out: {of_some(unlabelled)}")
        if self._strange:
            names = list(self._strange)
            several = self._known.candidates(names[0])
            why = f" ({names[0]!r} may be {of_some(several)})" if len(several) > 1 else self._known.suggestion(names[0])
            found.append(f"labels of {counted(len(names), 'recording')} not found here left out: {of_some(names)}{why}")
        if self._elsewhere:
            found.append(f"{counted(self._elsewhere, 'label file')} in a different folder from their recordings")
        if self._twice:
            twice = counted(len(self._twice), "recording")
            used = {name: self._timed_by[name].relative_to(self._folder.path).as_posix() for name in self._twice}
            names = [f"{name} ({path})" for name, path in used.items()]
            found.append(f"{twice} in several lists of events, one of which is used: {of_some(names)}")
        joined = [f"{name} ({path})" for name, path in self._joined.items() if name not in self._timed_by]
        if joined:
            of = counted(len(joined), "recording")
            found.append(f"labels of {of} joined with those of the same name in a different folder: {of_some(joined)}")
        return found

    def _claims(self, read: Annotations) -> Iterator[_Claim]:
        above = read.path.parent.relative_to(self._folder.path).as_posix()
        by_path: dict[str, list[Annotation]] = {}
        for row in read.rows:
            is_whole = read.names_recordings and row.filename in self._recordings
            by_path.setdefault(row.filename if is_whole else f"{above}/{row.filename}", []).append(row)
        if read.names_recordings:
            meant = self._known.find_all(by_path, spellings=True)
        else:
            meant = self._about(read, above, *by_path)
        claims: dict[str, _Claim] = {}
        for path, rows in by_path.items():
            if path not in meant:
                self._strange[rows[0].filename] = None
            elif meant[path] in claims:
                claims[meant[path]].rows.extend(rows)
            else:
                claims[meant[path]] = _Claim(read, path, meant[path], rows)
        yield from claims.values()

    def _about(self, read: Annotations, above: str, path: str) -> dict[str, str]:
        """Return the recording that a list without names is about."""
        bare = f"{above}/{read.path.stem}"  # "a_labels.wav" may be what "a_labels.txt" is about
        meant = self._known.find(bare) or self._known.find(path) or self._only_one(above)
        self._elsewhere += meant is not None and PurePosixPath(meant).parent != PurePosixPath(above)
        return {} if meant is None else {path: meant}

    def _only_one(self, above: str) -> str | None:
        """Return the recording of a folder that contains exactly one recording and one label file."""
        recordings = [name for name in self._folder.recordings if PurePosixPath(name).parent == PurePosixPath(above)]
        lists = [path for path in self._folder.lists if path.parent == self._folder.path / above]
        return recordings[0] if len(recordings) == len(lists) == 1 else None

    def _take_events(self, claim: _Claim) -> None:
        """Take rows with times, which tell more than labels alone and so replace them."""
        if claim.recording in self._timed_by:
            self._twice[claim.recording] = None
        else:
            self._timed_by[claim.recording] = claim.read.path
            self.of[claim.recording] = claim.rows

    def _take_tags(self, claim: _Claim) -> None:
        first = self._tagged_by.setdefault(claim.recording, claim)
        if claim.agreement < first.agreement:
            self._joined[claim.recording] = claim.path
        self.of.setdefault(claim.recording, []).extend(claim.rows)


def _recording(name: str, rows: Sequence[Annotation], apart: dict[str, tuple[str, ...]], split: str) -> Recording:
    labels = tuple(dict.fromkeys(label for row in rows for label in apart[row.label]))
    events = [Event(*row.times, label) for row in rows if row.times for label in apart[row.label]]
    is_timed = bool(events) or not labels
    return Recording(name, labels, tuple(sorted(events)) if is_timed else None, split)
