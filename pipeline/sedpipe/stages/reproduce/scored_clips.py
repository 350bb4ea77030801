"""The clips that the cells of a table were scored on, and the recordings that these were made from.

- :func:`check_truth`: check that some split can be scored; :func:`check_same_clips`: check that all cells agree
- :func:`judged`: add what is known about the clips, and comparisons of systems on them, to a table's record
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from sedpipe.errors import MissingStageError, StaleError
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.table_folder import Table
from sedpipe.io.files.reading import is_there
from sedpipe.io.lists.events import read_stored_events
from sedpipe.io.records.table import Cell, TableRecord
from sedpipe.steps.recordings import Made, Recordings, recordings_listed, recordings_of
from sedpipe.steps.table_comparisons import comparisons_of, primary_rule
from sedpipe.wording import counted

SCORED = ("testing", "evaluation")

_HINT = (
    "name another folder with --out, or delete the cells that were made of other features; "
    "SPLIT.failed.tsv beside the features tells which clips have none"
)


def check_truth(dataset: Dataset) -> None:
    """Raise ``MissingStageError`` if no split to be scored has strong labels: there would be no scores."""
    if not any(is_there(dataset.reference_path(split)) for split in SCORED):
        raise MissingStageError(
            f"{dataset.name} has strong labels for neither {' nor '.join(SCORED)}: a table would have no scores",
            hint="scores need onsets and offsets: give the split a `strong` list",
        )


def check_same_clips(table: Table, cells: Sequence[Cell]) -> None:
    """Raise ``StaleError`` if cells were scored on other clips, or in another order: clips are compared by row."""
    for split, n_clips in _clips_of(cells).items():
        if len(n_clips) > 1:
            numbers = " or ".join(map(str, sorted(n_clips)))
            raise StaleError(f"cells in {table.folder} were scored on {numbers} clips of {split}", hint=_HINT)
        # early cells contain no clip names
        naming = [cell for cell in cells if split in cell.splits and cell.splits[split].clip_ids]
        for cell in naming[1:]:
            pairs = zip(naming[0].splits[split].clip_ids, cell.splits[split].clip_ids, strict=True)
            for row, (one, other) in enumerate(pairs, 1):
                if one != other:
                    raise StaleError(
                        f"cells in {table.folder} were scored on different clips of {split}: row {row} is clip {one!r} "
                        f"in {_in_words(naming[0])} and {other!r} in {_in_words(cell)}",
                        hint=_HINT,
                    )


def _in_words(cell: Cell) -> str:
    """Return a short description of a cell."""
    pools = f"{cell.pooling} {','.join(map(str, cell.hierarchy)) or 'single'}"
    return f"{pools if cell.bench is None else cell.bench.system} of seed {cell.seed}"


def judged(dataset: Dataset, record: TableRecord, cells: Sequence[Cell]) -> tuple[TableRecord, list[str]]:
    """Return a table's record with recordings, lengths of events and comparisons added, and remarks on the clips.

    Parameters
    ----------
    dataset : Dataset
        Dataset of the table; provides what is not known yet, and need not be in the cache.
    record : TableRecord
        Record of the table.
    cells : sequence of Cell
        Finished cells, at least one.
    """
    known = {split: _recordings(dataset, record, cells, split) for split in _clips_of(cells)}
    of_clips: dict[str, Made] = {split: one.of_clips for split, one in known.items()}
    made = {split: of_clips[split] for split, one in known.items() if not one.remark}
    median = {split: _median_events(dataset, record, split) for split in known}
    compared = {"primary": primary_rule(cells), "comparisons": comparisons_of(cells, of_clips, record.baseline)}
    remarks = [*_missing(cells), *(one.remark for one in known.values() if one.remark)]
    return record.model_copy(update={"recordings": made, "median_event_s": median, **compared}), remarks


def _missing(cells: Sequence[Cell]) -> Iterator[str]:
    """Yield a sentence for each split with missing clips, since its scores are not those of the whole list."""
    for split, n_clips in _clips_of(cells).items():
        listed = max(cell.splits[split].listed for cell in cells if split in cell.splits)
        if listed > max(n_clips):
            of_all = counted(listed, "clip")
            yield f"{max(n_clips):,} of the {of_all} that {split} lists were scored: the others are missing"


def _clips_of(cells: Sequence[Cell]) -> dict[str, set[int]]:
    """Return the numbers of scored clips that occur in the cells, by split."""
    found: dict[str, set[int]] = {}
    for cell in cells:
        for split, scores in cell.splits.items():
            found.setdefault(split, set()).add(scores.clips)
    return found


def _recordings(dataset: Dataset, record: TableRecord, cells: Sequence[Cell], split: str) -> Recordings:
    """Return the recordings from the dataset in the cache; else from the record; else from a shipped manifest."""
    scored = [cell.splits[split] for cell in cells if split in cell.splits]
    n_clips, stored = scored[0].clips, record.recordings.get(split, ())
    named = next((one.clip_ids for one in scored if one.clip_ids), None)
    in_cache = None
    if dataset.find_record() is not None and is_there(dataset.clips_path):
        rows = [clip.clip_id for clip in dataset.read_clips().get(split, [])]
        if named is not None or len(rows) == n_clips:
            in_cache = recordings_of(dataset, split, named or rows)
            if not in_cache.remark and set(named or rows) <= set(rows):
                return in_cache
    if len(stored) == n_clips:
        return Recordings(stored)
    return in_cache or recordings_listed(dataset, split, n_clips)


def _median_events(dataset: Dataset, record: TableRecord, split: str) -> dict[str, float]:
    """Return the median length of each class's reference events in seconds; without a cache, the stored values."""
    path = dataset.reference_path(split)
    if not is_there(path):
        return record.median_event_s.get(split, {})
    lengths: dict[str, list[float]] = {}
    for events in read_stored_events(path).values():
        for event in events:
            if event.is_located:
                lengths.setdefault(event.label, []).append(event.offset - event.onset)
    return {label: round(float(np.median(lengths[label])), 3) for label in sorted(lengths)}
