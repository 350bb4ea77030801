from pathlib import Path

from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.table_folder import Table, tables_of
from some_records import cell_of


def test_a_failure_is_remembered_until_the_cell_is_made(tmp_path: Path) -> None:
    table = Table(tmp_path / "table")
    assert (table.done, table.failures, table.find_record()) == (set(), {}, None)
    table.note_failure("a", "the loss is nan")
    table.note_failure("b", "no memory")
    assert table.failures == {"a": "the loss is nan", "b": "no memory"}
    table.write_cell("a", cell_of("linear", (), 0, {}))
    assert table.done == {"a"}
    assert table.failures == {"b": "no memory"}
    assert [path.name for path in (tmp_path / "table" / "failed").iterdir()] == ["b.json"]


def test_what_a_killed_process_left_half_written_is_no_cell_and_no_table(tmp_path: Path) -> None:
    cache = Dataset(tmp_path, "tiny")
    table = Table(cache.folder / "tables" / "table2-small")
    table.write_cell("a", cell_of("linear", (), 0, {}))
    (table.folder / "cells" / ".tmp-0123.json").write_text("{")
    (cache.folder / "tables" / ".tmp-0123").mkdir()
    assert table.done == {"a"}
    assert tables_of(cache) == [table]
