from pathlib import Path

import pytest
from sedpipe.errors import ListFormatError
from sedpipe.io.lists.text import as_filename, as_seconds, has_control_characters, numbered_lines

LIST = Path("list.tsv")


def write(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "list.tsv"
    path.write_bytes(content)
    return path


def test_lines_keep_their_numbers_despite_bom_blank_lines_and_mixed_line_endings(tmp_path: Path) -> None:
    path = write(tmp_path, b"\xef\xbb\xbfa\r\n\r\n \t \nb\n\nc")
    assert list(numbered_lines(path)) == [(1, "a"), (4, "b"), (6, "c")]


def test_empty_list_has_no_lines(tmp_path: Path) -> None:
    assert list(numbered_lines(write(tmp_path, b""))) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a\nb\0c\n", r"list\.tsv:2: found 'b\\x00c', expected text without NUL"),
        (b"a\rb\n", r"list\.tsv:1: found 'a\\rb', expected text without NUL and without a carriage return"),
        (b"a\n\xff\xfe\n", r"list\.tsv:2: found 'ÿþ\\n', expected UTF-8 text \(invalid start byte\)$"),
        (b"a\n" + b"x" * 65_537, r"list\.tsv:2: found 'x{40}\.\.\.', expected at most 65536 bytes a line$"),
    ],
)
def test_damaged_text_is_reported_with_file_and_line(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(ListFormatError, match=message):
        list(numbered_lines(write(tmp_path, content)))


def test_a_list_with_too_many_bytes_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sedpipe.io.lists.text.MOST_BYTES_IN_A_LIST", 5)
    with pytest.raises(ListFormatError, match=r"list\.tsv: found more than 5 bytes, which no list of clips needs$"):
        list(numbered_lines(write(tmp_path, b"abc\ndef\n")))


def test_a_missing_list_gives_a_one_line_error(tmp_path: Path) -> None:
    with pytest.raises(ListFormatError, match=r"^cannot read .*none\.tsv: No such file or directory$"):
        list(numbered_lines(tmp_path / "none.tsv"))


@pytest.mark.parametrize(("text", "value"), [("0", 0.0), ("1.5", 1.5), ("+.5", 0.5), ("2.", 2.0), ("1e-3", 0.001)])
def test_seconds_are_plain_numbers(text: str, value: float) -> None:
    assert as_seconds(LIST, 1, text) == value


@pytest.mark.parametrize("text", ["", "nan", "inf", "-inf", "1_0", "1,5", "1e999", "0x1", "٣", "9" * 400, "1 2"])
def test_a_time_that_is_not_a_finite_number_is_refused(text: str) -> None:
    with pytest.raises(ListFormatError, match=r"^list\.tsv:7: found '.*', expected a time in seconds( from 0 to .*)?$"):
        as_seconds(LIST, 7, text)


@pytest.mark.parametrize("text", ["1e7", "1e12", "1e308", "604801", "-1", "-0.001"])
def test_a_negative_or_implausibly_large_time_is_refused(text: str) -> None:
    with pytest.raises(ListFormatError, match=r"expected a time in seconds from 0 to 604,800 \(a week\)$"):
        as_seconds(LIST, 7, text)


def test_a_rounding_error_below_zero_is_read_as_zero() -> None:
    assert as_seconds(LIST, 1, "-1e-9") == as_seconds(LIST, 1, "-0.0") == 0.0


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a.wav", "a.wav"),
        ("./b/a.wav", "b/a.wav"),
        ("b\\a.wav", "b/a.wav"),
        ("b//a.wav", "b/a.wav"),
        ("..a.wav", "..a.wav"),
        ("/etc/passwd", "etc/passwd"),
        ("\\\\host\\a", "host/a"),
        ("C:\\a.wav", "a.wav"),
    ],
)
def test_file_names_become_relative_paths_below_their_folder(text: str, name: str) -> None:
    assert as_filename(LIST, 1, text) == name


@pytest.mark.parametrize(
    "text",
    [
        "../a.wav",
        "a/../../b.wav",
        "/etc/../passwd",
        "C:a.wav",
        "C:\\D:\\a.wav",
        "..\\a.wav",
        "a\x1b.wav",
        "a\u2028b",
        "",
        ".",
    ],
)
def test_file_names_that_leave_their_folder_or_contain_control_characters_are_refused(text: str) -> None:
    with pytest.raises(ListFormatError, match=r"^list\.tsv:3: found .*, expected a file name, without '..' and"):
        as_filename(LIST, 3, text)


@pytest.mark.parametrize("text", ["a\x1b[2J", "a\n", "\u202e", "\udce9.wav", "\ud800"])
def test_control_characters_and_lone_surrogates_are_detected(text: str) -> None:
    assert has_control_characters(text)
    assert not has_control_characters("Käuzchen 東.wav")
