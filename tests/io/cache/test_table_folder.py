from pathlib import Path

from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.table_folder import Table, tables_of
from some_records import cell_of


def test_a_failure_is_kept_until_its_cell_is_written(tmp_path: Path) -> None:
    table = Table(tmp_path / "table")
    assert (table.done, table.failures, table.find_record()) == (set(), {}, None)
    table.note_failure("a", "the loss is nan")
    table.note_failure("b", "no memory")
    assert table.failures == {"a": "the loss is nan", "b": "no memory"}
    table.write_cell("a", cell_of("linear", (), 0, {}))
    assert table.done == {"a"}
    assert table.failures == {"b": "no memory"}
    assert [path.name for path in (tmp_path / "table" / "failed").iterdir()] == ["b.json"]


def test_leftovers_of_a_killed_process_are_not_cells_or_tables(tmp_path: Path) -> None:
    cache = Dataset(tmp_path, "tiny")
    table = Table(cache.folder / "tables" / "table2-small")
    table.write_cell("a", cell_of("linear", (), 0, {}))
    (table.folder / "cells" / ".tmp-0123.json").write_text("{")
    (cache.folder / "tables" / ".tmp-0123").mkdir()
    assert table.done == {"a"}
    assert tables_of(cache) == [table]
