from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sedpipe.errors import ManifestError, SettingsError
from sedpipe.io.settings.toml import MOST_BYTES, config_from, read_toml


@dataclass(frozen=True)
class Inner:
    """A table within a table."""

    rate: float = 0.5


@dataclass(frozen=True)
class Outer:
    """A table."""

    sizes: tuple[int, ...] = ()
    inner: Inner = field(default_factory=Inner)


def written(tmp_path: Path, content: bytes) -> Path:
    (tmp_path / "own.toml").write_bytes(content)
    return tmp_path / "own.toml"


def test_a_byte_order_mark_is_ignored(tmp_path: Path) -> None:
    assert read_toml(written(tmp_path, "\ufeffname = 'ü'\r\n".encode())) == {"name": "ü"}


def test_a_file_of_the_largest_size_is_read_whole_and_a_larger_one_is_refused(tmp_path: Path) -> None:
    lines = b"# a line of a comment\n" * (MOST_BYTES // 22)
    content = lines + b"# " + b"." * (MOST_BYTES - len(lines) - 8) + b"\nx = 1"
    assert len(content) == MOST_BYTES
    assert read_toml(written(tmp_path, content)) == {"x": 1}
    with pytest.raises(SettingsError, match=r"own\.toml: found more than 1,048,576 bytes, expected some kilobytes"):
        read_toml(written(tmp_path, content + b"1"))


DAMAGES = {
    "syntax": (b"a = 1\n[training\n", r"own\.toml:2: not TOML: .* \(column 10\)$"),
    "bytes": (b"\xff\xfe", r"own\.toml: not TOML: 'utf-8' codec can't decode"),
    "twice": (b"a = 1\na = 2\n", r"own\.toml:2: not TOML: Cannot overwrite a value"),
    "depth": (b"a = " + b"[" * 40 + b"]" * 40, r"own\.toml: nested too deeply$"),
    "brackets": (b"a = " + b"[" * 60_000, r"own\.toml: nested too deeply$"),
    "dots": (b".".join([b"a"] * 300_000) + b" = 1", r"own\.toml: nested too deeply$"),
    "quotes": (b"x = {" + b" . ".join([b'"a"'] * 30_000) + b" = 1}", r"own\.toml: nested too deeply$"),
    "digits": (b"a = " + b"9" * 10_000, r"own\.toml: not TOML: Exceeds the limit"),
    "number": (b"[t]\na = [1, 99999999999999999999]", r"own\.toml: t\.a\.1: found 99999999999999999999, expected a"),
    "nan": (b"[t]\na = nan", r"own\.toml: t\.a: found nan, expected a finite number$"),
    "half": (b"a = '\\ud800'", None),
    "escape": (b'a = "\\ud800"', r"own\.toml:1: not TOML"),
    "controls": (b"\x1b[2J = 1", r"own\.toml:1: not TOML"),
}


@pytest.mark.parametrize(("content", "told"), DAMAGES.values(), ids=DAMAGES)
def test_invalid_toml_gives_a_short_one_line_error_with_its_place(
    tmp_path: Path, content: bytes, told: str | None
) -> None:
    path = written(tmp_path, content)
    if told is None:
        assert read_toml(path) == {"a": "\\ud800"}
        return
    for kind in (SettingsError, ManifestError):
        with pytest.raises(kind, match=told) as caught:
            read_toml(path, kind)
        assert caught.value.message.isprintable()
        assert len(caught.value.message) <= 300


def test_long_texts_are_not_taken_for_deep_nesting(tmp_path: Path) -> None:
    assert read_toml(written(tmp_path, b"a = '" + b"x" * 500_000 + b"'"))["a"] == "x" * 500_000
    said = "It rained. " * 40
    assert read_toml(written(tmp_path, f"a = '{said}'".encode()))["a"] == said


def test_a_missing_file_or_a_folder_gives_a_one_line_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"^cannot read .*none\.toml: No such file or directory$"):
        read_toml(tmp_path / "none.toml")
    with pytest.raises(SettingsError, match=r"^cannot read .*: Is a directory$"):
        read_toml(tmp_path)
    with pytest.raises(SettingsError, match=r"^cannot read a\\x00b: embedded null byte$"):
        read_toml(Path("a\0b"))


def test_a_table_becomes_its_dataclass() -> None:
    assert config_from(Outer, {"sizes": [1, 2], "inner": {"rate": 1}}, "own") == Outer((1, 2), Inner(1.0))


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("x" * 99_999, r"^own: expected a table, found 'x+\.\.\.x+'"),
        ({"size": 1}, r"^own: unknown key 'size' \(did you mean 'sizes'\?\)$"),
        ({"k" * 99_999: 1}, r"^own: unknown key 'k+ \.\.\. k+': known are sizes, inner$"),
        ({"\x1b[2J": 1}, r"^own: unknown key '\\x1b\[2J'"),
        ({"inner": {"rat": 1}}, r"^own\.inner: unknown key 'rat'"),
        ({"sizes": [1, "2"]}, r"^own\.sizes\.1: found '2', expected a whole number$"),
        ({"sizes": ["x" * 99_999]}, r"^own\.sizes\.0: found 'x+\.\.\.x+', expected a whole number$"),
        ({"inner": {"rate": True}}, r"^own\.inner\.rate: found True, expected a number$"),
    ],
    ids=["text", "near", "long", "controls", "inner", "type", "value", "truth"],
)
def test_an_invalid_table_gives_a_short_one_line_error_with_the_key(table: object, told: str) -> None:
    with pytest.raises(SettingsError, match=told) as caught:
        config_from(Outer, table, "own")
    assert len(caught.value.message) <= 300
