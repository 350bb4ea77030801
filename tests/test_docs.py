"""The documents describe the code and its results correctly."""

import csv
import json
import math
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from builders import tiny_mixtures
from click.testing import CliRunner
from scipy.stats import ttest_1samp
from sedpipe.cli.main import main
from sedpipe.detection.steps import STEPS
from sedpipe.failures import SAYINGS, UNKNOWN
from sedpipe.features.front_end import FRONT_ENDS
from sedpipe.features.spec import FeatureSpec
from sedpipe.features.waveform import WaveformConfig
from sedpipe.io.cache.feature_file import FeatureFile
from sedpipe.io.manifests.load import KINDS, manifest_names
from sedpipe.io.models.checkpoints import read_model
from sedpipe.io.records.table import Cell
from sedpipe.io.settings.presets import load_preset
from sedpipe.metrics.comparison import LEVEL, student
from sedpipe.metrics.validation import DUST_DECIMALS
from sedpipe.nn.blocks import CONVOLUTIONS
from sedpipe.nn.networks.crnn import CRNN
from sedpipe.nn.networks.registry import NETWORKS
from sedpipe.nn.pooling import POOLING_FUNCTIONS
from sedpipe.nn.summary import layers
from sedpipe.sources.open import SOURCES
from sedpipe.steps.metrics import METRICS
from sedpipe.views.tables.table3_learning import learning_of

DOCS = Path(__file__).parents[1] / "docs"
N_TRAINING = 51_172  # clips in the official training list
BY_OTHERS = {
    ("gone", "too-short"),  # sedpipe.io.audio.cut reports these two,
    ("gone", "silent"),
    ("retryable", "no-solver"),  # and sedpipe.io.web.videos this one, for a single video
}


def test_every_reason_for_a_failed_download_is_listed_under_its_state() -> None:
    text = (DOCS / "download.md").read_text(encoding="utf-8")
    reasons = text[text.index("| state | reasons |") : text.index("What this machine lacks")]
    listed = {
        (row.split("|")[1].strip(" `"), reason)
        for row in reasons.splitlines()[2:]
        if row.startswith("|")
        for reason in re.findall(r"`([a-z-]+)`", row.split("|")[2])
    }
    known = {(state, reason) for state, reason, _ in SAYINGS if state != "local"} | {("retryable", UNKNOWN.reason)}
    assert listed == known | BY_OTHERS
    local = re.findall(r"`([a-z-]+)`", text[text.index("What this machine lacks") :].split(")")[0])
    assert set(local) == {reason for state, reason, _ in SAYINGS if state == "local"}


def part(heading: str) -> str:
    """Return the section of docs/extending.md under a heading."""
    _, found = (DOCS / "extending.md").read_text(encoding="utf-8").split(f"\n## {heading}\n")
    return found.split("\n## ")[0]


def written(text: str) -> list[str]:
    """Write a section's files, each named in the paragraph before it; return the words after ``$ python NAME.py``."""
    for before, content in re.findall(r"((?:[^\n]+\n)+)\n```(?:python|toml)\n(.*?)```", text, flags=re.DOTALL):
        (name,) = re.findall(r"`(\w+\.(?:py|toml))`", before)
        Path(name).write_text(content)
    (console,) = re.findall(r"```console\n(.*?)```", text, flags=re.DOTALL)
    return [re.sub(r"^\$ python \w+\.py ", "", line) for line in console.splitlines()]


@pytest.fixture
def manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Manifest of a dataset with the name used in the documents, with few clips and without need of a network."""
    monkeypatch.chdir(tmp_path)
    return tiny_mixtures(tmp_path, "esc10-fold4", 4, 2)


def in_a_process_of_its_own(script: str, command: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(DOCS.parent / "pipeline")}
    words = [sys.executable, script, *shlex.split(command)]
    return subprocess.run(words, check=True, env=environment, capture_output=True, text=True).stdout


def test_the_custom_pooling_function_and_convolution_get_into_the_table_as_documented(
    manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands = written(part("A pooling function and a kind of convolution"))
    commands[0] = f"download {manifest}"
    with monkeypatch.context() as until_forgotten:
        until_forgotten.setitem(POOLING_FUNCTIONS, "squared", None)
        until_forgotten.setitem(CONVOLUTIONS, "separable", None)
        exec(Path("own.py").read_text(), {"__name__": "own"})
        said = [sedpipe(command) for command in commands[:-1]]
        run = "own-squared-5x5-seed0"
        assert f"{run}: " in said[-1]
        assert f"{run} on esc10-fold4 testing" in sedpipe(f"score esc10-fold4 --run {run} --split testing")
    assert "convolution must be one of gated, leaky, got 'separable'" in sedpipe(
        f"score esc10-fold4 --run {run}", exit_code=1
    )

    in_a_process_of_its_own("own.py", f"{commands[-1]} --quiet")
    table = Path("cache") / "esc10-fold4" / "tables" / "table2-own"
    cells = {path.stem: json.loads(path.read_text()) for path in (table / "cells").iterdir()}
    systems = {f"{pooling}-{stages}-seed0" for pooling in ("linear", "squared") for stages in ("single", "5x5")}
    assert set(cells) == systems
    assert {cell["network"]["convolution"] for cell in cells.values()} == {"separable"}
    assert all("testing" in cell["splits"] for cell in cells.values())
    assert (
        "squared, 5,5 against single, 1 seed (a single random seed cannot compare two systems"
        in (table / "table.md").read_text()
    )


def test_the_custom_front_end_reaches_workers_store_model_and_prediction_as_documented(
    manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, features, *others = written(part("A front end"))
    sedpipe(f"download {manifest}")
    assert "--jobs 2" in features  # workers are other processes, which have not run the script
    in_a_process_of_its_own("pcen.py", features)
    (store,) = Path("cache/esc10-fold4/features").glob("*/training.h5")
    parameters = FeatureFile(store).parameters
    assert (parameters["front_end"], parameters["gain"], parameters["n_frames"]) == ("pcen", 0.8, 500)
    with monkeypatch.context() as until_forgotten:
        until_forgotten.setitem(FRONT_ENDS, "pcen", None)
        exec(Path("pcen.py").read_text(), {"__name__": "pcen"})
        assert FeatureSpec.from_parameters(parameters).fingerprint == store.parent.name
        said = [sedpipe(command) for command in others]
        assert "demo-linear-5x5-seed0: " in said[0]
        assert all(path.stem in said[1] for path in Path("cache/esc10-fold4/audio/testing").iterdir())
    assert "front end 'pcen' is not one of logmel, waveform" in sedpipe(others[1], exit_code=1)


def test_the_network_on_raw_waveforms_is_trained_scored_and_used_as_documented(
    manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, *commands = written(part("A network on raw waveforms"))
    sedpipe(f"download {manifest}")
    with monkeypatch.context() as until_forgotten:
        until_forgotten.setitem(NETWORKS, "raw", None)
        exec(Path("raw.py").read_text(), {"__name__": "raw"})
        said = dict(zip((command.split()[0] for command in commands), map(sedpipe, commands), strict=True))
        run = Path("cache/esc10-fold4/runs/raw-linear-5x5-seed0")
        record = json.loads((run / "run.json").read_text())
        assert record["settings"]["network"] == {"name": "raw", "members": 1, "filters": 24, "maps": 64}
        trained = read_model(run / "checkpoint.pt", torch.device("cpu"))
        assert trained.spec.front_end == WaveformConfig()
        n_classes, hop = 3, 882
        filters, dense = 24 * (2 * hop + 1), 64 * n_classes + n_classes
        assert record["result"]["parameters"] == filters + (5 * 24 + 3) * 64 + (5 * 64 + 3) * 64 + dense
        assert len((run / "log.csv").read_text().splitlines()) == 2
        assert "raw-linear-5x5-seed0 on esc10-fold4 testing" in said["score"]
        assert all(path.stem in said["predict"] for path in Path("cache/esc10-fold4/audio/testing").iterdir())
    assert "network 'raw' is not one of crnn" in sedpipe(f"export {run}", exit_code=1)


def test_the_custom_metric_appears_in_json_terminal_and_page_as_documented(
    manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands = written(part("A metric"))
    for command in (f"download {manifest}", "features esc10-fold4"):
        sedpipe(command)
    sedpipe("train esc10-fold4 --preset demo --epochs 1 --batch-size 4")
    with monkeypatch.context() as until_forgotten:
        until_forgotten.setitem(METRICS, "counting", None)
        exec(Path("counting.py").read_text(), {"__name__": "counting"})
        said = [sedpipe(command) for command in commands]
    assert "estimated events per reference event" in said[0]
    run = Path("cache/esc10-fold4/runs/demo-linear-5x5-seed0")
    scores = json.loads((run / "scores-testing.json").read_text())
    assert scores["metrics"]["counting"]["ratio"] >= 0
    assert "estimated events per reference event" in (run / "report-testing.html").read_text()


def test_the_custom_post_processing_step_is_tuned_stored_and_explained_as_documented(
    manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands = written(part("A post-processing step"))
    for command in (f"download {manifest}", "features esc10-fold4"):
        sedpipe(command)
    with monkeypatch.context() as until_forgotten:
        until_forgotten.setitem(STEPS, "longest", None)
        exec(Path("longest.py").read_text(), {"__name__": "longest"})
        said = [sedpipe(command) for command in commands]
    assert "longest" in said[1]
    record = json.loads(Path("cache/esc10-fold4/runs/short/run.json").read_text())
    assert "longest" in [step["step"] for step in record["tuning"]["min_er"]]


def test_the_custom_source_is_downloaded_trained_on_and_scored_as_documented(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    commands = written(part("A source"))
    with monkeypatch.context() as until_forgotten:
        until_forgotten.setitem(SOURCES, "tones", None)
        until_forgotten.setitem(KINDS, "tones", None)
        exec(Path("tones.py").read_text(), {"__name__": "tones"})
        said = [sedpipe(command) for command in commands]
    assert "6 listed, 6 ok" in said[0]
    assert "4 of 4 clips scored" in said[3]
    assert "beeps testing" in sedpipe("score beeps --split testing")  # by sedpipe without the script


def sedpipe(command: str, exit_code: int = 0) -> str:
    outcome = CliRunner().invoke(main, shlex.split(command))
    assert outcome.exit_code == exit_code, outcome.output
    return outcome.output


def test_the_commands_in_reproduce_md_are_valid() -> None:
    text = (DOCS / "reproduce.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```console\n(.*?)```", text, flags=re.DOTALL)
    commands = [line.removeprefix("$ sedpipe ") for block in blocks for line in block.splitlines()]
    assert len(commands) == 16
    for command in commands:
        verb, *arguments = shlex.split(command)
        context = main.commands[verb].make_context(verb, arguments)
        assert context.params["dataset"] in manifest_names()


def test_the_arithmetic_in_reproduce_md_matches_the_network_and_the_measurements() -> None:
    text = " ".join((DOCS / "reproduce.md").read_text(encoding="utf-8").split())
    preset, speeds = load_preset("paper"), DOCS.parent / "benchmarks" / "results" / "training-speed" / "speed.json"
    network = CRNN(preset.network, preset.pooling, 17, FeatureSpec())
    multiply_adds = sum(layer.multiply_adds for layer in layers(network, FeatureSpec()))
    per_second = {
        row["preset"]: row["clips_per_second"]
        for row in json.loads(speeds.read_text())["rows"]
        if row["way"] == "sedpipe"
    }
    assert f"{multiply_adds / 1e9:.2f} G multiply-adds" in text
    assert f"{6 * multiply_adds / 1e9:.1f} GFLOP per clip, {6 * multiply_adds * N_TRAINING / 1e15:.2f} PFLOP" in text
    assert f"reach {6 * multiply_adds * per_second['paper'] / 1e12:.2f} TFLOP/s" in text
    assert f"| {N_TRAINING / per_second['paper'] / 3600:.1f} hours |" in text
    assert f"| {N_TRAINING / per_second['small'] / 60:.0f} minutes |" in text
    tuning = json.loads((DOCS.parent / "benchmarks" / "results" / "score" / "speed.json").read_text())["tuning"]
    assert f"{tuning['seconds']:.0f} seconds for one network's {tuning['clips']} clips of `testing`" in text
    assert f"{20 * N_TRAINING / per_second['paper'] / 3600:.0f} hours and the 30 cells of the table" in text
    assert f"{600 * N_TRAINING / per_second['paper'] / 86400:.0f} days, of `small`" in text
    for reached in (2, 5, 20):
        clips = reached * 1e12 / (6 * multiply_adds)
        epoch_s = N_TRAINING / clips
        row = f"| {clips:.0f} | {epoch_s / 60:.1f} min | {20 * epoch_s / 3600:.1f} h | {600 * epoch_s / 3600:.0f} h |"
        assert f"| {reached} TFLOP/s {row}" in text


def recipe_results(split: str) -> dict[str, list[dict[str, Any]]]:
    """Return the runs by recipe, on ``testing`` ("") or ``evaluation`` ("-evaluation")."""
    path = DOCS.parent / "benchmarks" / "results" / f"recipes-esc10-fold4-16-epochs{split}.json"
    recipes: dict[str, list[dict[str, Any]]] = json.loads(path.read_text())["recipes"]
    return recipes


def test_times_are_rounded_as_scoring_md_says() -> None:
    assert f"Times are first rounded to {1e6 * 10**-DUST_DECIMALS:g} microsecond." in (DOCS / "scoring.md").read_text()


def test_the_table_of_recipes_matches_the_runs() -> None:
    text = (DOCS / "results.md").read_text(encoding="utf-8")
    number = r"([\d.]+)"
    seeds = f"{number}, {number}, {number} \\| {number} %"
    told = re.findall(rf"^\|[^|]*\| `(paper|strong)` \| {seeds} \| {seeds} \| {number} % \|$", text, re.MULTILINE)
    measured = []
    for split in ("", "-evaluation"):
        for recipe, runs in recipe_results(split).items():
            f1 = [[run["f1"][kind] for run in runs] for kind in ("common", "chosen")]
            values = [value for each in f1 for value in (*each, sum(each) / len(each))]
            mean_ap = sum(run["clip_based"]["map"] for run in runs) / len(runs)
            measured.append((recipe, *(f"{100 * value:.1f}" for value in (*values, mean_ap))))
    assert told == measured


def test_the_intervals_between_recipes_are_students_t_intervals() -> None:
    text = (DOCS / "results.md").read_text(encoding="utf-8")
    for name, split in (("`testing`, tuned there", ""), ("`evaluation`", "-evaluation")):
        recipes, cells = recipe_results(split), []
        for kind in ("common", "chosen"):
            pairs = zip(recipes["strong"], recipes["paper"], strict=True)
            gains = [100 * (strong["f1"][kind] - paper["f1"][kind]) for strong, paper in pairs]
            low, high = ttest_1samp(gains, 0).confidence_interval(0.95)
            cells.append(f"{sum(gains) / len(gains):+.1f} ({low:+.1f} to {high:+.1f})")
        assert f"| {name} | {' | '.join(cells)} |" in text


def test_the_speed_tables_match_the_measurements() -> None:
    text = (DOCS / "speed.md").read_text(encoding="utf-8")
    results = DOCS.parent / "benchmarks" / "results" / "training-speed"
    for row in json.loads((results / "speed.json").read_text())["rows"]:
        assert (
            f"| {row['preset']} | {row['way']} | {row['batch_size']} | {row['clips_per_second']:.1f} "
            f"| {row['ratio']:.2f} | {row['waiting']:.2%} | {row['peak_memory_gb']:.1f} GB |"
        ) in text
    ways = {row["way"]: row for row in json.loads((results / "ways-small.json").read_text())["rows"]}
    for row in ways.values():
        assert f" | {row['clips_per_second']:.1f} | {row['ratio']:.2f} |" in text
    gain = ways["bfloat16"]["clips_per_second"] / ways["sedpipe"]["clips_per_second"]
    assert f"it is {gain:.2f} times as fast as float32 for `small`" in text
    fast, slow = ways["sedpipe"], ways["plain"]
    returned, kept = ways["memory returned"], ways["plain, memory kept"]
    taken = [f"{way['peak_memory_gb']:.1f}" for way in (kept, slow, fast, returned)]
    assert "took {} instead of {} GB, sedpipe {} instead of {}".format(*taken) in " ".join(text.split())
    assert 1 - returned["clips_per_second"] / fast["clips_per_second"] == pytest.approx(1 / 4, abs=0.02)
    assert 1 - slow["clips_per_second"] / kept["clips_per_second"] == pytest.approx(1 / 3, abs=0.02)
    alone = ways["torch's operations"]["ratio"]
    assert f"On their own they lose ({alone:.2f})" in text
    assert f"{ways['compiled']['ratio']:.2f} times the plain way, after a minute" in text


def test_the_savings_and_costs_of_compression_match_the_measurements() -> None:
    told = json.loads((DOCS.parent / "benchmarks" / "results" / "compression.json").read_text())
    sizes, spent = told["bytes a clip"], told["milliseconds of the processor a clip"]
    kilobytes = ", ".join(f"{sizes[name] / 1000:.0f} kB" for name in ("lzf", "gzip"))
    more = ", ".join(f"{spent[name] - spent['none']:.1f}" for name in ("lzf", "gzip"))
    of_audio_set = ", ".join(f"{2.1e6 * sizes[name] / 1e12:.2f} TB" for name in ("lzf", "gzip"))
    per_clip = f"{kilobytes} per clip; {more} ms per clip to compress (`benchmarks/feature_compression.py`)"
    row = f"{per_clip} | {of_audio_set} |"
    assert row in (DOCS / "cluster.md").read_text(encoding="utf-8")


def test_the_learning_curves_of_networks_match_the_runs() -> None:
    text = (DOCS / "results.md").read_text(encoding="utf-8")
    path = DOCS.parent / "benchmarks" / "results" / "networks-esc10-fold4-4-epochs.json"
    for runs in json.loads(path.read_text())["recipes"].values():
        curve = " | ".join(f"{100 * float(epoch['f1']):.1f}" for epoch in runs[0]["log"])
        assert f" | {curve} % |" in text


def shown_commands(page: Path) -> list[list[str]]:
    """Return what follows ``sedpipe`` in the command blocks of a page."""
    blocks = re.findall(r"```(?:console|sh|bash)\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    lines = [line.removeprefix("$ ") for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    return [shlex.split(line, comments=True)[1:] for line in lines if line.startswith("sedpipe ")]


@pytest.mark.parametrize("page", sorted(DOCS.glob("**/*.md")), ids=lambda page: page.stem)
def test_every_command_in_a_document_is_valid(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for verb, *arguments in shown_commands(page):
        for word in arguments:  # any such word may name a file or folder, which must exist
            if not word.startswith("-") and "://" not in word:
                Path(word).parent.mkdir(parents=True, exist_ok=True)
                _ = Path(word).touch() if Path(word).suffix else Path(word).mkdir(exist_ok=True)
        main.commands[verb].make_context(verb, arguments)


FALSE_ALARMS = json.loads((DOCS.parent / "benchmarks" / "results" / "false-alarms.json").read_text(encoding="utf-8"))
WAYS = ("seeds and recordings", "seeds and clips", "seeds alone", "draws of seeds and clips")


def test_the_table_of_false_alarms_matches_the_simulation() -> None:
    text = (DOCS / "scoring.md").read_text(encoding="utf-8")
    told = [row for row in re.findall(r"^\|[^|]+\|(.*)\|$", text, re.MULTILINE) if row.count(",") == 8]
    simulated = [
        " | ".join(
            ", ".join(f"{100 * world['seeds'][n]['false_alarms'][way]['error_rate']:.1f}" for n in ("3", "5", "10"))
            for way in WAYS
        )
        for world in FALSE_ALARMS["worlds"].values()
    ]
    assert [row.strip() for row in told] == simulated
    power = FALSE_ALARMS["power"]["as esc10-fold4, small"]
    for effect in ("0.05", "0.08"):
        seen = [f"{100 * power[n][effect]['seen']:.0f}" for n in ("3", "5", "10")]
        assert f"{seen[0]}, {seen[1]} and {seen[2]} %" in " ".join(text.split())


def test_the_reported_false_alarms_in_worlds_drawn_later_match_the_simulation() -> None:
    found = json.loads((DOCS.parent / "benchmarks/results/false-alarms-fresh.json").read_text(encoding="utf-8"))
    rows = [row["false_alarms"] for world in found["worlds"].values() for row in world["seeds"].values()]
    ours, before = (
        [100 * share for row in rows for share in row[way].values()]
        for way in ("seeds and recordings", "draws of seeds and clips")
    )
    assert min(ours) >= 3
    assert max(ours) <= 7
    text = " ".join((DOCS / "scoring.md").read_text(encoding="utf-8").split())
    assert f"{min(ours):.1f} to {max(ours):.1f} % of {found['tables']:,} tables" in text
    assert (
        f"{sum(ours) / len(ours):.1f} % on average; the bootstrap in {min(before):.1f} to {max(before):.1f} %" in text
    )


def test_the_table_of_false_alarms_in_lists_matches_the_simulation() -> None:
    found = json.loads((DOCS.parent / "benchmarks/results/false-alarms-in-lists.json").read_text(encoding="utf-8"))
    text, columns = (DOCS / "scoring.md").read_text(encoding="utf-8"), ("alone", "lists of 3", "lists of 24")
    assert (len(found["worlds"]), found["tables"]) == (14, 24_000)
    assert "Holm's correction was tested in all 14 simulations, with 24,000 tables each" in " ".join(text.split())
    for n_seeds in ("2", "3", "5", "10"):
        shares = [[100 * world["seeds"][n_seeds][of] for world in found["worlds"].values()] for of in columns]
        assert f"| {n_seeds} | {' | '.join(f'{min(of):.1f} to {max(of):.1f}' for of in shares)} |" in text
        assert max(shares[0]) < 7
        assert max(shares[1]) < 6
        assert max(shares[2]) < 7.5


def test_the_reported_robustness_trials_match_their_records() -> None:
    found = {
        name: json.loads((DOCS.parent / "benchmarks" / "results" / f"{name}.json").read_text(encoding="utf-8"))
        for name in ("kills", "interrupts", "full-disk", "permissions", "fuzz")
    }
    trials = {name: [*of["found"].values()] for name, of in found.items() if "found" in of}
    assert not any(one["faults"] for of in trials.values() for one in of)
    killed, heard = trials["kills"], [one["interrupts"] for one in trials["interrupts"]]
    n_kinds = sum(len(one["kinds"]) for one in trials["permissions"])
    n_killed, n_unfinished = (sum(one[name] for one in killed) for name in ("kills", "while something was unfinished"))
    n_sizes, n_full = (sum(one[name] for one in trials["full-disk"]) for name in ("trials", "full"))
    whole = [one for one in found["fuzz"].values() if one.get("inputs") == 20_028]
    text = (DOCS / "results.md").read_text(encoding="utf-8")
    for said in (
        f"{n_killed} kills of {sum(one['kills'] > 0 for one in killed)} commands, {n_unfinished} of them",
        f"{sum(heard)} in {sum(n > 0 for n in heard)} commands",
        f"{n_sizes} sizes, {len(trials['full-disk'])} commands, {n_full} times full",
        f"{n_kinds} kinds that {len(trials['permissions'])} commands read",
        f"{sum(one['traceback'] for one in whole)} tracebacks",
    ):
        assert said in text
    assert len(whole) == 5
    assert not any(one[end] for one in whole[-2:] for end in ("traceback", "long", "unprintable", "hang", "crash"))
    many = json.loads((DOCS.parent / "benchmarks" / "results" / "many-clips.json").read_text(encoding="utf-8"))["verbs"]
    score, report, status = (many[verb]["peak MB"] for verb in ("score", "report", "status"))
    assert f"`score` takes {score} MB, `report` {report} MB, `status` {status} MB" in text


def measured(*path: str) -> Any:
    return json.loads((DOCS.parent / "benchmarks" / "results").joinpath(*path).read_text(encoding="utf-8"))


def test_the_reported_scores_of_external_probabilities_match_the_record() -> None:
    scores, text = measured("cvssp-testing.json"), (DOCS / "table3.md").read_text(encoding="utf-8")
    steps = {name: {step["step"]: step for step in of_point} for name, of_point in scores["tuning"].items()}
    chosen = {name: next(step for step in each.values() if step["chosen"]) for name, each in steps.items()}
    untuned = [steps[name]["untuned"]["tuned"] for name in ("min_er", "max_f1")]
    assert f"| 0.5, no smoothing | | {untuned[0]:.2f} | {100 * untuned[1]:.1f} | |" in text
    for rule, numbers, crossed in (
        (
            "one setting for all classes",
            {name: one["segment_based"] for name, one in scores["post_processing_common"].items()},
            {name: each["smoothing"]["cross_validated"] for name, each in steps.items()},
        ),
        (
            "settings for each class",
            scores["operating_points"],
            {name: step["cross_validated"] for name, step in chosen.items()},
        ),
    ):
        er, f1 = ([f"{one['error_rate']:.2f}", f"{100 * one['f1']:.1f}"] for one in numbers.values())
        assert f"| {rule} | ER | {' | '.join(er)} | ER {crossed['min_er']:.2f} |" in text
        assert f"| | F1 | {' | '.join(f1)} | F1 {100 * crossed['max_f1']:.1f} |" in text
    free = {name: f"{100 * value:.1f}" for name, value in scores["threshold_free"].items()}
    assert (
        f"Tags at 0.5: F1 {100 * scores['clip_based']['f1']:.1f}; clip mAP {free['clip_map']}, frame mAP "
        f"{free['frame_map']}, PSDS1 {free['psds1']}, PSDS2 {free['psds2']}."
    ) in text


def test_the_reported_scores_on_sprsound_match_the_run() -> None:
    scores = measured("sprsound-small", "scores-testing.json")
    text = " ".join((DOCS / "own-data.md").read_text(encoding="utf-8").split())
    points, known = scores["operating_points"], scores["yardsticks"]
    low, high = (f"{100 * end:.1f}" for end in scores["intervals"]["max_f1"]["f1"])
    for said in (
        f"F1 of {100 * points['max_f1']['f1']:.1f} % (95 % CI {low} to {high}) at the operating point `max_f1`",
        f"always predicting the most frequent class gives {100 * known['commonest_everywhere']['f1']:.1f}",
        f"the true tags stretched over whole clips {100 * known['tags_stretched']['f1']:.1f}",
        f"its error rate there is {points['max_f1']['error_rate']:.2f}, and at `min_er` "
        f"{points['min_er']['error_rate']:.2f}",
    ):
        assert said in text


def test_the_reported_page_sizes_and_prediction_speeds_match_the_measurements() -> None:
    pages, text = measured("page", "pages.json"), (DOCS / "page.md").read_text(encoding="utf-8")
    for name in dict.fromkeys(page["page"] for page in pages):
        widths = [page for page in pages if page["page"] == name]
        loads = sorted(f"{page['load_s']:.1f}" for page in widths)
        assert f"| {widths[0]['megabytes']:.1f} MB | {loads[0]} to {loads[1]} s |" in text
    assert f"the longest {max(page['frame_ms_while_scrolling']['worst'] for page in pages)} ms" in text
    told = " ".join((DOCS / "results.md").read_text(encoding="utf-8").split())
    for preset, said in (("small", "`small` takes {:.0f} s for an hour of audio"), ("paper", "`paper` {:.0f} s")):
        costs = measured("predict", f"speed-{preset}.json")["costs"]
        of = {cost["minutes"]: cost for cost in costs if (cost["way"], cost["format"]) == ("blocks", "flac")}
        assert said.format(of[60]["seconds"]) in told
        assert f"{of[60]['peak_mb'] / 1000:.2f} and {of[1]['peak_mb'] / 1000:.2f} GB" in told


def told(value: float | None, spread: float | None = None, *, percent: bool = True) -> str:
    """Format a mean as in the tables of encoders, with its standard deviation if there are several seeds."""
    if value is None:
        return "-"
    both = [value] if spread is None else [value, spread]
    return " ± ".join(f"{100 * one:.1f}" if percent else f"{one:.2f}" for one in both)


@pytest.mark.parametrize("dataset", ["esc10-fold4", "sprsound"])
def test_the_tables_of_encoders_match_the_runs(dataset: str) -> None:
    folder = DOCS.parent / "benchmarks" / "results" / f"encoders-{dataset}"
    lines = (DOCS / "encoders.md").read_text(encoding="utf-8").splitlines()
    for row in json.loads((folder / "table.json").read_text(encoding="utf-8")):
        cells = list((folder / "cells").glob(f"{dataset}-{row['system']}-seed*.json"))
        scores = [told(row["testing_crossed_f1"], row["testing_crossed_f1_spread"])]
        scores += [told(row["testing_crossed_er"], row["testing_crossed_er_spread"], percent=False)]
        if "evaluation_f1" in row:
            scores += [told(row["evaluation_f1"], row["evaluation_f1_spread"])]
            scores += [told(row["evaluation_er"], row["evaluation_er_spread"], percent=False)]
        else:
            scores += [told(one["f1"]) for one in row["per_class"].values()]
        scores += [told(row["testing_clip_map"]), told(row["testing_frame_map"])]
        minutes = "-" if row["training_minutes"] is None else f"{row['training_minutes']:.1f}"
        words = [f"`{row['system']}`", str(len(cells)), *scores, minutes, f"{row['times_real_time']:.0f}"]
        assert f"| {' | '.join(words)} |" in lines


def test_the_text_about_encoders_matches_the_measurements() -> None:
    results = DOCS.parent / "benchmarks" / "results"
    text = " ".join((DOCS / "encoders.md").read_text(encoding="utf-8").split())
    compared = json.loads((results / "recipes-esc10-fold4-encoders-evaluation.json").read_text(encoding="utf-8"))
    chosen = compared["over_the_first"]["yamnet+aisfx"]["chosen"]
    rate, f1 = chosen["error_rate"], chosen["f1"]
    low, high = rate["interval"]
    assert f"ER {rate['difference']:+.3f} ({low:+.3f} to {high:+.3f}, p {rate['p_holm']:.3f} after" in text
    low, high = f1["interval"]
    assert (
        f"F1 {100 * f1['difference']:+.1f} points ({100 * low:+.1f} to {100 * high:+.1f}, not distinguishable)" in text
    )
    oracles = json.loads((results / "oracles-sprsound-yamnet.json").read_text(encoding="utf-8"))["found"]
    of_way = {way: f"{100 * one['encoders-yamnet-seed0']['f1']:.1f}" for way, one in oracles.items()}
    assert f"with true tags and its own times F1 is {of_way['true tags, own times']} %" in text
    assert f"with its own tags and true times {of_way['own tags, true times']} %" in text
    assert f"True tags without any times reach {of_way['true tags, no times']} %" in text
    curve = json.loads((results / "patients-sprsound" / "patients.json").read_text(encoding="utf-8"))
    assert [row["patients"] for row in curve] == [24, 47, 94, 0]
    few, *more, most = (f"{100 * row['mean_clip_map']:.1f}" for row in curve)
    assert f"a clip mAP of {', '.join([few, *more])} and {most} %" in text
    few, *more, most = (f"{100 * row['mean_f1']:.1f}" for row in curve)
    assert f"an F1 of {', '.join([few, *more])} and {most} %" in text
    rows = json.loads((results / "encoders-sprsound" / "table.json").read_text(encoding="utf-8"))
    assert {round(100 * row["testing_crossed_f1"]) for row in rows} <= set(range(35, 44))


def test_the_reported_effect_of_bfloat16_on_scores_matches_the_runs() -> None:
    folder = DOCS.parent / "benchmarks" / "results" / "encoders-esc10-fold4" / "cells"
    text = " ".join((DOCS / "encoders.md").read_text(encoding="utf-8").split())
    rounded, exact = (
        [json.loads((folder / f"esc10-fold4-{name}-seed{seed}.json").read_text(encoding="utf-8")) for seed in range(3)]
        for name in ("crnn", "crnn-float32")
    )
    for said, scale, digits, of_one in (
        ("ER", 1, 3, lambda one: one["operating_points"]["min_er"]["error_rate"]),
        ("F1", 100, 1, lambda one: one["operating_points"]["max_f1"]["f1"]),
        ("frame mAP", 100, 1, lambda one: one["threshold_free"]["frame_map"]),
    ):
        each = ([scale * of_one(cell["evaluation"]) for cell in cells] for cells in (rounded, exact))
        found = student(*each, lower_is_better=said == "ER")
        assert found.interval is not None
        low, high = (f"{end:+.{digits}f}" for end in found.interval)
        unit = "" if said == "ER" else "points "
        assert f"{said} {found.difference:+.{digits}f} {unit}({low} to {high})" in text
        assert found.p is not None
        assert found.p >= LEVEL


def test_the_learning_curve_of_the_tutorial_matches_the_measurements() -> None:
    folder = DOCS.parent / "benchmarks" / "results" / "learning-curve-esc10-fold4"
    curves = json.loads((folder / "learning-curve.json").read_text(encoding="utf-8"))["curves"]["evaluation"]
    text = (DOCS / "tutorials" / "how-many-clips.md").read_text(encoding="utf-8")
    rows = {line.split(" | ")[0]: line for line in text.splitlines() if line.startswith("| ")}
    head = curves["yamnet"]
    assert [point["clips_a_class"] for point in head] == [5, 10, 20, 50, 100, 0]
    assert rows["| in all"] == f"| in all | {' | '.join(format(point['clips'], ',.0f') for point in head)} |"
    for system, name in (("yamnet", "head on `yamnet`"), ("crnn", "CRNN (`small`)")):
        [(first, row)] = [(first, row) for first, row in rows.items() if first.startswith(f"| {name}, ")]
        points = {point["clips_a_class"]: point for point in curves[system]}
        [draws] = {point["seeds"] for point in points.values()}
        assert first == f"| {name}, {draws} draw{'s' if draws > 1 else ''}"
        assert row == f"{first} | {' | '.join(told(point['mean_f1']) for point in points.values())} |"


MICROPHONES = {
    name: json.loads((DOCS.parent / "benchmarks" / "results" / f"microphones-{name}.json").read_text(encoding="utf-8"))
    for name in ("esc10-strong", "esc10", "esc10-yamnet")
}
COPIES = {
    "44.1 kHz": "as they are, 44.1 kHz", "+20 dB": "20 dB louder, clipped", "-20 dB": "20 dB quieter",
    "-40 dB": "40 dB quieter",
}  # fmt: skip


def of_the_only_model(found: dict[str, dict[str, int]]) -> dict[str, int]:
    [counts] = found.values()
    return counts


def test_the_reported_results_for_other_microphones_match_the_measurements() -> None:
    before, now, encoder = (of_the_only_model(found["right"]) for found in MICROPHONES.values())
    page = (DOCS / "encoders.md").read_text(encoding="utf-8")
    card = (DOCS.parent / "pipeline/sedpipe/models/esc10/README.md").read_text(encoding="utf-8")
    for copy, right in now.items():
        name = COPIES.get(copy, f"at {copy}")
        assert f"\n| {name} | {before[copy]} | {right} | {encoder[copy]} |\n" in page
        assert f"\n| {name} | {right} | {before[copy]} |\n" in card
    text = " ".join((DOCS / "training.md").read_text(encoding="utf-8").split())
    assert f"recognises {now['8 kHz']} of 80 recordings at 8 kHz (with `strong`: {before['8 kHz']})" in text
    assert f"and {now['-40 dB']} of those 40 dB quieter ({before['-40 dB']})" in text


def test_the_reported_numbers_of_unfamiliar_recordings_match_the_measurements() -> None:
    remarked = of_the_only_model(MICROPHONES["esc10-yamnet"]["remarked"])
    text = {
        page: " ".join((DOCS / page).read_text(encoding="utf-8").split()) for page in ("encoders.md", "training.md")
    }
    n, at_8, faint = MICROPHONES["esc10-yamnet"]["recordings"], remarked["8 kHz"], remarked["-40 dB"]
    assert (remarked["44.1 kHz"], at_8) == (0, n)
    assert f"Of {n} recordings of ESC-10 that `esc10-yamnet` was not trained on" in text["training.md"]
    of_copies = f"it warns of none as they are, of all copies at 8 kHz, and of {faint} copies that are 40 dB quieter"
    assert of_copies in text["training.md"]
    assert f"of all at 8 kHz and of {faint} of those 40 dB quieter" in text["encoders.md"]
    of_robust = {copy: n for copy, n in of_the_only_model(MICROPHONES["esc10"]["remarked"]).items() if n}
    assert of_robust == {"-40 dB": 5}
    assert "of 5 of those 40 dB quieter and of no others" in text["encoders.md"]


def test_simulated_false_alarm_rates_lie_between_3_and_7_percent() -> None:
    for name, world in FALSE_ALARMS["worlds"].items():
        for n_seeds, row in world["seeds"].items():
            for score, share in row["false_alarms"]["seeds and recordings"].items():
                assert 0.03 <= share <= 0.07, (name, n_seeds, score)


def test_the_table_of_published_systems_matches_the_cells() -> None:
    folder = DOCS.parent / "benchmarks" / "results" / "table3-esc10-fold4"
    rows = list(csv.DictReader((folder / "table.csv").open(encoding="utf-8")))
    told = (DOCS / "table3.md").read_text(encoding="utf-8").splitlines()
    for system in dict.fromkeys(row["system"] for row in rows):
        of_rule = {
            (row["rule"], row["operating_point"]): row
            for row in rows
            if row["system"] == system and row["split"] == "evaluation"
        }
        assert f"| {' | '.join(row_of_table3(of_rule))} |" in told


SECTIONS_OF_TABLE3 = {
    "McFee, Salamon and Bello 2018": {"mcfee-cnn": "", "mcfee-crnn": ""},
    "Kong, Xu, Wang and Plumbley 2020": {"kong-gru": "less than one pass", "kong-transformer": "less than one pass"},
    "Xu, Kong, Wang and Plumbley 2018 (Surrey)": {"surrey": "three passes"},
    "Wang, Li and Metze 2019": {"wang": "nine passes", "talnet": "two and a half"},
    "GCCaps (Iqbal, Xu, Kong and Wang 2018)": {"gccaps": "four and a half passes"},
    "CDur (Dinkel, Wu and Yu 2021)": {"cdur": ""},
    "Kong's attention (2018, ref. 3 of the paper)": {"attention-head": ""},
    "EMSI-like (after Lee, Lee, Han and Lee 2017)": {"emsi-like": "one pass"},
}
PASSES = {
    "less than one pass": (0.7, 0.95), "one pass": (0.9, 1.2), "two and a half": (2.4, 2.6), "three passes": (2.8, 3.2),
    "four and a half passes": (4.3, 4.7), "nine passes": (8.7, 9.2),
}  # fmt: skip


def test_the_reported_result_of_each_published_system_matches_the_table() -> None:
    text = (DOCS / "table3.md").read_text(encoding="utf-8")
    table = csv.DictReader((DOCS.parent / "benchmarks/results/table3-esc10-fold4/table.csv").open(encoding="utf-8"))
    rows = {
        row["system"]: row
        for row in table
        if (row["split"], row["rule"], row["operating_point"]) == ("evaluation", "common", "max_f1")
    }
    f1 = {system: float(row["f1"]) for system, row in rows.items()}
    for title, systems in SECTIONS_OF_TABLE3.items():
        section = " ".join(text.split(f"\n## {title}\n")[1].split("\n## ")[0].split())
        came_out = section.split("- Result: ")[1].split(" - Takeaway: ")[0]
        for system, passes in systems.items():
            spread = float(rows[system]["f1_high"]) - f1[system]
            assert f"{100 * f1[system]:.1f} ± {100 * spread:.1f}" in came_out
            assert passes in came_out
            low, high = PASSES.get(passes, (0, math.inf))
            assert low <= float(rows[system]["epochs"]) <= high
    assert f1["strong"] < f1["attention-head"] < f1["head-yamnet"]


def test_the_text_about_published_systems_matches_the_cells() -> None:
    folder = DOCS.parent / "benchmarks" / "results" / "table3-esc10-fold4"
    text = " ".join((DOCS / "table3.md").read_text(encoding="utf-8").split())
    cells = [Cell.model_validate_json(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("cells/*.json"))]
    rows = learning_of(cells)
    for minutes in rows[0].f1:
        first = max(rows, key=lambda row: row.f1[minutes].value if row.f1[minutes] else 0.0)
        assert first.system == "head-joined"
        assert f"(F1 {100 * first.f1[minutes].value:.1f} on `testing` at a rough threshold)" in text
    table = list(csv.DictReader((folder / "table.csv").open(encoding="utf-8")))
    common, chosen = (
        {row["system"]: row for row in table if (row["split"], row["rule"], row["operating_point"]) == part}
        for part in (("evaluation", "common", "max_f1"), ("evaluation", "chosen", "max_f1"))
    )
    behind = [100 * (float(one["head-yamnet"]["f1"]) - float(one["attention-head"]["f1"])) for one in (common, chosen)]
    assert f"by {behind[0]:.0f} points of F1 with one setting for all classes and by {behind[1]:.0f} with" in text
    without = {cell.bench.system for cell in cells if cell.bench and cell.front_end == "logmel"}
    alone = {name: float(row["f1"]) for name, row in common.items() if name in without}
    assert max(alone, key=alone.__getitem__) == "strong"
    assert (
        f"Of the {len(alone)} without an encoder, `strong` is the best, with an F1 of {100 * alone['strong']:.0f}."
        in text
    )
    ours = {"small", "small-single", "strong"}
    theirs = {name: f1 for name, f1 in alone.items() if name not in ours}
    assert max(theirs, key=theirs.__getitem__) == "cdur"
    assert f"CDur is the best ({100 * theirs['cdur']:.0f}), level with `small`," in text
    assert abs(theirs["cdur"] - alone["small"]) < 0.01
    passes = {name: float(common[name]["epochs"]) for name in (*ours, "cdur")}
    assert max(passes.values()) - passes["cdur"] < 2
    minutes_of = {name: float(row["train_s"]) / 60 for name, row in common.items()}
    assert minutes_of["head-joined"] < 2
    assert round(minutes_of["both"]) == 15
    own = {row["system"]: float(row["f1"]) for row in table if (row["split"], row["rule"]) == ("evaluation", "own")}
    of_cnn = [cell for cell in cells if cell.bench and cell.bench.system == "mcfee-cnn"]
    [median] = {cell.splits["evaluation"].post_processing_common["max_f1"].settings.median_s for cell in of_cnn}
    assert f"an F1 of {100 * own['mcfee-cnn']:.0f} by its own rule, without any smoothing" in text
    assert f"of {100 * alone['mcfee-cnn']:.0f} with a median filter of {median:.1f} s" in text
    frame_map = {
        row["system"]: float(row["frame_map"]) for row in table if row["split"] == "evaluation" and row["frame_map"]
    }
    assert f"(frame mAP {100 * frame_map['mcfee-cnn']:.0f})" in text
    of_gccaps = next(row for row in rows if row.system == "gccaps")
    learns = [100 * of_gccaps.f1[minutes].value for minutes in (5, 10, 15)]
    assert f"{learns[0]:.0f} after 5 minutes, {learns[1]:.0f} after 10 and {learns[2]:.0f} after 15" in text
    for name in ("gccaps", "surrey", "wang"):
        after = next(row for row in rows if row.system == name).f1
        assert after[15].value > after[10].value + 0.1
    assert f"own threshold of 0.6 is hardly ever reached, F1 {100 * own['gccaps']:.0f})" in text
    of_crnn = [cell for cell in cells if cell.bench and cell.bench.system == "mcfee-crnn"]
    assert {len(cell.bench.validations) for cell in of_crnn} == {11}
    earliest, latest = min(cell.best_epoch for cell in of_crnn), max(cell.best_epoch for cell in of_crnn)
    assert f"at its best after {earliest} to {latest} of eleven validations" in text
    large = ("paper", "kong-gru", "kong-transformer", "emsi-like", "talnet")
    times = sorted(float(common[name]["epochs"]) for name in large)
    assert f"see the training clips {times[0]:.1f} to {times[-1]:.1f} times" in text
    assert f"none of them reaches an F1 of {100 * max(alone[name] for name in large) + 1:.0f}" in text
    assert max(alone[name] for name in large) < min(alone[name] for name in alone.keys() - set(large))
    record = json.loads((folder / "table.json").read_text(encoding="utf-8"))
    primary = {
        one["system"]: one["differences"]["error_rate"]
        for one in record["comparisons"]
        if (one["rule"], one["split"], one["operating_point"]) == ("common", "evaluation", "min_er")
    }
    assert f"(ER against `small`; {len(primary)} comparisons, corrected by Holm's method)" in text
    [better] = [name for name, one in primary.items() if one["outcome"] == "better"]
    assert f"`{better}` is better; " in text
    sections = {
        "worse": text.split(f"`{better}` is better; ")[1].split(" are worse.")[0],
        "alone": text.split("without correction, the differences of ")[1].split(" would be significant, too")[0],
    }
    listed = {name: set(re.findall("`([^`]+)`", of)) for name, of in sections.items()}
    assert listed["worse"] == {name for name, one in primary.items() if one["outcome"] == "worse"}
    unclear = {name: one for name, one in primary.items() if one["outcome"] == "not distinguishable"}
    assert listed["alone"] == {name for name, one in unclear.items() if one["p"] < LEVEL}
    assert len(unclear) + len(listed["worse"]) + 1 == len(primary)
    spent: dict[str, list[float]] = {}
    for cell in cells:
        if cell.bench and cell.bench.validations[-1].steps == cell.training["steps"]:
            spent.setdefault(cell.bench.system, []).append(cell.bench.cpu_seconds)
    every, fastest = [one for each in spent.values() for one in each], {name: min(each) for name, each in spent.items()}
    assert f"took {min(every):.0f} to {max(every):,.0f} CPU seconds instead of 900" in text
    first, last = min(fastest, key=fastest.__getitem__), max(fastest, key=fastest.__getitem__)
    assert f"took {fastest[first]:.0f} (`{first}`) to {fastest[last]:.0f} (`{last}`)" in text
    assert f"by a factor of up to {fastest[last] / fastest[first]:.1f}" in text
    n_cells = len(set(record["systems"].values())) * len(record["seeds"])
    assert len(cells) == n_cells == 57


def row_of_table3(of_rule: dict[tuple[str, str], dict[str, str]]) -> list[str]:
    """Return the row of a system in docs/table3.md: scores on ``evaluation`` by rule, and costs."""

    def score(rule: str, point: str, name: str) -> str:
        row = of_rule.get((rule, point))
        if row is None or not row[name]:
            return "-"
        spread = (float(row[f"{name}_high"]) - float(row[name])) if row[f"{name}_high"] else None
        return str(told(float(row[name]), spread, percent=not name.endswith("_rate")))

    costs = next(iter(of_rule.values()))
    return [
        costs["title"],
        costs["seeds"],
        score("common", "min_er", "error_rate"),
        score("common", "max_f1", "f1"),
        score("chosen", "max_f1", "f1"),
        score("own", "", "f1"),
        *(score("threshold_free", "", name) for name in ("tagging_f1", "clip_map", "frame_map", "psds1")),
        f"{float(costs['train_s']) / 60:.1f}",
        f"{float(costs['hour_s']):.0f}",
    ]
