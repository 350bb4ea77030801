"""The README and the pages with its longer examples are correct: every command is run, in a shorter form if slow."""

import json
import re
import shlex
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest
from builders import garden, tiny_mixtures, write_tone
from click.testing import CliRunner
from scipy.stats import ttest_rel
from sedpipe.cli.main import main
from sedpipe.reports.machine import Check

ROOT = Path(__file__).parents[1]
PAGES = {
    page: (ROOT / page).read_text(encoding="utf-8")
    for page in (
        "README.md",
        "docs/datasets.md",
        "docs/results.md",
        "docs/tutorials/own-recordings.md",
        "docs/tutorials/correct-and-retrain.md",
    )
}
README = PAGES["README.md"]
STARTS = ("Find events in a recording", "Train on your own sounds", "Reproduce the paper")
OWN = "docs/tutorials/own-recordings.md"
CORRECT = "docs/tutorials/correct-and-retrain.md"
TABLE2 = ROOT / "benchmarks" / "results" / "table2-esc10-fold4"
SHORT = {
    "check": ["--jobs", "1"],
    "train": ["--epochs", "1", "--batch-size", "4"],
    "reproduce": ["--preset", "demo", "--poolings", "linear", "--epochs", "1", "--seeds", "0"],
}
NEEDS_NETWORK = {
    "download esc10-fold4",
    "download dcase2017-task4 --from MY_AUDIO --cookies-from-browser firefox --sleep 6",
}


def commands_of(page: str, heading: str = "") -> list[str]:
    """Return what follows ``$ sedpipe`` in the console blocks of a page, or of one of its sections, in order."""
    text = PAGES[page].split(f"\n## {heading}\n")[1].split("\n## ")[0] if heading else PAGES[page]
    blocks = re.findall(r"```console\n(.*?)```", text, flags=re.DOTALL)
    return [line.removeprefix("$ sedpipe ") for block in blocks for line in block.splitlines() if line.startswith("$ ")]


def commands_about(word: str, page: str) -> list[str]:
    return [command for command in commands_of(page) if word in command]


def run(command: str) -> str:
    arguments = shlex.split(command)
    more = ["--dry-run"] if command in NEEDS_NETWORK else SHORT.get(arguments[0], [])
    outcome = CliRunner().invoke(main, [*arguments, *more])
    assert outcome.exit_code == 0, outcome.output
    return outcome.output


def test_every_console_command_is_run_by_a_test_in_this_file() -> None:
    assert all(
        any(command in commands_of("README.md", part) for part in STARTS) for command in commands_of("README.md")
    )
    assert {page: len(commands_of(page)) for page in PAGES} == {
        "README.md": 13,
        "docs/datasets.md": 9,
        "docs/results.md": 0,
        OWN: 8,
        CORRECT: 6,
    }


def test_predicting_and_showing_a_file_works_as_documented(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_tone(Path("street.wav"), 3, 440)
    opened: list[str] = []
    monkeypatch.setattr("rich_click.launch", lambda url: opened.append(url) or 0)
    listed, shown = commands_of("README.md", STARTS[0])
    assert "filename\tonset\toffset\tevent_label" in run(listed)
    run(shown)
    assert [Path(url).name for url in opened] == ["street.wav.html"]


@pytest.mark.slow
def test_training_a_model_on_a_folder_works_as_documented(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for n in range(10):
        write_tone(Path("birds", f"{n}.wav"), 4 + n % 3, (400 if n % 2 else 3000) + n, sample_rate=16_000)
        Path("birds", f"{n}.txt").write_text(f"0.5\t3.0\t{'Crow' if n % 2 else 'Blackbird'}\n")
    write_tone(Path("new-recordings", "today.wav"), 5, 440)
    said = {command.split()[0]: run(command) for command in commands_of("README.md", STARTS[1])}
    assert list(said) == ["init", "check", "download", "features", "train", "score", "report", "predict"]
    assert "report-testing.html" in said["report"]
    assert [path.name for path in Path("found").iterdir() if path.suffix == ".tsv"] == ["today.wav.tsv"]


def test_the_tutorials_work_as_documented_one_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    first, later = (re.search(r"```toml\n(.*?)```", PAGES[page], flags=re.DOTALL) for page in (OWN, CORRECT))
    assert first is not None
    assert later is not None
    garden(tmp_path, first[1])
    outputs = {command.split()[0]: run(command) for command in commands_of(OWN)}
    assert "3 of 3 clips scored, TUNED ON THIS SPLIT" in outputs["score"]
    assert "report-testing.html" in outputs["report"]
    assert "5.wav" in outputs["predict"]
    assert "model.safetensors" in outputs["export"]
    assert (tmp_path / "cache" / "garden" / "clips.tsv").exists()

    pages, *again, lists = commands_of(CORRECT)
    run(pages)
    assert len(list(Path("pages").glob("*.html"))) == 8
    head, _ = first[1].split("[splits.testing]")
    Path("garden.toml").write_text(head + later[1])
    Path("street.tsv").write_text(
        "filename\tonset\toffset\tevent_label\n5.wav\t1\t2\tBlackbird\n6.wav\t\t\t\n7.wav\t\t\t\n"
    )
    Path("predicted.tsv").write_text("filename\tonset\toffset\tevent_label\n5.wav\t1\t2\tBlackbird\n")
    said = [run(command) for command in again]
    assert "3 of 3 clips scored" in said[2]
    assert "second: " in said[3]
    assert "100.0" in run(lists)


def test_reproducing_the_paper_works_as_documented(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    commands, (download, features, table) = (
        commands_about("esc10-fold4", "docs/datasets.md"),
        commands_of("README.md", STARTS[2]),
    )
    assert (download, features) == tuple(commands[:2])
    assert "1000 listed" in run(download)
    run(f"download {tiny_mixtures(tmp_path, 'esc10-fold4')}")  # stands in for the recordings: same name, few clips
    outputs = [run(command) for command in commands[1:]]
    assert "next: sedpipe score esc10-fold4" in outputs[-1]
    run(table)
    assert (tmp_path / "cache" / "esc10-fold4" / "tables" / "table2-demo" / "table.md").exists()


def test_the_commands_for_the_official_lists_work_in_order(
    tmp_path: Path, shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "MY_AUDIO").symlink_to(shared_data)
    monkeypatch.setattr("sedpipe.sources.youtube.fetch_file", _no_evaluation_lists_here)
    monkeypatch.setattr("sedpipe.stages.doctor._network", lambda _: Check("network", True, "not asked in tests"))
    doctor, adopt, fetch, export = commands_about("dcase2017-task4", "docs/datasets.md")
    assert "JavaScript runtime" in run(doctor)
    assert "51172 listed" in run(adopt)
    assert "51172 listed" in run(fetch)
    assert "next: sedpipe download dcase2017-task4" in run(export)
    assert (tmp_path / "clips.tsv").read_text().startswith("split\tclip_id\tstate\t")


def _no_evaluation_lists_here(url: str, *_: object) -> Path:
    from sedpipe.errors import SedpipeError

    raise SedpipeError(f"cannot fetch {url}: no network in tests")


def test_the_command_below_the_picture_draws_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    command = re.search(
        r"`python (docs/draw_clip\.py demo evaluation-\d{5}) docs/clip\.png`", PAGES["docs/datasets.md"]
    )
    assert command is not None
    manifest = tiny_mixtures(tmp_path, "demo", n_other=8)
    for verb in (f"download {manifest}", "features demo", "train demo --preset demo", "score demo"):
        run(verb)
    arguments = [str(ROOT / "docs" / "draw_clip.py"), "demo", "evaluation-00003", str(tmp_path / "clip.png")]
    subprocess.run([sys.executable, *arguments], check=True, cwd=tmp_path)
    assert (tmp_path / "clip.png").read_bytes().startswith(b"\x89PNG")


def test_the_readme_has_at_most_90_lines_and_names_what_ci_runs() -> None:
    assert len(README.splitlines()) <= 90
    checks = re.findall(r"^make (\w+)", (ROOT / ".ci" / "run").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert checks == ["lint", "test", "demo"]
    assert all(f"`make {target}`" in README for target in checks)


def test_the_stated_results_match_the_table() -> None:
    table = (TABLE2 / "table.md").read_text(encoding="utf-8")
    part = table[table.index("## evaluation, min_er") : table.index("## evaluation, max_f1")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in part.splitlines() if "±" in line]
    measured = {row[0]: (row[5], row[8]) for row in rows}  # ER and F1
    told = re.findall(
        r"^\| (\w+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", PAGES["docs/results.md"], re.MULTILINE
    )
    told = [row for row in told if "±" in row[1]]
    assert len(told) == 3
    for pooling, *values in told:
        assert values == [measured[f"{pooling}, {stages}"][n] for n in (0, 1) for stages in ("single", "5,5")]


def test_no_comparison_is_significant_and_the_smallest_p_value_is_the_stated_one() -> None:
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
    results = " ".join(PAGES["docs/results.md"].split())
    assert smallest > 0.05
    assert f"None of the {len(compared)} comparisons" in results
    assert f"over the five seeds is {smallest:.2f}" in results
