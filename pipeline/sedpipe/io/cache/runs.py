"""Run folders: one trained system each, with everything that it was made from.

- :class:`Run`: the files of a run
- :func:`runs_of`: the runs of a dataset
- :func:`find_run`: a finished run of a dataset, by name or path, or the newest
- :func:`newest_run`: the newest finished run of a cache
- :func:`find_run_in_cache`: a run of any dataset, by name or path, with the dataset it belongs to
- :func:`run_address`: the name or path by which the latter finds a run
- :func:`cache_around`: the cache that contains a run
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from sedpipe.errors import MissingStageError, SettingsError
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.files.reading import entries, is_there
from sedpipe.io.lists.text import numbered_lines
from sedpipe.io.records.reading import find_record, write_record
from sedpipe.io.records.run import RunRecord
from sedpipe.io.records.scores import ScoreReport
from sedpipe.suggestions import did_you_mean

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True)
class Run:
    """Paths of a run folder."""

    folder: Path

    @property
    def name(self) -> str:
        """Name of the run within the dataset."""
        return self.folder.name

    @property
    def record_path(self) -> Path:
        """Record of settings, versions, random seeds and fingerprints; of the results, too, once it is finished."""
        return self.folder / "run.json"

    @property
    def model_path(self) -> Path:
        """Checkpoint of the finished model; it does not exist before training ends."""
        return self.folder / "checkpoint.pt"

    @property
    def state_path(self) -> Path:
        """State from which unfinished training is resumed."""
        return self.folder / "resume.pt"

    @property
    def lock_path(self) -> Path:
        """Lock held by the process that trains the run."""
        return self.folder / "train.lock"

    @property
    def results_lock_path(self) -> Path:
        """Lock held by the process that scores, plots or exports the run."""
        return self.folder / "results.lock"

    @property
    def curves_path(self) -> Path:
        """Folder for TensorBoard."""
        return self.folder / "tensorboard"

    @property
    def log_path(self) -> Path:
        """Losses and rough scores of each epoch."""
        return self.folder / "log.csv"

    def scores_path(self, split: str) -> Path:
        """Return the path of the scores of a split."""
        return self.folder / f"scores-{split}.json"

    def estimated_path(self, split: str) -> Path:
        """Return the path of the estimated events of a split."""
        return self.folder / f"estimated-{split}.tsv"

    def frame_scores_path(self, split: str) -> Path:
        """Return the path of the frame probabilities of a split."""
        return self.folder / f"frame-scores-{split}.h5"

    @property
    def is_finished(self) -> bool:
        """Whether the model exists and the record contains the result."""
        if not is_there(self.model_path):
            return False
        record = self.find_record()
        return record is not None and record.result is not None

    @property
    def n_epochs(self) -> int:
        """Number of epochs in ``log.csv``."""
        if not is_there(self.log_path):
            return 0
        return max(0, sum(1 for _ in numbered_lines(self.log_path)) - 1)

    def find_record(self) -> RunRecord | None:
        """Read ``run.json``; None before the run has begun. ``SedpipeError`` if it cannot be read."""
        return find_record(self.record_path, RunRecord, f"delete {self.folder} and train again")

    def find_scores(self, split: str) -> ScoreReport | None:
        """Read the scores of a split; None before it was scored. ``SedpipeError`` if they cannot be read."""
        again = f"score it again: `sedpipe score DATASET --run {self.name} --split {split}`"
        return find_record(self.scores_path(split), ScoreReport, again)

    def write_record(self, record: RunRecord) -> None:
        """Write ``run.json``."""
        write_record(self.record_path, record)


def named_run(cache: Dataset, name: str) -> Run:
    """Return the run with this name, whether it exists or not; ``SettingsError`` if that is no safe folder name."""
    if not _NAME.fullmatch(name):
        raise SettingsError(
            f"run {name!r}: expected at most 100 letters, digits, '.', '_' and '-', not starting with '.' or '-'"
        )
    return Run(cache.runs / name)


def runs_of(cache: Dataset) -> list[Run]:
    """Return the runs of a dataset that have begun, in the order of their names."""
    return [Run(folder) for folder in entries(cache.runs) if is_there(Run(folder).record_path)]


def find_run(cache: Dataset, name_or_path: str | None) -> Run:
    """Return a finished run: the newest (None), or the one with this name or folder.

    Raises
    ------
    MissingStageError
        If there is no such run, or it is not finished.
    SettingsError
        If the name cannot be that of a run.
    """
    train = f"run `{cache.command('train')}` first"
    if name_or_path is None:
        finished = _with_a_model(cache)
        if not finished:
            raise MissingStageError(f"{cache.name} has no trained run yet", hint=train)
        return _newest(finished)
    run = Run(Path(name_or_path)) if "/" in name_or_path else named_run(cache, name_or_path)
    if not is_there(run.model_path):
        known = ", ".join(run.name for run in _with_a_model(cache))
        meant = [*_elsewhere(cache, name_or_path), f"finished runs: {known}" if known else train]
        raise MissingStageError(f"{run.folder} contains no trained model", hint="; ".join(meant))
    return run


def _elsewhere(cache: Dataset, name: str) -> list[str]:
    """Return what else a name may mean, a clause each: the folder of a run right here, runs of other datasets."""
    if "/" in name:
        return []
    here = [f"the run in the folder {name} here is ./{name}"] if is_there(Run(Path(name)).model_path) else []
    others = [run for run in _all_of(cache.root) if run.name == name and is_there(run.model_path)]
    return here + [
        f"the dataset {run.folder.parents[1].name} has a run of that name, which is {run.folder}" for run in others
    ]


def newest_run(root: Path) -> tuple[Dataset, Run] | None:
    """Return the newest finished run of a cache with its dataset; None if no run is finished."""
    finished = [run for run in _all_of(root) if is_there(run.model_path)]
    if not finished:
        return None
    run = _newest(finished)
    return Dataset(root, run.folder.parents[1].name), run


def _newest(finished: list[Run]) -> Run:
    return max(finished, key=lambda run: (run.model_path.stat().st_mtime_ns, run.name))


def _with_a_model(cache: Dataset) -> list[Run]:
    return [Run(folder) for folder in entries(cache.runs) if is_there(Run(folder).model_path)]


def find_run_in_cache(root: Path, name_or_path: str) -> tuple[Dataset, Run]:
    """Return a run of any dataset, by its name or the path of its folder, together with its dataset.

    Raises
    ------
    MissingStageError
        If no run has this name, or several have.
    """
    if "/" in name_or_path:
        run = Run(Path(name_or_path))
        if run.folder.resolve().parent.name == "runs":
            dataset = run.folder.resolve().parents[1]
            return Dataset(dataset.parent, dataset.name), run
        record = run.find_record()
        if record is None:
            raise MissingStageError(f"{run.folder} contains no run (there is no run.json)")
        return Dataset(root, record.dataset), run
    known = _all_of(root)
    named = [run for run in known if run.name == name_or_path]
    if len(named) == 1:
        return Dataset(root, named[0].folder.parents[1].name), named[0]
    if named:
        places = ", ".join(str(run.folder) for run in named)
        raise MissingStageError(f"several runs are named {name_or_path!r}", hint=f"name one by its path: {places}")
    there = sorted({run.name for run in known})
    meant = did_you_mean(name_or_path, there)
    hint = f"there are {', '.join(there)}" if there else "train one first: `sedpipe train DATASET`"
    raise MissingStageError(f"{root} has no run {name_or_path!r}{meant}", hint=hint)


def run_address(dataset: Dataset, name: str) -> str:
    """Return what :func:`find_run_in_cache` finds a run by: its name, or its path if other runs have that name, too."""
    namesakes = [run for run in _all_of(dataset.root) if run.name == name]
    return name if len(namesakes) <= 1 else str(dataset.runs / name)


def _all_of(root: Path) -> list[Run]:
    return [Run(folder) for dataset in entries(root) for folder in entries(dataset / "runs") if folder.is_dir()]


def cache_around(folder: Path) -> Path | None:
    """Return the cache of a run at CACHE/DATASET/runs/NAME, or of its export; None if it is in no cache."""
    whole = folder.absolute()
    for run in (whole, whole.parent) if whole.name == "export" else (whole,):
        if run.parent.name == "runs" and len(run.parents) > 2:
            return run.parents[2]
    return None
