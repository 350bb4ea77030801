import shlex
from pathlib import Path

import pytest
from sedpipe.commands import command, place


@pytest.mark.parametrize("words", [("check", "my birds.toml"), ("predict", "a;rm -rf b"), ("init", "$HOME/'x'")])
def test_a_shell_splits_a_command_into_the_original_words(words: tuple[str, ...]) -> None:
    assert shlex.split(command(*words, cache=Path("my cache"))) == ["sedpipe", *words, "--cache", "my cache"]


def test_the_cache_is_named_only_if_it_is_not_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SEDPIPE_CACHE", raising=False)
    assert command("check", "x") == "sedpipe check x"
    monkeypatch.setenv("SEDPIPE_CACHE", "/data/cache")
    assert command("check", "x", cache=Path("/data/cache")) == "sedpipe check x"
    assert command("check", "x", cache=Path("cache")) == "sedpipe check x --cache cache"
    assert command("check", "x") == "sedpipe check x"


def test_a_program_that_is_not_on_the_path_is_called_by_its_full_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "an env" / "bin" / "sedpipe"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setattr("sys.argv", [str(program), "demo"])
    monkeypatch.setenv("PATH", "/usr/bin")
    assert shlex.split(command("check", "x"))[:2] == [str(program), "check"]
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin")
    assert command("check", "x").startswith("sedpipe check")
    monkeypatch.setattr("sys.argv", ["/usr/lib/pytest/__main__.py"])
    assert command("check", "x").startswith("sedpipe check")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("-5Q.wav", "./-5Q.wav"),
        ("--help", "./--help"),
        ("-", "./-"),
        ("a/-b.wav", "a/-b.wav"),
        ("/-a", "/-a"),
        ("a", "a"),
    ],
)
def test_a_path_is_never_mistaken_for_an_option(name: str, shown: str) -> None:
    assert place(name) == place(Path(name)) == shown
