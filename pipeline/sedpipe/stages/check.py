"""``sedpipe check DATASET``: check a dataset of the user's own recordings, before anything is converted.

- :func:`check`: lists and recordings -> a summary of them, and what is wrong with them
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sedpipe.clips import DEFAULT_SAMPLE_RATE, ClipFormat
from sedpipe.commands import command
from sedpipe.errors import ListFormatError, SettingsError
from sedpipe.io.lists.recordings import read_recordings
from sedpipe.io.manifests.folder import FolderManifest
from sedpipe.io.manifests.form import Manifest
from sedpipe.io.manifests.listed import ListedSplit, read_splits
from sedpipe.io.manifests.load import manifest_names
from sedpipe.io.parallel import in_parallel
from sedpipe.io.settings.front_ends import feature_spec
from sedpipe.listener import Listener
from sedpipe.reports.own import CheckReport, SplitFound
from sedpipe.sources.finding import find_listed
from sedpipe.steps.dataset_faults import Faults, SplitSeen, faults_between, faults_of, faults_of_classes
from sedpipe.steps.examination import examine


def check(manifest: Manifest, *, jobs: int = 1, listener: Listener | None = None) -> CheckReport:
    """Check a dataset of local recordings; nothing is written.

    Parameters
    ----------
    manifest : Manifest
        Manifest of the dataset.
    jobs : int
        Number of worker processes; every recording is decoded once.
    listener : Listener, optional
        Receiver of progress and remarks.

    Raises
    ------
    SettingsError
        If the dataset does not consist of local recordings.
    """
    if not isinstance(manifest, FolderManifest):
        address = manifest.name if manifest.name in manifest_names() else str(manifest.path)
        raise SettingsError(
            f"{manifest.name} is not a folder of recordings: there is nothing to check",
            hint=f"`{command('download', address, '--dry-run')}` counts its clips",
        )
    listener, faults = listener or Listener(), Faults([], [], [])
    listed = _listed(manifest, faults)
    splits = _seen(manifest, listed, jobs, listener)
    for seen in splits:
        faults.add(faults_of(seen, manifest.clip_s, manifest.long_of(seen.split)))
    rates = Counter(one.survey.rate for seen in splits for one in seen.examined.values() if one.survey.rate)
    classes = _classes(manifest, splits)
    faults.wrong.extend(_unheard(ClipFormat(manifest.clip_s, _rate(manifest, rates))))
    if len(listed) == len(manifest.split_names):  # else unreadable lists would seem to be missing
        faults.add(faults_between(splits, _rate(manifest, rates)))
        faults.add(faults_of_classes(classes))
    return CheckReport(
        dataset=manifest.name,
        splits={seen.split: _counted(seen, manifest.clip_s) for seen in splits},
        classes=classes,
        rates={str(rate): count for rate, count in sorted(rates.items())},
        can_train=not faults.fatal,
        problems=[*faults.fatal, *faults.wrong],
        remarks=faults.remarks,
    )


def _listed(manifest: FolderManifest, faults: Faults) -> list[ListedSplit]:
    """Return the splits whose lists can be read; errors in the others are added to ``faults``."""
    try:
        listed = list(read_splits(manifest))
    except ListFormatError as error:
        faults.fatal.append(_sentence(error))
    else:
        faults.remarks.extend(remark for split in listed for remark in split.remarks)
        return listed
    listed = []
    for split in manifest.split_names:
        if manifest.splits[split].drawn_from is not None:
            continue
        try:
            found, _ = read_recordings(manifest.weak_path(split), manifest.strong_path(split), manifest.label_set)
        except ListFormatError as error:
            faults.fatal.extend({_sentence(error)} - set(faults.fatal))
        else:
            listed.append(ListedSplit(split, found))
    return listed


def _sentence(error: ListFormatError) -> str:
    return f"{error.message} ({error.hint})" if error.hint else error.message


def _unheard(clips: ClipFormat) -> list[str]:
    """Check whether clips suit the default features, a problem that would otherwise show only after conversion."""
    try:
        feature_spec(clips)
    except SettingsError as error:
        return [f"{error.message}; shorten clip_s"]
    return []


def _rate(manifest: FolderManifest, rates: Counter[int]) -> int:
    native = rates.most_common(1)[0][0] if rates else DEFAULT_SAMPLE_RATE
    return manifest.sample_rate if isinstance(manifest.sample_rate, int) else native


def _seen(manifest: FolderManifest, listed: Sequence[ListedSplit], jobs: int, listener: Listener) -> list[SplitSeen]:
    """Decode every recording that exists, each file once."""
    found = {
        of.split: find_listed(manifest.audio_dir(of.split), [recording.filename for recording in of.recordings])
        for of in listed
    }
    paths = {
        (split, name): manifest.audio_dir(split) / file
        for split, of_split in found.items()
        for name, file in of_split.files.items()
    }
    distinct = list(dict.fromkeys(paths.values()))
    examined = dict(
        zip(distinct, listener.track(in_parallel(examine, distinct, jobs), len(distinct), "recordings"), strict=True)
    )
    return [
        SplitSeen(
            of.split,
            of.recordings,
            found[of.split],
            {name: examined[paths[of.split, name]] for name in found[of.split].files},
            manifest.has_truth(of.split),
        )
        for of in listed
    ]


def _counted(seen: SplitSeen, clip_s: float) -> SplitFound:
    contradicting = set(seen.silent(labelled=True))
    usable = [one for name, one in seen.examined.items() if not one.fault and name not in contradicting]
    return SplitFound(
        listed=len(seen.recordings),
        found=len(seen.examined),
        missing=len(seen.missing),
        too_long=len(seen.longer_than(clip_s)),
        silent=len(contradicting) + len(seen.silent(labelled=False)),
        unusable=len(seen.unusable),
        seconds=sum(one.seconds for one in usable),
        shortest=min((one.seconds for one in usable), default=0.0),
        longest=max((one.seconds for one in usable), default=0.0),
        events=sum(len(recording.events or ()) for recording in seen.recordings),
    )


def _classes(manifest: FolderManifest, splits: Sequence[SplitSeen]) -> dict[str, dict[str, int]]:
    """Count the usable recordings of each class in each split."""
    counts: Counter[tuple[str, str]] = Counter()
    for seen in splits:
        for recording in seen.recordings:
            one = seen.examined.get(recording.filename)
            if one is not None and not one.fault and not one.survey.is_silent:
                counts.update((label, seen.split) for label in recording.labels)
    return {label: {seen.split: counts[label, seen.split] for seen in splits} for label in manifest.labels}
