from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sedpipe.errors import ListFormatError
from sedpipe.io.lists.decoding import read_text

TEXT = "filename\tonset\toffset\tevent_label\r\nVögel/a.wav\t1\t2\tKrähe\r\n"


def read(tmp_path: Path, raw: bytes) -> tuple[list[tuple[int, str]], list[str]]:
    (tmp_path / "list.tsv").write_bytes(raw)
    found = read_text(tmp_path / "list.tsv")
    return found.lines, [str(remark) for remark in found.remarks]


@pytest.mark.parametrize(
    ("encoding", "mark", "said"),
    [
        ("utf-8", b"", []),
        ("utf-8", b"\xef\xbb\xbf", []),
        ("utf-16-le", b"\xff\xfe", ["read as UTF-16"]),
        ("utf-16-be", b"\xfe\xff", ["read as UTF-16"]),
        ("utf-16-le", b"", ["read as UTF-16"]),
        ("utf-16-be", b"", ["read as UTF-16"]),
        ("utf-32-le", b"\xff\xfe\0\0", ["read as UTF-32"]),
        ("cp1252", b"", ["read as Windows-1252, since it is not UTF-8"]),
    ],
)
def test_spreadsheet_encodings_are_detected_and_reported(
    tmp_path: Path, encoding: str, mark: bytes, said: list[str]
) -> None:
    lines, remarks = read(tmp_path, mark + TEXT.encode(encoding))
    assert lines == [(1, "filename\tonset\toffset\tevent_label"), (2, "Vögel/a.wav\t1\t2\tKrähe")]
    assert remarks == said


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_keep_their_numbers_with_any_line_ending(tmp_path: Path, end: str) -> None:
    assert read(tmp_path, end.join(["a", "", " \t ", "b"]).encode())[0] == [(1, "a"), (4, "b")]


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"a\nb\0c\n", r"list\.tsv:2: found 'b\\x00c', expected text, not binary data$"),
        (b"a\n\xff\x81\n", r"list\.tsv:2: found 'ÿ\\x81', expected text in UTF-8, UTF-16 or Windows-1252$"),
        (b"\xff\xfea", r"list\.tsv: found bytes that are not UTF-16 text \(truncated data\)$"),
        (b"a\n" + b"x" * 65_537, r"list\.tsv:2: found 'x{40}', expected at most 65536 characters a line$"),
    ],
)
def test_content_that_is_not_text_gives_a_one_line_error(tmp_path: Path, raw: bytes, message: str) -> None:
    with pytest.raises(ListFormatError, match=message):
        read(tmp_path, raw)


def test_a_list_with_too_many_bytes_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sedpipe.io.lists.text.MOST_BYTES_IN_A_LIST", 5)
    with pytest.raises(ListFormatError, match=r"list\.tsv: found more than 5 bytes, which no list of clips needs$"):
        read(tmp_path, b"abc\ndef\n")


def test_a_missing_list_gives_a_one_line_error(tmp_path: Path) -> None:
    with pytest.raises(ListFormatError, match=r"^cannot read .*none\.tsv: No such file or directory$"):
        read_text(tmp_path / "none.tsv")


@given(st.binary(max_size=200))
def test_any_bytes_give_lines_or_a_list_format_error(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.tsv"
    path.write_bytes(raw)
    try:
        lines = read_text(path).lines
    except ListFormatError:
        return
    assert all(line.strip() and "\n" not in line and "\0" not in line for _, line in lines)


def test_a_list_with_too_many_lines_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sedpipe.io.lists.text.MOST_LINES", 4)
    assert len(read(tmp_path, b"a\r\n" * 4)[0]) == 4
    with pytest.raises(ListFormatError, match=r"list\.tsv: found more than 4 lines, which no list of clips needs"):
        read(tmp_path, b"a\n" * 9)
