from pathlib import Path

import pytest
from sedpipe.errors import ListFormatError
from sedpipe.io.lists.table_rows import Times

LIST = Path("list.csv")


def test_decimal_commas_are_counted_and_may_not_be_mixed_with_points() -> None:
    times = Times(LIST, (1.0, 1.0))
    assert times.of(1, "1,5", "3", lasts=False) == (1.5, 3.0)
    assert times.of(2, "0,25", "0,5", lasts=False) == (0.25, 0.5)
    assert times.commas == 3
    with pytest.raises(ListFormatError, match=r"list\.csv:3: found '3\.5', expected decimal points throughout"):
        times.of(3, "1", "3.5", lasts=False)


def test_the_second_time_may_be_a_duration_in_another_unit() -> None:
    assert Times(LIST, (1.0, 0.001)).of(1, "1.5", "250", lasts=True) == (1.5, 1.75)


def test_an_offset_before_its_onset_is_refused() -> None:
    with pytest.raises(ListFormatError, match=r"list\.csv:4: found 'onset 2, offset 1', expected 0 <= onset <= offset"):
        Times(LIST, (1.0, 1.0)).of(4, "2", "1", lasts=False)


@pytest.mark.parametrize("cell", ["1.234,5", "1,2,3", "1:90", "1:75:00", "1:2:3:04", ":30", "one", ""])
def test_a_cell_that_is_not_a_time_is_refused(cell: str) -> None:
    with pytest.raises(ListFormatError, match="expected a time in seconds"):
        Times(LIST, (1.0, 1.0)).of(1, "0", cell, lasts=False)


@pytest.mark.parametrize(
    ("cell", "seconds"),
    [("0:02", 2), ("1:30", 90), ("00:00:01.25", 1.25), ("00:00:01,25", 1.25), ("1:00:00", 3600), ("90:05", 5405)],
)
def test_times_may_be_in_minutes_and_seconds_and_these_are_counted(cell: str, seconds: float) -> None:
    times = Times(LIST, (1.0, 1.0))
    assert times.of(1, "0", cell, lasts=False) == (0, seconds)
    assert times.clocks == 1
