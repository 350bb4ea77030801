import io

import pytest
from rich.console import Console
from sedpipe.views.terminal.table import Column, FittingTable, spark, text

COLUMNS = [Column("class"), Column("ER", justify="right"), Column("recall", 2), Column("macro F1", 1)]
ROWS = [["Dog bark", "0.50", "100.0", "33.3"], [text("[bold]Car\x1b[2J", "bold"), "12.25", "-", "-"]]


def drawn(table: FittingTable, width: int, encoding: str = "utf-8") -> list[str]:
    console = Console(file=io.TextIOWrapper(io.BytesIO(), encoding), width=width)
    with console.capture() as captured:
        console.print(table)
    return captured.get().splitlines()


def test_all_columns_are_shown_if_they_fit() -> None:
    lines = drawn(FittingTable(COLUMNS, ROWS), 80)
    assert lines[0].split() == ["class", "ER", "recall", "macro", "F1"]
    assert lines[1].split() == ["Dog", "bark", "0.50", "100.0", "33.3"]
    assert len(lines) == 3


@pytest.mark.parametrize("width", range(12, 60))
def test_no_row_is_wider_than_the_terminal_and_no_number_is_broken(width: int) -> None:
    table = FittingTable(COLUMNS, ROWS)
    lines = drawn(table, width)
    assert max(len(line.rstrip()) for line in lines) <= width
    if width >= 30:  # room for the first two columns
        assert {"0.50", "12.25"} <= {word for line in lines for word in line.split()}


def test_the_least_important_columns_are_dropped_first_and_named() -> None:
    table = FittingTable(COLUMNS, ROWS)
    everything = max(len(line) for line in drawn(table, 200))
    assert [COLUMNS[k].title for k in table.shown(everything - 4)] == ["class", "ER", "macro F1"]
    assert drawn(table, everything - 4)[-1] == "a wider terminal shows recall"


def test_a_long_name_is_wrapped_before_a_column_is_left_out() -> None:
    rows = [["a_recording_with_a_very_long_name_of_2026-11-29_07-15-00.wav", "0.50", "100.0", "33.3"]]
    lines = drawn(FittingTable(COLUMNS, rows), 60)
    assert lines[0].split() == ["class", "ER", "recall", "macro", "F1"]
    assert "".join(line.split()[0] for line in lines[1:]) == rows[0][0]
    assert max(len(line.rstrip()) for line in lines) <= 60


def test_markup_and_control_characters_in_names_have_no_effect() -> None:
    lines = drawn(FittingTable(COLUMNS, ROWS), 80)
    assert lines[2].startswith("[bold]Car\\x1b[2J ")


def test_a_curve_rises_with_its_values_and_falls_back_to_ascii() -> None:
    assert spark([0, 0.13, 0.9, 1.0]) == "▁▂██"
    table = FittingTable([Column("curve")], [[spark([0, 0.13, 1.0])]])
    assert drawn(table, 40, "ascii")[1].split() == ["_.@"]
