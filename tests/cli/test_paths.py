import io
from pathlib import Path

import pytest
from sedpipe.cli.paths import check_there, paths_of
from sedpipe.errors import SettingsError


def places(stdin: str, *given: str) -> list[str]:
    return [str(path) for path in paths_of(given, io.StringIO(stdin))]


def test_a_dash_stands_for_the_paths_that_stdin_names() -> None:
    assert places("a b.wav\n\n'c'.wav\r\n  d.wav\n", "x.wav", "-", "y") == [
        "x.wav",
        "a b.wav",
        "'c'.wav",
        "  d.wav",
        "y",
    ]
    assert places("never read", "x.wav", "./y.wav") == ["x.wav", "y.wav"]
    assert places("a.wav\n", "-", "-") == ["a.wav"]


def test_a_file_that_is_called_like_a_dash_is_named_from_its_folder() -> None:
    file = str(Path.cwd() / "-")  # the whole path: libsndfile takes its name alone for stdin
    assert places("never read", "./-") == [file]
    assert places("a.wav\n-\n", "./-", "-") == [file, "a.wav", file]


def test_names_that_end_with_a_nul_may_hold_line_ends() -> None:
    assert places("a\nb.wav\0c.wav\0", "-") == ["a\nb.wav", "c.wav"]


def test_nothing_but_a_line_end_ends_a_name() -> None:
    assert places("a\u2028b.wav\nc\x85d.wav\ne\x0cf.wav\n", "-") == ["a\u2028b.wav", "c\x85d.wav", "e\x0cf.wav"]


def test_what_is_not_there_at_all_is_told_with_what_was_meant(tmp_path: Path) -> None:
    (tmp_path / "street.wav").touch()
    with pytest.raises(SettingsError, match=r"stret\.wav: no such file .*street\.wav'\?\) \(nor are the other 2\)$"):
        check_there([tmp_path / "stret.wav", tmp_path / "a", tmp_path / "b"])
    check_there([tmp_path / "a", tmp_path / "street.wav"])  # the first is a recording that failed


def test_an_empty_list_says_how_one_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match="stdin names no recording") as caught:
        places("\n", "-")
    assert "find . -name '*.wav' | sedpipe predict -" in str(caught.value.hint)
    monkeypatch.setattr("sedpipe.cli.paths.MOST_CHARACTERS", 3)
    with pytest.raises(SettingsError, match="more than 3 characters"):
        places("a.wav", "-")
