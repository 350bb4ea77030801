"""Cells of Table 2 -> the table: comparisons, page, figures, lists; from the cells alone where there is no cache.

- :func:`write_table`: of cells that are there
- :func:`draw_table2`: ``sedpipe reproduce table2 --draw``: of all cells in a folder, whatever they were made with
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sedpipe.errors import MissingStageError, StaleError
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.table_folder import Table
from sedpipe.io.files.atomic import write_text
from sedpipe.io.files.reading import is_there
from sedpipe.io.lists.events import read_stored_events
from sedpipe.io.records.table import Cell, TableRecord
from sedpipe.reports.tables import ReproduceReport
from sedpipe.steps.recordings import Made, Recordings, recordings_listed, recordings_of
from sedpipe.steps.table_comparisons import comparisons_of, primary_rule
from sedpipe.views.tables.class_figure import class_figure
from sedpipe.views.tables.classes import class_csv, class_gains
from sedpipe.views.tables.sensitivity_curves import curves_of
from sedpipe.views.tables.sensitivity_figure import sensitivity_figure
from sedpipe.views.tables.table2 import csv_text
from sedpipe.views.tables.table2_figure import table2_figure
from sedpipe.views.tables.table2_page import table2_page


def write_table(table: Table, dataset: Dataset, record: TableRecord, cells: Sequence[Cell]) -> None:
    """Write ``table.json``, ``table.md``, ``table.csv``, ``table.svg``, and more figures where cells tell enough.

    Parameters
    ----------
    table : Table
        Where it lies.
    dataset : Dataset
        Asked for recordings and lengths of events that are not known yet; it need not be in the cache.
    record : TableRecord
        What the table is to hold.
    cells : sequence of Cell
        At least one.
    """
    known = {split: _recordings(dataset, record, cells, split) for split in _clips_of(cells)}
    made: dict[str, Made] = {split: one.of_clips for split, one in known.items() if not one.remark}
    comparisons = comparisons_of(cells, made)
    record = record.model_copy(
        update={
            "primary": primary_rule(cells),
            "recordings": made,
            "median_event_s": {split: _median_events(dataset, record, split) for split in known},
            "comparisons": comparisons,
        }
    )
    table.write_record(record)
    unusual = [cell.front_end for cell in cells if cell.front_end not in ("", "logmel")]
    system = f"preset {record.preset}" + (f" on {unusual[0]}" if unusual else "")
    how = f"{system}, recipe {record.recipe}, at most {record.epochs} epochs"
    title, curves, gains = f"Table 2 on {record.dataset}: {how}", curves_of(cells), class_gains(cells, record)
    remarks = [one.remark for one in known.values() if one.remark]
    write_text(table.folder / "table.md", table2_page(cells, record, curves, gains, title, table.failures, remarks))
    write_text(table.folder / "table.csv", csv_text(cells))
    write_text(table.folder / "table.svg", table2_figure(cells, record, title))
    if curves:
        figure = sensitivity_figure(curves, f"Post-processing on {record.dataset}: {how}")
        write_text(table.folder / "sensitivity.svg", figure)
    if gains:
        write_text(table.folder / "classes.csv", class_csv(gains))
        write_text(table.folder / "classes.svg", class_figure(gains, f"Classes of {record.dataset}: {how}"))


def draw_table2(dataset: Dataset, folder: Path) -> ReproduceReport:
    """Draw the table of all cells in a folder; nothing is trained, and no cache is needed.

    Raises
    ------
    MissingStageError
        If no cell is there.
    StaleError
        If cells were scored on other clips than others.
    SedpipeError
        If a file cannot be read.
    """
    table = Table(folder)
    record = table.find_record()
    if record is None or not table.done:
        raise MissingStageError(f"{folder} holds no cells of a table", hint="name a folder with table.json and cells/")
    names = [name for name in record.runs if name in table.done]
    names += sorted(table.done - set(names))
    cells = [cell for name in names if (cell := table.find_cell(name)) is not None]
    check_same_clips(table, cells)
    write_table(table, dataset, record, cells)
    counts = {"all": len({*record.runs, *names}), "made": 0, "missing": len(set(record.runs) - table.done)}
    return ReproduceReport(record.dataset, "table2", counts, str(folder), {})


def check_same_clips(table: Table, cells: Sequence[Cell]) -> None:
    """``StaleError`` if some cells were scored on other clips."""
    for split, n_clips in _clips_of(cells).items():
        if len(n_clips) > 1:
            numbers = " or ".join(map(str, sorted(n_clips)))
            raise StaleError(
                f"cells in {table.folder} were scored on {numbers} clips of {split}",
                hint="name another folder with --out, or delete the cells that were made of other features",
            )


def _clips_of(cells: Sequence[Cell]) -> dict[str, set[int]]:
    """How many clips of each split were scored."""
    found: dict[str, set[int]] = {}
    for cell in cells:
        for split, scores in cell.splits.items():
            found.setdefault(split, set()).add(scores.clips)
    return found


def _recordings(dataset: Dataset, record: TableRecord, cells: Sequence[Cell], split: str) -> Recordings:
    """Those that are stored beside the cells; else as the dataset, in the cache or by its manifest, tells."""
    scored = [cell.splits[split] for cell in cells if split in cell.splits]
    n_clips = scored[0].clips
    if len(record.recordings.get(split, ())) == n_clips:
        return Recordings(record.recordings[split])
    if dataset.find_record() is None or not is_there(dataset.clips_path):
        return recordings_listed(dataset, split, n_clips)
    named = next((one.clip_ids for one in scored if one.clip_ids), None)
    rows = [clip.clip_id for clip in dataset.read_clips().get(split, [])]
    if named is None and len(rows) != n_clips:
        return recordings_listed(dataset, split, n_clips)
    return recordings_of(dataset, split, named or rows)


def _median_events(dataset: Dataset, record: TableRecord, split: str) -> dict[str, float]:
    """Median length of each class's reference events in seconds; as stored where the dataset is not in the cache."""
    path = dataset.reference_path(split)
    if not is_there(path):
        return record.median_event_s.get(split, {})
    lengths: dict[str, list[float]] = {}
    for events in read_stored_events(path).values():
        for event in events:
            if event.is_located:
                lengths.setdefault(event.label, []).append(event.offset - event.onset)
    return {label: round(float(np.median(lengths[label])), 3) for label in sorted(lengths)}
