import io
from pathlib import Path

import pytest
from sedpipe.cli.paths import check_there, paths_of
from sedpipe.errors import SettingsError


def places(stdin: str, *given: str) -> list[str]:
    return [str(path) for path in paths_of(given, io.StringIO(stdin))]


def test_a_dash_is_replaced_by_the_paths_on_stdin() -> None:
    assert places("a b.wav\n\n'c'.wav\r\n  d.wav\n", "x.wav", "-", "y") == [
        "x.wav",
        "a b.wav",
        "'c'.wav",
        "  d.wav",
        "y",
    ]
    assert places("never read", "x.wav", "./y.wav") == ["x.wav", "y.wav"]
    assert places("a.wav\n", "-", "-") == ["a.wav"]


def test_a_file_named_dash_becomes_an_absolute_path() -> None:
    file = str(Path.cwd() / "-")  # the absolute path: libsndfile would read stdin if given its name alone
    assert places("never read", "./-") == [file]
    assert places("a.wav\n-\n", "./-", "-") == [file, "a.wav", file]


def test_nul_terminated_names_may_contain_newlines() -> None:
    assert places("a\nb.wav\0c.wav\0", "-") == ["a\nb.wav", "c.wav"]


def test_only_newlines_separate_names() -> None:
    assert places("a\u2028b.wav\nc\x85d.wav\ne\x0cf.wav\n", "-") == ["a\u2028b.wav", "c\x85d.wav", "e\x0cf.wav"]


def test_paths_are_refused_with_a_suggestion_only_if_none_exists(tmp_path: Path) -> None:
    (tmp_path / "street.wav").touch()
    with pytest.raises(SettingsError, match=r"stret\.wav: no such file .*street\.wav'\?\) \(nor are the other 2\)$"):
        check_there([tmp_path / "stret.wav", tmp_path / "a", tmp_path / "b"])
    check_there([tmp_path / "a", tmp_path / "street.wav"])  # the missing one counts as a failed recording


def test_an_empty_list_gives_an_example_and_a_huge_list_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match="stdin names no recording") as caught:
        places("\n", "-")
    assert "find . -name '*.wav' | sedpipe predict -" in str(caught.value.hint)
    monkeypatch.setattr("sedpipe.cli.paths.MOST_CHARACTERS", 3)
    with pytest.raises(SettingsError, match="more than 3 characters"):
        places("a.wav", "-")
