import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sedpipe.errors import ListFormatError
from sedpipe.io.lists.tables import Table, read_table


def table(tmp_path: Path, text: str) -> Table:
    (tmp_path / "list.csv").write_bytes(text.encode())
    return read_table(tmp_path / "list.csv")


def stripped(found: Table) -> list[list[str]]:
    return [[cell.strip() for cell in cells] for _, cells in found.rows]


ROWS = [["a.wav", "1.0", "3.0", "Dog"], ["b.wav", "0.5", "2.5", "Air horn, truck horn"]]


@pytest.mark.parametrize(
    ("text", "separator"),
    [
        ("a.wav\t1.0\t3.0\tDog\nb.wav\t0.5\t2.5\tAir horn, truck horn\n", "\t"),
        ('a.wav\t1.0\t3.0\t"Dog"\n"b.wav"\t0.5\t2.5\t"Air horn, truck horn"\n', "\t"),
        ('a.wav, 1.0, 3.0, "Dog"\nb.wav, 0.5, 2.5, "Air horn, truck horn"\n', ","),
        ("a.wav;1.0;3.0;Dog\nb.wav;0.5;2.5;Air horn, truck horn\n", ";"),
        ("sep=;\na.wav;1.0;3.0;Dog\nb.wav;0.5;2.5;Air horn, truck horn\n", ";"),
        ("a.wav 1.0 3.0 Dog\nb.wav  0.5  2.5  Air horn, truck horn\n", " "),
    ],
)
def test_the_separator_is_detected_from_the_rows(tmp_path: Path, text: str, separator: str) -> None:
    found = table(tmp_path, text)
    assert (found.separator, found.header, stripped(found)) == (separator, (), ROWS)


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("a.wav;Air horn, truck horn\n", ["a.wav", "Air horn, truck horn"]),
        ("a.wav,Dog;Cat\n", ["a.wav", "Dog;Cat"]),
        ("a, b.wav;Dog\n", ["a, b.wav", "Dog"]),
        ("my file.wav 1 2 Dog\n", ["my file.wav", "1", "2", "Dog"]),
        ("take 7 1 2 Dog\n", ["take 7", "1", "2", "Dog"]),
        ('a.wav\t5" pipe\n', ["a.wav", '5" pipe']),
        ('a.wav,"say ""hello"", twice"\n', ["a.wav", 'say "hello", twice']),
        ('"a"\t\t"b"\n', ["a", "", "b"]),
    ],
)
def test_separator_characters_inside_cells_do_not_split_them(tmp_path: Path, text: str, cells: list[str]) -> None:
    assert stripped(table(tmp_path, text)) == [cells]


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("filename\tonset\toffset\tevent_label\na.wav\t1\t2\tDog\n", ("filename", "onset", "offset", "event_label")),
        ("# made by a tool\n# file, onset, offset, label\na.wav,1,2,Dog\n", ("file", "onset", "offset", "label")),
        ("# file, onset, offset, label\na.wav,1,2,Dog\n# checked by ear\n", ("file", "onset", "offset", "label")),
        ("a.wav,1,2,Dog\n# file, onset, offset, label\n", ()),
        ("# file, onset, offset, label\na.wav\t1\t2\tDog\n", ()),
        ("foo,bar,baz\na.wav,1,Dog\n", ("foo", "bar", "baz")),
        ("a.wav,1,2,Dog\n", ()),
        ("a.wav,start\nb.wav,call\n", ()),
        ("clip 7\tDog\nclip 8\tCat\n", ()),
    ],
)
def test_a_first_row_is_a_header_if_it_has_known_names_or_is_followed_by_values(
    tmp_path: Path, text: str, header: tuple[str, ...]
) -> None:
    assert table(tmp_path, text).header == header


def test_guesses_and_skipped_lines_are_reported_and_counted(tmp_path: Path) -> None:
    found = table(tmp_path, "# one\n# two\nfilename;onset;offset;label\na.wav;1;2;Dog\n;;;\n")
    assert [str(remark) for remark in found.remarks] == [
        "separated by semicolons",
        "comments skipped (2 lines)",
        "rows of empty cells skipped (1 line)",
    ]
    assert found.rows == [(4, ["a.wav", "1", "2", "Dog"])]


def test_a_file_name_may_begin_with_a_number_sign(tmp_path: Path) -> None:
    assert stripped(table(tmp_path, "#1.wav\t0\t1\tDog\n")) == [["#1.wav", "0", "1", "Dog"]]


def test_broken_quotes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ListFormatError, match=r"list\.csv:1: found .*, expected a quote that ends where its cell"):
        table(tmp_path, 'a.wav,0,1,"Car\n')


cells = st.text(st.characters(categories=("L", "N", "P", "Zs"), exclude_characters="\u2028\u2029#"), max_size=8)


@given(st.lists(st.lists(cells, min_size=2, max_size=4), min_size=1, max_size=4), st.sampled_from(",;\t"))
def test_output_of_the_csv_module_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], separator: str
) -> None:
    rows = [["filename", "onset", "event_label"], *([cell.strip() for cell in row] for row in rows)]
    text = io.StringIO()
    csv.writer(text, delimiter=separator, quoting=csv.QUOTE_ALL).writerows(rows)
    path = tmp_path_factory.getbasetemp() / "written.csv"
    path.write_text(text.getvalue(), encoding="utf-8")
    assert stripped(read_table(path)) == [row for row in rows[1:] if any(row)]


def test_a_number_sign_before_a_file_name_in_a_tab_separated_row_is_not_a_comment(tmp_path: Path) -> None:
    found = table(tmp_path, "#3, evening.wav\t1\t2\tDog\n# evening, 3.wav and others\n#4; b.wav\t\t\t\n")
    assert stripped(found) == [["#3, evening.wav", "1", "2", "Dog"], ["#4; b.wav", "", "", ""]]
    assert "comments skipped" in [remark.what for remark in found.remarks]


def test_an_apostrophe_in_a_tab_separated_cell_is_kept(tmp_path: Path) -> None:
    assert stripped(table(tmp_path, "'-a.wav\t1\t2\t'+ call\n")) == [["'-a.wav", "1", "2", "'+ call"]]
