"""What a run is made with: written when it begins, held against what is asked when it goes on.

- :func:`describe_run`: settings, data, versions
- :func:`begin_run`: a new run's record is written; another one's settings or data are refused
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import sedpipe
from sedpipe.errors import StaleError
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.runs import Run, differences
from sedpipe.io.files.checksums import sha256_of
from sedpipe.steps.batches import ClipBatches
from sedpipe.training.settings import TrainSettings

VERSIONED = ("torch", "numpy", "librosa", "h5py", "sed_eval")


def describe_run(
    cache: Dataset, settings: TrainSettings, spec: FeatureSpec, splits: Mapping[str, ClipBatches]
) -> dict[str, Any]:
    """The record of a run: its settings, fingerprints of all data that it sees, and versions.

    Parameters
    ----------
    cache : Dataset
    settings : TrainSettings
    spec : FeatureSpec
        Which features.
    splits : mapping of str to ClipBatches
        What it learns from and is tuned on.
    """
    record = cache.read_record()
    versions = {"sedpipe": sedpipe.__version__, "python": platform.python_version()}
    description = {
        "dataset": cache.name,
        "settings": asdict(settings),
        "data": {
            "manifest": record.fingerprint,
            "labels": record.labels,
            "features": spec.fingerprint,
            "reference": _sha256_if_there(cache.reference_path("testing")),
            **{split: _clips_fingerprint(batches) for split, batches in splits.items()},
        },
        "versions": {**versions, **{name: version(name) for name in VERSIONED}},
    }
    as_read_back: dict[str, Any] = json.loads(json.dumps(description))  # tuples become lists
    return as_read_back


def _clips_fingerprint(batches: ClipBatches) -> dict[str, int | str]:
    pairs = zip(batches.clips, batches.audio_sha256, strict=True)
    rows = json.dumps([[clip.clip_id, audio, *clip.labels] for clip, audio in pairs])
    return {"clips": len(batches), "sha256": hashlib.sha256(rows.encode()).hexdigest()}


def _sha256_if_there(path: Path) -> str | None:
    return sha256_of(path) if path.exists() else None


def begin_run(run: Run, record: dict[str, Any]) -> dict[str, Any]:
    """The record of the run if it is there already and the same; else ``record``, now written.

    Raises
    ------
    StaleError
        If the run was begun with other settings or other data; says which.
    """
    there = run.find_record()
    if there is None:
        run.write_record(record)
        return record
    for part in ("settings", "data"):
        changed = differences(there.get(part, {}), record[part])
        if changed:
            raise StaleError(
                f"run {run.name} was begun with other {part}: {'; '.join(changed)}",
                hint=f"name another run with --run, or delete {run.folder}",
            )
    return there
