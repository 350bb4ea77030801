"""``sedpipe init FOLDER``: a folder of recordings as people keep them -> a dataset's TOML and lists beside it.

- :func:`init`: look, understand, write; nothing is asked and nothing overwritten
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from sedpipe.choices import SPLITS
from sedpipe.clips import clip_id_of_path
from sedpipe.errors import SettingsError
from sedpipe.io.audio.survey import survey
from sedpipe.io.files.atomic import remove_leftovers, write_text
from sedpipe.io.lists.importers import IMPORTERS
from sedpipe.io.lists.importers.findings import Findings, Folder, look_into
from sedpipe.io.lists.recordings import Recording
from sedpipe.io.lists.table_rows import NO_LABEL
from sedpipe.io.lists.text import has_control_characters
from sedpipe.io.manifests.compose import Composed, composed, dataset_of_list, safe_name
from sedpipe.io.manifests.form import MOST_LABELS
from sedpipe.io.manifests.load import manifest_names
from sedpipe.listener import Listener
from sedpipe.reports.own import InitReport
from sedpipe.steps.dataset_shape import Length, lengths_of_recordings, shape_of
from sedpipe.wording import counted, of_some

SHARE = 0.2
"""Share of the training recordings for ``testing``: for early stopping and the choice of thresholds."""


def init(
    folder: Path,
    *,
    out: Path | None = None,
    name: str | None = None,
    share: float | None = None,
    listener: Listener | None = None,
) -> InitReport:
    """Set up a dataset from a folder of recordings.

    Parameters
    ----------
    folder : Path
        Folder of the recordings, which have label files or lie in folders named after their classes.
    out : Path, optional
        Folder for the TOML and the lists; by default the parent of ``folder``.
    name : str, optional
        Name of the dataset; by default that of the folder.
    share : float in (0, 1), optional
        Share of the training recordings for ``testing``, if they are not split yet; by default :data:`SHARE`.
    listener : Listener, optional
        Receiver of progress and remarks.

    Raises
    ------
    SettingsError
        If the folder is not understood, a file with other content is in the way, or a share is given for recordings
        that are split already.
    ListFormatError
        If the importer that recognises the folder finds something broken in it.
    """
    listener = listener or Listener()
    named = Path(os.path.abspath(folder))  # symlinks are not resolved: files go beside a link, not beside its target
    out, name = named.parent if out is None else out, _name(name or named.name)
    found, unread_lists = _without_own_lists(look_into(folder), out / f"{name}.toml")
    importer, findings = _understood(found, unread_lists)
    listable, unlisted = _listable(findings.recordings)
    lengths = lengths_of_recordings(folder, listable, listener)
    recordings, unread = _readable(listable, lengths)
    recordings, twice = _one_file_a_clip(recordings)
    if listable and not recordings:
        none = f"none of {counted(len(listable), 'recording')} can be read"
        why = survey(folder / listable[0].filename).message
        raise SettingsError(f"{folder}: {findings.story}, but {none}", hint=why)
    labels = _labels(folder, findings.story, recordings)
    if share is not None and any(recording.split for recording in recordings):
        raise _already_split(folder, recordings)
    shape, guessed = shape_of(findings, recordings, lengths, share or SHARE)
    made = composed(name, _seen_from(out, named), labels, recordings, shape, findings.story)
    _write(out, made)
    remarks = (*unread_lists, *findings.remarks, *unlisted, *unread, *twice, *guessed, *_alike(labels))
    return InitReport(
        dataset=name,
        path=_shown(out / f"{name}.toml"),
        lists=tuple(_shown(out / file) for file in made.lists),
        importer=importer,
        story=findings.story,
        recordings=len(found.recordings),
        labelled=len(recordings),
        seconds=sum(seconds for seconds, _ in lengths.values()),
        shape=shape,
        splits=_splits(recordings),
        classes=_classes(labels, recordings),
        events=sum(len(recording.events or ()) for recording in recordings),
        remarks=remarks,
    )  # fmt: skip


_WAYS = (
    "put recordings into folders named after their classes, or label files beside them (Audacity, Raven, BirdNET), or "
    "one table with the columns filename and event_label, or filename, onset, offset and event_label"
)


def _without_own_lists(folder: Folder, toml: Path) -> tuple[Folder, list[str]]:
    """Leave out lists that an earlier ``init`` wrote into the folder; their TOML may not have been written yet."""
    own = []
    for path in folder.lists:
        its_toml = path.with_name(f"{dataset_of_list(path.name)}.toml")
        if dataset_of_list(path.name) and (its_toml.exists() or os.path.realpath(its_toml) == os.path.realpath(toml)):
            own.append(path)
    names = [path.relative_to(folder.path).as_posix() for path in own]
    told = f"{counted(len(own), 'list')} of a dataset that lies in this folder not read: {of_some(names)}"
    others = tuple(path for path in folder.lists if path not in own)
    return replace(folder, lists=others), [told] if own else []


def _understood(folder: Folder, remarks: Sequence[str]) -> tuple[str, Findings]:
    for name, importer in IMPORTERS.items():
        findings = importer(folder)
        if findings is not None:
            return name, findings
    n_lists = f" and {counted(len(folder.lists), 'text file')}, none of them a list of labels" if folder.lists else ""
    raise SettingsError(
        f"{folder.path} holds {counted(len(folder.recordings), 'recording')}{n_lists}: nothing says what is in them"
        + "".join(f" ({remark})" for remark in remarks),
        hint=_WAYS,
    )


def _listable(recordings: Sequence[Recording]) -> tuple[list[Recording], list[str]]:
    """Leave out recordings whose names no list can contain."""
    unlisted = [recording.filename for recording in recordings if has_control_characters(recording.filename)]
    kept = [recording for recording in recordings if not has_control_characters(recording.filename)]
    whose = "whose name" if len(unlisted) == 1 else "whose names"
    told = f"{counted(len(unlisted), 'recording')} {whose} no list can contain left out: {of_some(unlisted)}"
    return kept, [told] if unlisted else []


def _readable(recordings: Sequence[Recording], lengths: Mapping[str, Length]) -> tuple[list[Recording], list[str]]:
    """Leave out recordings that cannot be read."""
    unread = [recording.filename for recording in recordings if recording.filename not in lengths]
    kept = [recording for recording in recordings if recording.filename in lengths]
    told = f"{counted(len(unread), 'recording')} that cannot be read left out: {of_some(unread)}"
    return kept, [told] if unread else []


def _one_file_a_clip(recordings: Sequence[Recording]) -> tuple[list[Recording], list[str]]:
    """Keep the first of files that would be the same clip, such as ``a.flac`` and ``a.wav`` in one folder."""
    first: dict[str, Recording] = {}
    for recording in recordings:
        first.setdefault(clip_id_of_path(recording.filename), recording)
    kept = list(first.values())
    chosen = {recording.filename for recording in kept}
    others = [recording.filename for recording in recordings if recording.filename not in chosen]
    told = f"{counted(len(others), 'recording')} left out, named like another one except for the extension"
    return kept, [f"{told}: {of_some(others)}"] if others else []


def _labels(folder: Path, story: str, recordings: Sequence[Recording]) -> list[str]:
    """Return all labels, after checking that lists and TOML can contain each of them."""
    labels = sorted({label for recording in recordings for label in recording.labels})
    if not labels:
        raise SettingsError(f"{folder}: {story}, but no label", hint=_WAYS)
    if len(labels) > MOST_LABELS:
        raise SettingsError(
            f"{folder}: {story}: {len(labels):,} classes, more than the {MOST_LABELS:,} that a dataset can have"
        )
    for label in labels:
        if label.lower() in NO_LABEL:
            raise SettingsError(
                f"{folder}: {story}: the class name {label!r} would be read as no label",
                hint="rename that class; recordings in which no class sounds may lie in a folder called background",
            )
    return labels


def _already_split(folder: Path, recordings: Sequence[Recording]) -> SettingsError:
    told = ", ".join(f"{split} {count:,}" for split, count in _splits(recordings).items())
    return SettingsError(
        f"the recordings of {folder} are already split ({told}), so --share cannot draw testing from them",
        hint="leave --share out; the TOML can be changed afterwards",
    )


def _name(wanted: str) -> str:
    """Return a name that differs from those of shipped datasets, whose folder in the cache it would share."""
    name = safe_name(wanted)
    return f"own-{name}" if name in manifest_names() else name


def _write(out: Path, made: Composed) -> None:
    """Write the lists, then the TOML; files with the same content are left, files with other content raise an error."""
    files = {**made.lists, f"{made.name}.toml": made.toml}
    for file, text in files.items():
        if _is_other(out / file, text):
            raise SettingsError(
                f"{out / file} already exists with different content",
                hint="give the dataset another name with --name, write elsewhere with --out, or delete that file",
            )
    remove_leftovers(out)
    for file, text in files.items():
        if not (out / file).exists():
            write_text(out / file, text)


def _is_other(path: Path, text: str) -> bool:
    try:
        return path.read_bytes() != text.encode()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror or error}") from error


def _alike(labels: Sequence[str]) -> list[str]:
    """Return remarks about labels that may be the same class, spelt in several ways."""
    plain: dict[str, list[str]] = {}
    for label in labels:
        plain.setdefault("".join(c for c in label.casefold() if c.isalnum()) or label, []).append(label)
    return [
        f"spelled in several ways, and kept as separate classes: {of_some(same)}"
        for same in plain.values()
        if len(same) > 1
    ]


def _splits(recordings: Sequence[Recording]) -> dict[str, int]:
    counts = Counter(recording.split or SPLITS[0] for recording in recordings)
    return {split: counts[split] for split in SPLITS if counts[split]}


def _classes(labels: Sequence[str], recordings: Sequence[Recording]) -> dict[str, dict[str, int]]:
    splits = _splits(recordings)
    counts = Counter((label, r.split or SPLITS[0]) for r in recordings for label in r.labels)
    return {label: {split: counts[label, split] for split in splits} for label in labels}


def _seen_from(out: Path, folder: Path) -> str:
    """Return a relative path if both can be moved together, else an absolute one."""
    relative = Path(os.path.relpath(folder, out))
    # after a symlink, ".." is the parent of its target
    is_reached = os.path.realpath(out / relative) == os.path.realpath(folder)
    seen = (relative if is_reached and relative.parts.count("..") < 2 else folder).as_posix()
    try:
        seen.encode()
    except UnicodeEncodeError as error:
        raise SettingsError(
            f"{folder}: its name is not UTF-8, which a TOML has to be", hint="rename the folder, or name a link to it"
        ) from error
    return seen


def _shown(path: Path) -> str:
    """Return a path that works from the working directory, as short as possible."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") and len(str(path)) <= len(relative) else relative
