import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sedpipe.io.lists.cells import split_cells, tab_row

CELLS = st.lists(st.text(st.sampled_from("ab \"'#,;")), min_size=2, max_size=5)


@given(CELLS)
def test_a_row_with_tabs_is_read_back_unchanged_by_sedpipe_and_by_the_csv_module(cells: list[str]) -> None:
    row = tab_row(*cells)
    assert split_cells(row, "\t") == cells
    assert list(csv.reader([row], delimiter="\t")) == [cells]


@pytest.mark.parametrize(
    "cells", [("a.wav", "0.5", "1", 'the "best" of'), ("filename", "event_label"), ("#1, b.wav", "")]
)
def test_cells_that_do_not_begin_with_a_quote_are_not_quoted(cells: tuple[str, ...]) -> None:
    assert tab_row(*cells) == "\t".join(cells)


@pytest.mark.parametrize(
    ("line", "separator", "cells"),
    [
        ('filename,onset,"Air horn, truck horn",Car', ",", ["filename", "onset", "Air horn, truck horn", "Car"]),
        ('"say ""hello""";b', ";", ['say "hello"', "b"]),
        ('a\t5" pipe', "\t", ["a", '5" pipe']),
        ('a,"b', ",", None),
    ],
)
def test_separators_inside_quotes_do_not_split_cells(line: str, separator: str, cells: list[str] | None) -> None:
    assert split_cells(line, separator) == cells
