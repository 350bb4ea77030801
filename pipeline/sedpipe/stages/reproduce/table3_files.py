"""Files of Table 3 beside its cells.

- :func:`write_table3`
"""

from __future__ import annotations

from collections.abc import Sequence

from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.table_folder import Table
from sedpipe.io.records.table import Cell, TableRecord
from sedpipe.stages.reproduce.scored_clips import with_clips
from sedpipe.steps.table_comparisons import primary_rule


def write_table3(table: Table, dataset: Dataset, record: TableRecord, cells: Sequence[Cell]) -> None:
    """Write ``table.json``.

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
    record, _ = with_clips(dataset, record, cells)
    table.write_record(record.model_copy(update={"primary": primary_rule(cells)}))
