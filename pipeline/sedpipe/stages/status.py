"""``sedpipe status``: what each stage has and lacks, and which command comes next.

- :func:`status`: the state of one dataset; changes nothing
- :func:`overview`: the same for every dataset of a cache
- :func:`export_clips`: write what is known about each clip as a table
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from sedpipe.commands import command
from sedpipe.errors import SedpipeError
from sedpipe.fates import Fate
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.feature_file import DamagedStoreError, FeatureFile
from sedpipe.io.cache.ledger import Entry, read_ledgers, write_entries
from sedpipe.io.cache.runs import Run, named_run, run_address, runs_of
from sedpipe.io.cache.table_folder import Table, tables_of
from sedpipe.io.files.atomic import remove_leftovers
from sedpipe.io.files.locks import is_held
from sedpipe.io.files.reading import entries, is_there
from sedpipe.io.manifests.folder import FolderManifest
from sedpipe.io.manifests.load import load_manifest
from sedpipe.reports.data import (
    CacheStatus,
    CellState,
    GridState,
    Headline,
    Progress,
    Stages,
    StatusReport,
    StoredCounts,
)
from sedpipe.steps.changed_audio import perhaps_changed
from sedpipe.steps.feature_plan import read_failed
from sedpipe.steps.next_steps import after_features, after_training, scorable_split
from sedpipe.steps.tally import states_of, tally, tally_classes


def status(dataset: Dataset, address: str = "", *, classes: bool = False) -> StatusReport:
    """Report what the cache contains of a dataset.

    Parameters
    ----------
    dataset : Dataset
        The dataset, downloaded or not.
    address : str, optional
        Name of the dataset or path of its TOML, as commands take it; by default the name.
    classes : bool
        Whether to count clips by class as well.

    Raises
    ------
    SedpipeError
        If a file of the dataset cannot be read; a damaged feature store raises nothing and is listed with the others.
    """
    address, record = address or dataset.name, dataset.find_record()
    if record is None or not is_there(dataset.clips_path):
        return StatusReport(dataset.name, Stages(), command("download", address, cache=dataset.root))
    runs = runs_of(dataset)
    stages = Stages(
        download=tally(dataset, record),
        features={
            folder.name: _stored(dataset, folder) for folder in entries(dataset.folder / "features") if folder.is_dir()
        },
        train={run.name: Progress(run.is_finished, run.n_epochs) for run in runs},
        score={run.name: _scored(run) for run in runs},
        headlines={run.name: headlines for run in runs if (headlines := _headlines(run))},
        reproduce={table.folder.name: _grid(dataset, table) for table in tables_of(dataset)},
    )
    by_class = tally_classes(dataset, record) if classes else {}
    following = command(*_next(dataset, stages, address), cache=dataset.root)
    return StatusReport(dataset.name, stages, following, by_class)


def overview(cache_dir: Path) -> CacheStatus:
    """Report what a cache contains of every dataset.

    A dataset that cannot be read is reported with a message; the other datasets are reported as usual.
    """
    reports, unreadable = [], {}
    for folder in entries(cache_dir):
        if not is_there(Dataset(cache_dir, folder.name).record_path):
            continue
        try:
            reports.append(status(Dataset(cache_dir, folder.name)))
        except SedpipeError as error:
            unreadable[folder.name] = error.message
    following = "" if reports else command("demo", cache=cache_dir)
    return CacheStatus(str(cache_dir), reports, unreadable, following)


def export_clips(dataset: Dataset, path: Path) -> int:
    """Write the state of each clip, as counted by :func:`status`, to a TSV file; return the number of rows.

    The ledger entry of a clip is written, unless the clip's audio contradicts it.

    Raises
    ------
    MissingStageError
        If nothing was downloaded.
    SedpipeError
        In the same cases as :func:`~sedpipe.steps.tally.tally`.
    """
    states, known = states_of(dataset, dataset.read_record()), read_ledgers(dataset.folder)
    rows = []
    for split, of_split in states.items():
        for clip_id, (state, _) in of_split.items():
            entry = known.get((split, clip_id), Entry(Fate(split, clip_id, state), 0, ""))
            rows.append(entry if entry.fate.state == state else replace(entry, fate=Fate(split, clip_id, state)))
    remove_leftovers(path.parent)
    write_entries(path, rows)
    return len(rows)


def _stored(dataset: Dataset, folder: Path) -> dict[str, StoredCounts]:
    stored, clips = {}, dataset.read_clips()
    for path in entries(folder, "[!.]*.h5"):
        if path.stem not in clips:  # the dataset no longer has this split
            continue
        failed = len(read_failed(path.with_suffix(".failed.tsv")))
        try:
            n_changed = len(perhaps_changed(dataset, path, clips[path.stem]))
            stored[path.stem] = StoredCounts(len(FeatureFile(path).clip_ids), failed, changed=n_changed)
        except DamagedStoreError as error:
            stored[path.stem] = StoredCounts(0, failed, f"{error.message}: {error.hint}")
    return stored


def _scored(run: Run) -> list[str]:
    return [path.stem.removeprefix("scores-") for path in entries(run.folder, "scores-*.json")]


def _headlines(run: Run) -> dict[str, Headline]:
    """Return ER and F1 of each split that was scored, as far as the scores can be read."""
    found = {}
    for split in _scored(run):
        with suppress(SedpipeError):
            scores = run.find_scores(split)
            if scores is not None:
                point = scores.segment_based
                found[split] = Headline(scores.operating_point, point.error_rate, point.f1)
    return found


def _grid(dataset: Dataset, table: Table) -> GridState:
    """Count the cells of a table by state, and list each cell that is finished or was requested."""
    record, done, failures = table.find_record(), table.done, table.failures
    cells = {name: CellState(state="done") for name in sorted(done)}
    for name, run_name in (record.runs if record else {}).items():
        run = named_run(dataset, run_name)
        known: dict[str, str | int] = {"state": "done" if name in done else _state(run, failures.get(name))}
        known["run"] = run_name
        if known["state"] not in ("done", "missing"):
            known |= {"epochs": run.n_epochs, "of": record.epochs if record and record.epochs else _most_epochs(run)}
        if known["state"] == "failed":
            known["reason"] = failures[name]
        cells[name] = CellState.model_validate(known)
    states = Counter(cell.state for cell in cells.values())
    return GridState(
        all=len(cells),
        done=states["done"],
        under_way=states["under_way"],
        begun=states["begun"],
        failed=states["failed"],
        missing=states["missing"],
        cells=cells,
    )


def _most_epochs(run: Run) -> int:
    """Return the maximum number of epochs in a run's own settings, for tables whose systems differ in it."""
    with suppress(SedpipeError):
        record = run.find_record()
        epochs = None if record is None else record.settings.training.get("epochs")
        return epochs if isinstance(epochs, int) else 0
    return 0


def _state(run: Run, failure: str | None) -> str:
    if is_held(run.lock_path):
        return "under_way"
    if failure is not None:
        return "failed"
    return "begun" if is_there(run.record_path) else "missing"


def _next(dataset: Dataset, stages: Stages, address: str) -> tuple[str, ...]:
    """Return the first command whose result is missing; if none is, the command for the last run's page."""
    available = {split: counts.ok for split, counts in stages.download.items() if counts.listed}
    if not any(available.values()) or _is_listed_anew(dataset):
        return "download", address
    if not any(_is_complete(stored, available) for stored in stages.features.values()):
        return "features", address
    # a run of 0 epochs is an untrained network, for comparison only
    finished = [name for name, run in stages.train.items() if run.finished and run.epochs]
    split = scorable_split(dataset)
    unscored = [name for name in finished if split is None or split not in stages.score[name]]
    if unscored:
        return after_training(dataset, address, unscored[0])
    begun = _begun(dataset, stages)
    if begun is not None:
        return begun
    return ("report", run_address(dataset, finished[-1])) if finished else after_features(dataset, address)


def _is_listed_anew(dataset: Dataset) -> bool:
    """Whether the TOML or the lists of a user's dataset were edited since the download, or can no longer be read."""
    record = dataset.read_record()
    if not record.manifest or not Path(record.manifest).is_file():
        return False
    try:
        manifest = load_manifest(record.manifest)
    except SedpipeError:
        return True
    return isinstance(manifest, FolderManifest) and manifest.fingerprint != record.fingerprint


def _begun(dataset: Dataset, stages: Stages) -> tuple[str, ...] | None:
    """Return the command that an interrupted run was started with; None without such a run, or if it was not stored."""
    of_tables = {cell.run for table in stages.reproduce.values() for cell in table.cells.values()}
    for name, progress in stages.train.items():
        run = named_run(dataset, name)
        if not progress.finished and name not in of_tables and not is_held(run.lock_path):
            record = run.find_record()
            if record is not None and record.command[:1] == ("train",):
                return record.command
    return None


def _is_complete(stored: dict[str, StoredCounts], available: dict[str, int]) -> bool:
    """Whether every clip with audio was processed, and none of the audio has changed since."""
    nothing = StoredCounts(0, 0)
    return all(
        not (counts := stored.get(split, nothing)).changed and counts.clips + counts.failed >= n_clips
        for split, n_clips in available.items()
    )
