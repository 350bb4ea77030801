"""The printed next command is right in every state: following it leads from an empty cache to a report page."""

import io
import shlex
import shutil
from pathlib import Path

import pytest
from builders import tiny_mixtures
from click.testing import CliRunner
from sedpipe.cli.listening import _page_of
from sedpipe.cli.main import main
from sedpipe.cli.paths import paths_of
from sedpipe.errors import SedpipeError

SHORT = ["--preset", "demo", "--epochs", "1", "--batch-size", "4", "--hierarchy", "none"]


def run(words: list[str], exit_code: int = 0) -> str:
    outcome = CliRunner().invoke(main, words)
    assert outcome.exit_code == exit_code, (words, outcome.output)
    return outcome.stdout


def following(words: list[str], exit_code: int = 0) -> list[str]:
    """Run a command and return the next command that it prints."""
    (line,) = (line for line in run(words, exit_code).splitlines() if line.startswith("next: "))
    program, *rest = shlex.split(line.removeprefix("next: "))
    assert program == "sedpipe"
    return rest


def test_the_printed_commands_lead_through_an_interrupted_run_to_the_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my sets").mkdir()
    manifest = str(tiny_mixtures(tmp_path / "my sets", "tiny", 4, 2).relative_to(tmp_path))
    cache = ["--cache", "a cache"]
    look = ["status", manifest, *cache]
    walked = [following(look)]
    assert walked[-1] == ["download", manifest, *cache]
    assert following(walked[-1]) == following(look) == ["features", manifest, *cache]
    assert following(following(look)) == following(look) == ["train", manifest, *cache]

    def stop(*_: object) -> None:
        raise SedpipeError("the machine was switched off")

    with monkeypatch.context() as until_stopped:
        until_stopped.setattr("sedpipe.stages.train.launch", stop)
        assert CliRunner().invoke(main, [*following(look), *SHORT, "--seed", "3"]).exit_code == 1
    begun = following(look)
    assert begun[:2] == ["train", manifest]
    assert begun[-2:] == cache
    assert set(SHORT) < set(begun)
    name = "demo-linear-single-seed3"
    assert following(begun) == following(look) == ["score", manifest, "--run", name, *cache]
    run(following(look))
    assert following(look) == ["report", name, *cache]
    run(following(look))
    assert (tmp_path / "a cache" / "tiny" / "runs" / name / "report-evaluation.html").exists()

    page = run(["status", *cache]).splitlines()
    assert page[0] == "tiny"
    assert page[1].endswith(" clips, features of 1 kind")
    (row,) = (line.split() for line in page if line.startswith(f"  {name} "))
    assert row[:3] == [name, "1", "evaluation"]
    assert f"next: sedpipe report {name} --cache 'a cache'" in page

    runs = tmp_path / "a cache" / "tiny" / "runs"
    shutil.copytree(runs / name, runs / "other")
    of_both = run(["score", "tiny", "--run", name, "--run", "other", *cache])
    assert f"ensembles/{name}+other/estimated-evaluation.tsv" in of_both
    assert "next:" not in of_both  # there is no report page for an ensemble of runs


def test_status_of_an_empty_cache_suggests_the_demo(tmp_path: Path) -> None:
    assert following(["status", "--cache", str(tmp_path)]) == ["demo", "--cache", str(tmp_path)]
    assert CliRunner().invoke(main, ["status", "--classes", "--cache", str(tmp_path)]).exit_code == 2


def test_features_suggests_no_training_if_no_clip_is_usable(tmp_path: Path) -> None:
    manifest, cache = str(tiny_mixtures(tmp_path, "tiny", 2, 2)), tmp_path / "cache"
    words = ["features", manifest, "--cache", str(cache)]
    run(["download", *words[1:]])
    *kept, last = sorted((cache / "tiny" / "audio").rglob("*.flac"))
    sound = last.read_bytes()
    for path in (*kept, last):
        path.write_text("no sound")
    outcome = CliRunner().invoke(main, words)
    assert outcome.exit_code == 1
    assert "no clip could be used: there is nothing to train with" in outcome.stdout
    assert "next:" not in outcome.stdout
    last.write_bytes(sound)
    assert following(words, exit_code=3)[:2] == ["train", manifest]


def test_the_page_command_works_for_a_name_that_begins_with_a_dash() -> None:
    predict = main.commands["predict"]
    with predict.make_context("predict", ["./-5QrBL6MzLg.wav", "--threshold", "0.5"]) as context:
        (path,) = paths_of(context.params["places"], io.StringIO())
        words = shlex.split(_page_of([path], context.params["cache_dir"]))
    assert words[:2] == ["sedpipe", "predict"]
    again = predict.make_context("predict", words[2:]).params
    assert paths_of(again["places"], io.StringIO()) == (path,)
    assert (again["threshold"], again["form"]) == (0.5, "html")
