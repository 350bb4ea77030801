"""The README is true: every command in it is run, shortened by options where it would take long."""

import json
import re
import shlex
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest
from builders import garden, tiny_mixtures
from click.testing import CliRunner
from scipy.stats import ttest_rel
from sedpipe.cli.main import main
from sedpipe.reports.machine import Check

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
TABLE2 = ROOT / "benchmarks" / "results" / "table2-esc10-fold4"
SHORT = {"train": ["--epochs", "1", "--batch-size", "4"]}
NEEDS_NETWORK = {
    "download esc10-fold4",
    "download dcase2017-task4 --from MY_AUDIO --cookies-from-browser firefox --sleep 6",
}


def console_commands() -> list[str]:
    blocks = re.findall(r"```console\n(.*?)```", README, flags=re.DOTALL)
    return [line.removeprefix("$ ") for block in blocks for line in block.splitlines() if line.startswith("$ ")]


def commands_about(word: str) -> list[str]:
    return [command.removeprefix("sedpipe ") for command in console_commands() if word in command]


def run(command: str) -> str:
    arguments = shlex.split(command)
    more = ["--dry-run"] if command in NEEDS_NETWORK else SHORT.get(arguments[0], [])
    outcome = CliRunner().invoke(main, [*arguments, *more])
    assert outcome.exit_code == 0, outcome.output
    return outcome.output


def test_every_console_command_is_run_by_a_test_of_this_file() -> None:
    about = ("garden", "report ", "--model esc10", "esc10-fold4", "dcase2017-task4")
    tested = {command for words in about for command in commands_about(words)}
    assert {command.removeprefix("sedpipe ") for command in console_commands()} == tested
    assert len(tested) == 19


def test_the_own_data_example_works_as_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    toml = re.search(r"```toml\n(.*?)```", README, flags=re.DOTALL)
    assert toml is not None
    assert len(toml[1].strip().splitlines()) == 10
    garden(tmp_path, toml[1])
    outputs = {command.split()[0]: run(command) for command in commands_about("garden") + commands_about("report ")}
    assert "3 of 3 clips scored, TUNED ON THIS SPLIT" in outputs["score"]
    assert "report-testing.html" in outputs["report"]
    assert "5.wav" in outputs["predict"]
    assert "model.safetensors" in outputs["export"]
    one, folder = commands_about("--model esc10")
    assert "5.wav" in run(one)
    assert "8 recordings (8 ok)" in run(folder)
    assert list((tmp_path / "found").rglob("5*.txt"))
    assert (tmp_path / "cache" / "garden" / "clips.tsv").exists()


def test_the_real_data_commands_work_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    commands = commands_about("esc10-fold4")
    assert "1000 listed" in run(commands[0])
    run(f"download {tiny_mixtures(tmp_path, 'esc10-fold4')}")  # stands in for the recordings: same name, few clips
    outputs = [run(command) for command in commands[1:]]
    assert "next: sedpipe score esc10-fold4" in outputs[-1]


def test_the_official_lists_commands_work_in_their_order(
    tmp_path: Path, shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "MY_AUDIO").symlink_to(shared_data)
    monkeypatch.setattr("sedpipe.sources.youtube.fetch_file", _no_evaluation_lists_here)
    monkeypatch.setattr("sedpipe.stages.doctor._network", lambda _: Check("network", True, "not asked in tests"))
    doctor, adopt, fetch, export = commands_about("dcase2017-task4")
    assert "JavaScript runtime" in run(doctor)
    assert "51172 listed" in run(adopt)
    assert "51172 listed" in run(fetch)
    assert "next: sedpipe download dcase2017-task4" in run(export)
    assert (tmp_path / "clips.tsv").read_text().startswith("split\tclip_id\tstate\t")


def _no_evaluation_lists_here(url: str, *_: object) -> Path:
    from sedpipe.errors import SedpipeError

    raise SedpipeError(f"cannot fetch {url}: no network in tests")


def test_the_picture_can_be_drawn_by_the_command_below_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    command = re.search(r"`python (docs/draw_clip\.py demo evaluation-\d{5}) docs/clip\.png`", README)
    assert command is not None
    manifest = tiny_mixtures(tmp_path, "demo", n_other=8)
    for verb in (f"download {manifest}", "features demo", "train demo --preset demo", "score demo"):
        run(verb)
    arguments = [str(ROOT / "docs" / "draw_clip.py"), "demo", "evaluation-00003", str(tmp_path / "clip.png")]
    subprocess.run([sys.executable, *arguments], check=True, cwd=tmp_path)
    assert (tmp_path / "clip.png").read_bytes().startswith(b"\x89PNG")


def test_the_two_commands_and_the_linked_files_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^make (\w+)$", README, flags=re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), target
    for link in re.findall(r"\]\((?!https)([^)]+)\)", README):
        assert (ROOT / link).exists(), link


def test_what_was_found_is_what_the_table_says() -> None:
    table = (TABLE2 / "table.md").read_text(encoding="utf-8")
    part = table[table.index("## evaluation, min_er") : table.index("## evaluation, max_f1")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in part.splitlines() if "±" in line]
    measured = {row[0]: (row[5], row[8]) for row in rows}  # ER and F1
    told = re.findall(r"^\| (\w+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", README, re.MULTILINE)
    told = [row for row in told if "±" in row[1]]
    assert len(told) == 3
    for pooling, *values in told:
        assert values == [measured[f"{pooling}, {stages}"][n] for n in (0, 1) for stages in ("single", "5,5")]


def test_none_of_the_comparisons_is_significant_as_told() -> None:
    cells = {path.stem: json.loads(path.read_text()) for path in (TABLE2 / "cells").glob("*.json")}

    def scores(pooling: str, stages: str, split: str, point: str, score: str) -> list[float]:
        each = (cells[f"{pooling}-{stages}-seed{seed}"] for seed in range(5))
        return [cell["splits"][split]["operating_points"][point][score] for cell in each]

    compared = list(
        product(
            ("linear", "exponential", "attention"),
            ("testing", "evaluation"),
            ("min_er", "max_f1"),
            ("error_rate", "f1"),
        )
    )
    smallest = min(
        ttest_rel(scores(pooling, "single", *what), scores(pooling, "5x5", *what)).pvalue for pooling, *what in compared
    )
    assert f"None of the {len(compared)} comparisons" in README
    assert f"over the five seeds is {smallest:.2f}" in README
