"""Record of a run's settings and data: written when the run starts, compared with the request when it resumes.

- :func:`describe_run`: make a record of settings, data and versions
- :func:`check_same_features`: check that the request has the features of the run
- :func:`begin_run`: write the record of a new run; refuse to resume a run with other settings or data
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from sedpipe.commands import command
from sedpipe.detection.postprocess import PostProcessing
from sedpipe.errors import StaleError
from sedpipe.features.encoders.encoder import NeedsEncoders
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.runs import Run, named_run
from sedpipe.io.files.checksums import sha256_in_cache
from sedpipe.io.files.reading import is_there
from sedpipe.io.models.beginning import Beginning
from sedpipe.io.records.form import Table
from sedpipe.io.records.run import RunRecord, RunSettings, UsedEncoder
from sedpipe.io.records.settings import as_table, differences, filled, in_words
from sedpipe.steps.batches import ClipBatches
from sedpipe.training.settings import TrainSettings
from sedpipe.version import __version__

_DATA = {
    "manifest": "the TOML or lists of the dataset",
    "labels": "the classes",
    "features": "the features",
    "reference": "the strong labels of testing",
    "training": "the clips of training",
    "testing": "the clips of testing",
    "strong": "the strong labels of training",
}
"""What each fingerprint of a run's data identifies, in words."""

VERSIONED = ("torch", "numpy", "librosa", "h5py", "sed_eval")


def describe_run(
    cache: Dataset,
    settings: TrainSettings,
    spec: FeatureSpec,
    splits: Mapping[str, ClipBatches],
    begin: Beginning | None = None,
) -> RunRecord:
    """Return the record of a run: its settings, fingerprints of all data that it uses, and versions.

    Parameters
    ----------
    cache : Dataset
    settings : TrainSettings
    spec : FeatureSpec
        Features that the network takes as input.
    splits : mapping of str to ClipBatches
        Clips by split: those it is trained on, and those it is tuned on.
    begin : Beginning, optional
        Model that the training starts from.
    """
    record = cache.read_record()
    versions = {"sedpipe": __version__, "python": platform.python_version()}
    data: Table = {
        "manifest": record.fingerprint,
        "labels": list(record.labels),
        "features": spec.fingerprint,
        "reference": _sha256_if_there(cache.reference_path("testing")),
        **{split: _clips_fingerprint(batches) for split, batches in splits.items()},
    }
    if settings.training.supervision == "mixed":
        data["strong"] = _sha256_if_there(cache.reference_path("training"))
    return RunRecord(
        dataset=cache.name,
        settings=RunSettings.model_validate(_deciding(as_table(replace(settings, more_epochs=0, own_rule=None)))),
        data=data,
        versions={**versions, **{name: version(name) for name in VERSIONED}},
        encoders=_encoders(spec),
        taught_by=_encoders_of_others(cache, settings.teacher, begin),
        command=settings.command,
        own_rule=settings.own_rule if isinstance(settings.own_rule, PostProcessing) else None,
    )


def _deciding(settings: Table) -> Table:
    """Return the settings that affect the training: without the command line, and without the rule for scoring."""
    return {name: value for name, value in settings.items() if name not in ("command", "own_rule")}


def _encoders(spec: FeatureSpec) -> tuple[UsedEncoder, ...]:
    front_end = spec.front_end
    encoders = front_end.encoders if isinstance(front_end, NeedsEncoders) else ()
    return tuple(UsedEncoder(name=one.name, sha256=one.sha256, heard=one.heard) for one in encoders)


def _encoders_of_others(cache: Dataset, teacher: str, begin: Beginning | None) -> tuple[UsedEncoder, ...]:
    """Return the encoders behind the teacher and the initial model: the run learns what they know of recordings."""
    record = named_run(cache, teacher.partition("@")[0]).find_record() if teacher else None
    learnt = (*(record.passed_on if record else ()), *(begin.taught_by if begin else ()))
    return tuple(dict.fromkeys(learnt))


def _clips_fingerprint(batches: ClipBatches) -> Table:
    pairs = zip(batches.clips, batches.audio_sha256, strict=True)
    rows = json.dumps([[clip.clip_id, audio, *clip.labels] for clip, audio in pairs])
    return {"clips": len(batches), "sha256": hashlib.sha256(rows.encode()).hexdigest()}


def _sha256_if_there(path: Path) -> str | None:
    return sha256_in_cache(path) if is_there(path) else None


def begin_run(run: Run, record: RunRecord, settings: TrainSettings) -> RunRecord:
    """Return the run's record if there is one and it matches; write ``record`` and return it if there is none.

    Parameters
    ----------
    run : Run
    record : RunRecord
        Record that :func:`describe_run` makes of the run now.
    settings : TrainSettings
        Settings in that record; their defaults stand in for settings that did not exist when the run was started.

    Raises
    ------
    StaleError
        If the run was started with other settings or other data; the message names them.
    """
    there = run.find_record()
    if there is None:
        run.write_record(record)
        return record
    changed = differences(_deciding(filled(there.settings.as_json(), settings)), record.settings.as_json())
    if changed:
        raise StaleError(
            f"run {run.name} was started with other settings: {in_words(changed)}",
            hint=f"{_repeat(run, there)}name another run with --run, or delete {run.folder}",
        )
    # a fingerprint that was not taken when the run was started cannot be compared
    other = [name for name in record.data if name in there.data and there.data[name] != record.data[name]]
    if other:
        raise StaleError(
            f"run {run.name} was started with other data; since then {_listed(there.data, record.data, other)} changed",
            hint=f"train on what is there now as another run with --run, or delete {run.folder}",
        )
    return there


def _listed(there: Table, now: Table, changed: Sequence[str]) -> str:
    """Return the changed data in words: ``the classes and the clips of training (12 then, 11 now)``."""
    *first, last = [f"{_DATA.get(name, name)}{_counted(there[name], now[name])}" for name in changed]
    return f"{', '.join(first)} and {last}" if first else last


def _counted(there: object, now: object) -> str:
    """Return the numbers of clips, if these have changed."""
    if not isinstance(there, Mapping) or not isinstance(now, Mapping) or there.get("clips") == now.get("clips"):
        return ""
    return f" ({there.get('clips')} then, {now.get('clips')} now)"


def check_same_features(run: Run, spec: FeatureSpec) -> None:
    """Raise ``StaleError`` if a run was started with other features, before the requested ones are looked for."""
    there = run.find_record()
    if there is not None and there.data.get("features", spec.fingerprint) != spec.fingerprint:
        raise StaleError(
            f"run {run.name} was started with other features",
            hint=f"{_repeat(run, there)}name another run with --run, or delete {run.folder}",
        )


def _repeat(run: Run, there: RunRecord) -> str:
    """Return a hint on how the run was started, if this is known, for users who want to resume it."""
    if not there.command:
        return ""
    return f"repeat the options of `{command(*there.command, cache=run.folder.parents[2])}`, "
