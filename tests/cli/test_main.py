import json
import os
import re
import shlex
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import click
import pytest
from builders import GARDEN, garden, tiny_mixtures, write_tone
from click.testing import CliRunner, Result
from sedpipe.cli.help import COMMANDS, OPTIONS
from sedpipe.cli.main import main
from sedpipe.cli.options import EXIT_RETRYABLE
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.manifests.load import manifest_names
from sedpipe.io.models.checkpoints import write_model
from sedpipe.nn.networks.registry import NETWORKS
from sedpipe.nn.pooling import POOLING_FUNCTIONS
from sedpipe.reports.data import DownloadReport
from sedpipe.reports.tables import ReproduceReport
from sedpipe.shards import Shard
from sedpipe.sources.access import FetchOptions
from sedpipe.stages.download import DownloadOptions
from sedpipe.stages.reproduce.entrants import Budget
from sedpipe.steps.tally import Tally
from sedpipe.steps.work import Work
from tiny_dataset import make_dataset, untrained_model

VERBS = sorted(
    f"{name} {below}".strip()
    for name, command in main.commands.items()
    for below in (command.commands if isinstance(command, click.Group) else [""])
)


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def sedpipe(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def complaint(*arguments: str) -> str:
    """Return the error of a failing command: one sentence and a hint on stderr, nothing on stdout, no traceback."""
    outcome = sedpipe(*arguments)
    assert outcome.exit_code == 1, outcome.output
    assert outcome.stdout == ""
    said = re.sub(r"^--preset .*\n", "", outcome.stderr)  # the preset chosen automatically, printed first
    assert said.startswith("Error: ")
    assert "Traceback" not in outcome.stderr
    assert isinstance(outcome.exception, SystemExit)
    return outcome.stderr


@pytest.mark.parametrize("verb", VERBS)
def test_every_command_has_help_that_explains_its_options(verb: str) -> None:
    outcome = sedpipe(*verb.split(), "--help")
    assert outcome.exit_code == 0
    assert "--cache" in outcome.output
    command = main
    for name in verb.split():
        command = command.commands[name]
    assert command.help
    assert all(option.help for option in command.params if isinstance(option, click.Option))


def test_without_a_command_coloured_help_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    outcome = CliRunner().invoke(main, [], color=True, prog_name="sedpipe")
    assert "Your recordings" in outcome.output
    assert "\x1b[" in outcome.output
    assert "\\x1b" not in outcome.output  # an escape sequence printed as text


def test_help_loads_neither_torch_nor_numpy() -> None:
    call = "from sedpipe.cli import main\nmain(['--help'], standalone_mode=False)"
    code = f"import sys\n{call}\nprint({{'torch', 'numpy'}} & {{*sys.modules}})"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.splitlines()[-1] == "set()"


def test_stages_that_read_stored_results_load_neither_torch_nor_scipy_signal() -> None:
    code = "import sys\nimport sedpipe.stages.report, sedpipe.stages.score, sedpipe.stages.status\n"
    code += "import sedpipe.stages.encoders\n"
    code += "print({'torch', 'scipy.signal', 'scipy.stats'} & {*sys.modules})"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.splitlines()[-1] == "set()"


def test_an_unknown_dataset_gives_a_suggestion() -> None:
    said = complaint("download", "esc10-fold")
    assert "'esc10-fold' is not one of" in said
    assert "did you mean 'esc10-fold4'?" in said
    assert all(name in said for name in manifest_names())


def test_an_unknown_toml_key_gives_a_suggestion() -> None:
    Path("typo.toml").write_text(GARDEN.replace("strong =", "srong ="))
    said = complaint("download", "typo.toml")
    assert "typo.toml" in said
    assert "splits.testing.srong: unknown key" in said
    assert "did you mean 'strong'?" in said


def test_a_misspelt_label_is_reported_with_file_and_line(tmp_path: Path) -> None:
    garden(tmp_path, GARDEN)
    text = Path("training.tsv").read_text().replace("3.wav\tBlackbird", "3.wav\tBlackbrid")
    Path("training.tsv").write_text(text)
    assert "training.tsv:5: label 'Blackbrid' is not one of the 2 classes (did you mean 'Blackbird'?)" in complaint(
        "download", "garden.toml"
    )


def test_a_malformed_row_is_reported_with_file_line_and_value(tmp_path: Path) -> None:
    garden(tmp_path, GARDEN)
    Path("testing-events.tsv").write_text("filename\tonset\toffset\tevent_label\n5.wav\t1.0\tx2\tBlackbird\n")
    said = complaint("download", "garden.toml")
    assert "testing-events.tsv:2:" in said
    assert "'x2'" in said


def test_unusable_recordings_are_reported_and_do_not_stop_the_others(tmp_path: Path) -> None:
    garden(tmp_path, GARDEN)
    Path("recordings/1.wav").write_text("this is not audio")
    Path("recordings/2.wav").write_bytes(b"")
    Path("recordings/3.wav").unlink()
    outcome = sedpipe("download", "garden.toml", "--json", "--quiet")
    assert outcome.exit_code == EXIT_RETRYABLE
    counts = json.loads(outcome.stdout)["splits"]["training"]
    assert (counts["listed"], counts["ok"], counts["gone"]) == (5, 2, 0)  # "gone" is only for recordings from the web
    assert sedpipe("status", "garden", "--export", "clips.tsv").exit_code == 0
    problems = Path("clips.tsv").read_text()
    assert "1.wav: cannot be decoded as audio" in problems
    assert "2.wav: the file is empty (0 bytes)" in problems
    assert "3.wav: " in problems


@pytest.mark.parametrize("verb", ["features", "train", "score"])
def test_a_stage_run_before_download_names_the_download_command(verb: str) -> None:
    assert "run `sedpipe download demo` first" in complaint(verb, "demo")


def test_train_and_score_name_the_missing_stage(tmp_path: Path) -> None:
    manifest = str(tiny_mixtures(tmp_path, "tiny", 4, 2))
    assert sedpipe("download", manifest, "--quiet").exit_code == 0
    assert f"run `sedpipe features {manifest}` first" in complaint("train", manifest)
    assert f"run `sedpipe train {manifest}` first" in complaint("score", manifest)


def test_an_unwritable_cache_gives_a_one_line_error(tmp_path: Path) -> None:
    Path("occupied").write_text("a file where a folder should be")
    said = complaint("download", str(tiny_mixtures(tmp_path, "tiny")), "--cache", "occupied/below")
    assert "cannot write" in said
    assert "--cache" in said


def test_an_operating_system_error_gives_a_one_line_error() -> None:
    said = complaint("predict", "x" * 400, "--model", "esc10")
    assert "File name too long" in said


@pytest.mark.parametrize("words", [("init", "recordings", "\x1b[2J"), ("\x1b[2J",), ("--\x1b[2J",)])
def test_usage_errors_contain_no_control_characters(words: tuple[str, ...]) -> None:
    outcome = sedpipe(*words)
    assert outcome.exit_code == 2
    assert "\x1b" not in outcome.output
    assert "x1b[2J" in outcome.output


def test_an_invalid_option_value_or_command_exits_with_2() -> None:
    assert sedpipe("train", "demo", "--pooling", "median").exit_code == 2
    assert sedpipe("train", "demo", "--hierarchy", "five").exit_code == 2
    assert sedpipe("wash").exit_code == 2


def test_help_lists_all_pooling_functions_and_networks() -> None:
    said = " ".join(sedpipe("train", "--help").output.split())
    assert f"Pooling function: {', '.join(POOLING_FUNCTIONS)}." in said
    assert f"{', '.join(NETWORKS)}: another network" in said
    assert "expected one of max, average," in sedpipe("reproduce", "table2", "--poolings", "linear,median").output
    assert sedpipe("reproduce", "table2", "--poolings", "linear,median").exit_code == 2


def test_a_table_with_a_failed_cell_exits_with_3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, object] = {}

    def make(dataset: Dataset, *given: object, **options: object) -> ReproduceReport:
        asked.update(options, points=given[2])
        return ReproduceReport(dataset.name, "table2", {"all": 2, "made": 1, "missing": 1}, "there", {"a": "no memory"})

    monkeypatch.setattr("sedpipe.stages.reproduce.table2.reproduce_table2", make)
    make_dataset(Path("cache"))
    outcome = sedpipe("reproduce", "table2", "tiny", "--poolings", "auto,linear,auto", "--jobs", "2")
    assert outcome.exit_code == 3
    assert outcome.output.splitlines() == [
        "table2 on tiny: 1 of 2 cells, 1 new", "failed: a: no memory", "there/table.md"
    ]  # fmt: skip
    assert list(dict.fromkeys(point.pooling for point in asked["points"])) == ["auto", "linear"]
    assert asked["work"] == Work(2)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("table3", "tiny", "--preset", "small"), "--preset does not apply to table3: leave it out"),
        (("table2", "tiny", "--minutes", "5"), "--minutes does not apply to table2"),
        (("table3", "tiny", "--minutes", "5", "--epochs", "2"), "--minutes and --epochs cannot be combined"),
        (("table3", "tiny", "--systems", "small,wang", "--baseline", "surrey"), "expected one of small, wang"),
        (("table3", "tiny", "--draw"), "--draw draws table3 from the cells in --out DIR"),
    ],
)
def test_options_that_do_not_apply_to_a_table_are_usage_errors(words: tuple[str, ...], said: str) -> None:
    make_dataset(Path("cache"))
    outcome = sedpipe("reproduce", *words)
    assert outcome.exit_code == 2
    assert said in " ".join(outcome.output.split())


def test_systems_seeds_and_budget_reach_table3(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, object] = {}

    def make(dataset: Dataset, *given: object, **options: object) -> ReproduceReport:
        asked.update(options, given=given)
        return ReproduceReport(dataset.name, "table3", {"all": 4, "made": 4, "missing": 0}, "there")

    monkeypatch.setattr("sedpipe.stages.reproduce.table3.reproduce_table3", make)
    make_dataset(Path("cache"))
    assert sedpipe("reproduce", "table3", "tiny", "--systems", "wang,small", "--seeds", "3,4").exit_code == 0
    systems, seeds, budget = asked["given"]
    assert ([system.name for system in systems], seeds, budget) == (["wang", "small"], (3, 4), Budget(15.0))
    assert asked["baseline"] == "small"
    assert sedpipe("reproduce", "table3", "tiny", "--systems", "wang", "--epochs", "2").exit_code == 0
    assert (asked["given"][2], asked["baseline"]) == (Budget(None, 2), "wang")


def test_a_misspelt_network_gives_a_suggestion(tmp_path: Path) -> None:
    make_dataset(tmp_path / "cache")
    said = complaint("train", "tiny", "--cache", str(tmp_path / "cache"), "--preset", "small", "--network", "haed")
    assert f"--network.name: network 'haed' is not one of {', '.join(NETWORKS)} (did you mean 'head'?)" in said


def test_a_hierarchy_that_does_not_fit_the_frames_is_refused(tmp_path: Path) -> None:
    manifest = str(tiny_mixtures(tmp_path, "tiny", 4, 2))
    sedpipe("download", manifest, "--quiet")
    sedpipe("features", manifest, "--quiet")
    said = complaint("train", manifest, "--preset", "small", "--hierarchy", "50,5")
    assert "hierarchy 50,5 does not fit 125 frames: stage 2 would group 5 of 3; 50 fits" in said


def test_with_json_every_stage_prints_a_single_object(tmp_path: Path) -> None:
    manifest = str(tiny_mixtures(tmp_path, "tiny", 4, 2))
    keys = {
        "download": {"stage", "dataset", "splits", "seconds"},
        "features": {"stage", "dataset", "fingerprint", "splits", "seconds", "clips_per_second"},
        "train": {"stage", "dataset", "run", "run_dir", "parameters", "epochs", "best_epoch", "validation_loss",
                  "stopped", "seconds", "clips_per_second"},
        "score": {"stage", "dataset", "run", "split", "clips", "operating_point", "segment_based", "operating_points",
                  "event_based", "clip_based", "per_class", "estimated"},
        "status": {"dataset", "stages", "next"},
    }  # fmt: skip
    short = {"train": ["--preset", "demo", "--epochs", "1", "--batch-size", "4"]}
    for verb, expected in keys.items():
        outcome = sedpipe(verb, manifest, "--json", *short.get(verb, []))
        assert outcome.exit_code == 0, outcome.output
        assert expected <= json.loads(outcome.stdout).keys(), verb


@pytest.fixture
def model() -> str:
    """A run of an untrained network, and two recordings for prediction."""
    write_model(Path("run/checkpoint.pt"), untrained_model())
    write_tone(Path("in/a.wav"), 5.0, 300.0)
    write_tone(Path("in/b.wav"), 7.0, 100.0)
    return "run"


def test_predict_prints_events_as_a_list(model: str) -> None:
    outcome = sedpipe("predict", "in/a.wav", "--model", model, "--threshold", "0")
    assert outcome.exit_code == 0, outcome.output
    header, *rows = outcome.stdout.splitlines()
    assert header == "filename\tonset\toffset\tevent_label"
    assert {tuple(row.split("\t")[:3]) for row in rows} == {("a.wav", "0.000", "5.000")}
    csv = sedpipe("predict", "in", "--model", model, "--threshold", "0", "--format", "csv")
    assert {row.split(",")[0] for row in csv.stdout.splitlines()} == {"filename", "a.wav", "b.wav"}


def test_predict_reads_paths_from_stdin_and_tells_equal_names_apart_by_folder(model: str) -> None:
    write_tone(Path("in/night/a.wav"), 6.0, 300.0)
    outcome = CliRunner().invoke(
        main, ["predict", "-", "--model", model, "--threshold", "0"], input="in/a.wav\nin/night/a.wav\n"
    )
    assert outcome.exit_code == 0, outcome.output
    assert {row.split("\t")[0] for row in outcome.stdout.splitlines()[1:]} == {"a.wav", "night/a.wav"}
    assert "stdin names no recording" in complaint("predict", "-", "--model", model)


def test_short_options_equal_the_long_ones(model: str) -> None:
    long = sedpipe("predict", "in", "--model", model, "--format", "csv", "--jobs", "1", "--quiet")
    assert sedpipe("predict", "in", "-m", model, "-f", "csv", "-j", "1", "-q").stdout == long.stdout


def test_open_opens_the_page_or_prints_its_path_without_a_browser(model: str, monkeypatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("rich_click.launch", lambda url: opened.append(url) or len(opened) - 1)
    pages = ("predict", "in", "--model", model, "--out", "pages", "--format", "html", "--open")
    assert sedpipe(*pages).exit_code == 0
    assert opened == [str(Path("pages/a.wav.html").resolve())]
    assert "open pages/a.wav.html" in sedpipe(*pages).stderr
    outcome = sedpipe("predict", "in/a.wav", "--model", model, "--open")
    assert outcome.exit_code == 2
    assert "--format html" in outcome.stderr


def test_listen_prints_its_address_and_opens_it_unless_told_not_to(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("rich_click.launch", lambda url: opened.append(url) or 0)
    monkeypatch.setattr("sedpipe.serving.server.Server.run", lambda _: None)
    outcome = sedpipe("listen", "in", "--model", model)
    assert outcome.exit_code == 0, outcome.output
    address = outcome.stdout.removeprefix("in: ").strip()
    assert opened == [address]
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/[\w-]{32,}/", address)
    report = json.loads(sedpipe("listen", "in", "--model", model, "--json").stdout)
    assert report["address"].startswith("http://127.0.0.1:")
    there = sedpipe("listen", "in", "--model", model, "--no-open")
    assert (there.exit_code, "does not exist yet" in there.stderr) == (0, False)
    assert len(opened) == 1
    mistyped = sedpipe("listen", "inn", "--model", model, "--no-open")
    assert (mistyped.exit_code, "inn does not exist yet" in mistyped.stderr) == (0, True)
    assert not Path("inn").exists()
    assert "expected the folder of a run or of an export, or esc10" in complaint("listen", "in", "--model", "nowhere")


def test_listen_uses_the_newest_run_of_a_dataset_or_else_the_bundled_model(
    model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard_by: list[str] = []
    monkeypatch.setattr("sedpipe.serving.server.Server.run", lambda _: None)
    monkeypatch.setattr("sedpipe.serving.ear.Ear.__init__", lambda _, opened, __: heard_by.append(opened.folder.name))
    write_model(Path("cache/garden/runs/mine/checkpoint.pt"), untrained_model())
    Path("cache/garden/dataset.json").touch()
    assert "model: " not in sedpipe("listen", "in", "--dataset", "garden", "--no-open").stderr
    assert "model: esc10, which knows: " in sedpipe("listen", "in", "--no-open").stderr
    assert heard_by == ["mine", "esc10"]


def test_predict_with_json_prints_a_report_and_out_writes_a_file_per_recording(model: str) -> None:
    outcome = sedpipe("predict", "in", "--model", model, "--json")
    report = json.loads(outcome.stdout)
    assert (report["stage"], report["model"]) == ("predict", "run")
    assert [(file["path"], file["duration"]) for file in report["files"]] == [("in/a.wav", 5.0), ("in/b.wav", 7.0)]
    arguments = ("predict", "in", "--model", model, "--out", "out", "--format", "audacity")
    assert "2 recordings (2 ok), 12 s" in sedpipe(*arguments).stdout
    assert "2 recordings (2 kept), 12 s" in sedpipe(*arguments).stdout
    written = sorted(path.name for path in Path("out").iterdir() if not path.name.startswith("."))  # locks are hidden
    assert written == ["a.wav.txt", "b.wav.txt", "predictions.jsonl"]


def test_predict_exits_with_3_if_some_recordings_fail_and_with_1_if_all_do(model: str) -> None:
    Path("in/bad.wav").write_text("this is not audio")
    Path("in/notes.txt").touch()
    outcome = sedpipe("predict", "in", "--model", model)
    assert outcome.exit_code == EXIT_RETRYABLE
    assert outcome.stdout.count("\n") > 2
    assert "left out: 1 no audio (.txt)" in outcome.stderr
    assert "failed: in/bad.wav: cannot be decoded as audio" in outcome.stderr
    outcome = sedpipe("predict", "in/bad.wav", "gone.wav", "--model", model, "--json")
    assert outcome.exit_code == 1
    assert [file["state"] for file in json.loads(outcome.stdout)["files"]] == ["failed", "failed"]
    assert "failed: gone.wav: No such file or directory" in outcome.stderr


def test_audacity_labels_of_several_recordings_need_an_output_folder(model: str) -> None:
    assert "name a folder with --out" in complaint("predict", "in", "--model", model, "--format", "audacity")


def test_a_missing_model_error_says_what_is_expected() -> None:
    Path("a.wav").touch()
    expected = "the model nowhere does not exist; expected the folder of a run or of an export, or esc10"
    assert expected in complaint("predict", "a.wav", "--model", "nowhere")
    assert expected in complaint("export", "nowhere")


def test_a_missing_recording_is_reported_before_a_missing_model() -> None:
    Path("street.wav").touch()
    for wanted in ((), ("--model", "nowhere"), ("--dataset", "nowhere")):
        told = complaint("predict", "stret.wav", *wanted)
        assert "stret.wav: no such file or folder (did you mean 'street.wav'?)" in told


def test_predict_uses_the_bundled_model_by_default_whatever_runs_exist(model: str) -> None:
    told = "model: esc10, which knows: "
    alone = sedpipe("predict", "in/a.wav")
    assert alone.exit_code == 0, alone.output
    (line,) = alone.stderr.splitlines()
    assert line.startswith(f"{told}Dog bark") or told in line
    assert line.endswith("; another one with --model")
    write_model(Path("cache/garden/runs/mine/checkpoint.pt"), untrained_model())
    beside = sedpipe("predict", "in/a.wav")
    assert beside.stdout == alone.stdout
    assert beside.stderr.strip() == f"{line} (your newest run, mine: --dataset garden)"
    assert told not in sedpipe("predict", "in/a.wav", "--model", model).stderr
    assert sedpipe("predict", "in/a.wav", "--quiet").stderr == ""


def test_export_writes_a_folder_that_predict_reads(model: str) -> None:
    outcome = sedpipe("export", model)
    assert outcome.stdout.splitlines() == ["run/export/model.safetensors", "run/export/config.json"]
    of_run = sedpipe("predict", "in", "--model", model)
    assert sedpipe("predict", "in", "--model", "run/export").stdout == of_run.stdout
    assert "is the folder of the model itself" in complaint("export", model, "--out", model)
    assert json.loads(sedpipe("export", model, "--json").stdout)["stage"] == "export"


def test_with_json_an_error_is_an_object() -> None:
    outcome = sedpipe("score", "demo", "--json")
    assert outcome.exit_code == 1
    assert json.loads(outcome.stdout) == {
        "error": {
            "type": "MissingStageError",
            "message": "demo is not in cache yet",
            "hint": "run `sedpipe download demo` first",
        }
    }


def test_retryable_clips_make_download_exit_with_3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sedpipe.stages import download

    counts = {"training": Tally(listed=2, ok=1, gone=0, blocked=0, retryable=1, pending=0, reasons={})}
    monkeypatch.setattr(download, "download", lambda *_, **__: DownloadReport("tiny", counts, 0.0))
    assert sedpipe("download", str(tiny_mixtures(tmp_path, "tiny"))).exit_code == EXIT_RETRYABLE


@pytest.mark.parametrize(
    ("words", "options"),
    [
        ("", DownloadOptions()),
        ("--retry gone --retry blocked", DownloadOptions(retry=("gone", "blocked"))),
        ("--limit 0 --shard 2/8", DownloadOptions(limit=0, shard=Shard(2, 8))),
        ("--workers 4 --sleep 0.5", DownloadOptions(network=FetchOptions(workers=4, spacing_s=0.5))),
        ("--cookies jar.txt", DownloadOptions(network=FetchOptions(cookies=Path("jar.txt")))),
        ("--cookies-from-browser firefox", DownloadOptions(network=FetchOptions(cookies_from_browser="firefox"))),
        ("--proxy socks5://127.0.0.1:1", DownloadOptions(network=FetchOptions(proxy="socks5://127.0.0.1:1"))),
        ("--rate-limit 500K", DownloadOptions(network=FetchOptions(rate_limit=500 * 1024))),
        ("--rate-limit 1.5M", DownloadOptions(network=FetchOptions(rate_limit=3 * 512 * 1024))),
    ],
)
def test_download_options_reach_the_stage(
    words: str, options: DownloadOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sedpipe.stages import download

    heard: list[DownloadOptions] = []

    def listen(*_: object, options: DownloadOptions, **__: object) -> download.DownloadReport:
        heard.append(options)
        return download.DownloadReport("tiny", {}, 0.0)

    Path("jar.txt").touch()
    monkeypatch.setattr(download, "download", listen)
    assert sedpipe("download", "dcase2017-task4", *words.split()).exit_code == 0
    assert heard == [options]


@pytest.mark.parametrize(
    "words", ["--shard 3/2", "--shard x", "--limit -1", "--rate-limit fast", "--retry ok", "--cookies none.txt"]
)
def test_an_invalid_download_option_is_a_usage_error(words: str, tmp_path: Path) -> None:
    assert sedpipe("download", str(tiny_mixtures(tmp_path, "tiny")), *words.split()).exit_code == 2


def test_status_exports_clips_and_prints_classes(tmp_path: Path) -> None:
    dataset = str(tiny_mixtures(tmp_path, "tiny"))
    assert sedpipe("download", dataset, "--quiet").exit_code == 0
    outcome = sedpipe("status", dataset, "--export", "clips.tsv", "--classes")
    assert outcome.exit_code == 0
    header, *rows = Path("clips.tsv").read_text().splitlines()
    assert header.split("\t")[:4] == ["split", "clip_id", "state", "reason"]
    assert {row.split("\t")[2] for row in rows} == {"ok"}
    assert f"clips.tsv: {len(rows)} clips" in outcome.stderr
    assert " of " in outcome.stdout


def test_the_installed_command_prints_help_without_hanging() -> None:
    command = Path(sys.executable).parent / "sedpipe"
    if not command.exists():
        pytest.skip("sedpipe is not installed in this environment")
    environment = {**os.environ, "COLUMNS": "100"}
    started = time.monotonic()
    printed = subprocess.run([command, "--help"], capture_output=True, text=True, check=True, env=environment).stdout
    assert all(verb in printed for verb in main.commands)
    assert time.monotonic() - started < 60  # detects a hang; speed is measured in benchmarks/


def test_the_installed_package_matches_this_checkout(tmp_path: Path) -> None:
    code = "import sedpipe.cli.main as cli, sedpipe; print(cli.__file__); print(sedpipe.__file__)"
    outcome = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False)
    if outcome.returncode:
        pytest.skip("sedpipe is not installed in this environment")
    root = Path(__file__).parents[2] / "pipeline" / "sedpipe"
    for installed, own in zip(outcome.stdout.split("\n"), ("cli/main.py", "__init__.py"), strict=False):
        assert Path(installed).read_bytes() == (root / own).read_bytes()


def test_a_recording_longer_than_a_clip_is_refused_with_the_alternatives(tmp_path: Path) -> None:
    garden(tmp_path, GARDEN)
    write_tone(Path("recordings/4.wav"), 12.5, 100.0)
    assert sedpipe("download", "garden.toml", "--quiet").exit_code == EXIT_RETRYABLE
    sedpipe("status", "garden", "--export", "clips.tsv")
    told = Path("clips.tsv").read_text()
    assert "12.5 s" in told
    assert 'long = "inherit"' in told
    assert "clip_s" in told


def test_features_explain_and_train_accept_the_same_feature_options(tmp_path: Path) -> None:
    manifest = str(tiny_mixtures(tmp_path, "tiny", 4, 2))
    Path("mine.toml").write_text("n_frames = 400\n")
    options = ["--front-end", "mine.toml", "--n-mels", "40"]
    sedpipe("download", manifest, "--quiet")
    sedpipe("features", manifest, "--quiet")
    told = sedpipe("features", manifest, "--explain", *options)
    assert "training: 4 clips, 4 to compute, 0 stored" in told.stdout
    assert "has n_frames 500, not 400, n_mels 80, not 40" in told.stdout
    made = json.loads(sedpipe("features", manifest, "--quiet", "--json", *options).stdout)
    assert made["splits"]["training"] == {"clips": 4, "computed": 4, "reused": 0, "failed": 0, "damaged": 0}
    short = ["--preset", "demo", "--epochs", "1", "--batch-size", "4", "--run", "few", "--quiet", "--json"]
    trained = sedpipe("train", manifest, *short, *options)
    assert trained.exit_code == 0, trained.output
    assert sedpipe("score", manifest, "--run", "few", "--split", "testing", "--json").exit_code == 0
    again = json.loads(sedpipe("features", manifest, "--quiet", "--json").stdout)
    assert again["splits"]["training"]["reused"] == 4


def test_quiet_still_reports_what_was_left_out_or_failed(tmp_path: Path) -> None:
    garden(tmp_path, GARDEN)
    write_tone(Path("recordings/unlisted.wav"), 4.0, 100.0)
    write_tone(Path("recordings/0.wav"), 12.5, 100.0)
    loud = sedpipe("download", "garden.toml", "--cache", "loud")
    outcome = sedpipe("download", "garden.toml", "--quiet", "--json")
    assert outcome.exit_code == EXIT_RETRYABLE
    assert json.loads(outcome.stdout)["splits"]["training"]["retryable"] == 1
    assert outcome.stderr.splitlines() == loud.stderr.splitlines() != []
    assert "unlisted.wav" in outcome.stderr
    assert "1 recording longer than 10 s refused" in outcome.stderr
    Path("cache/garden/audio/training/1.flac").write_bytes(b"no FLAC")
    outcome = sedpipe("features", "garden.toml", "--quiet", "--json")
    assert re.fullmatch(r"training: 1 failed: .*\n", outcome.stderr)
    train = ("train", "garden.toml", "--preset", "demo", "--epochs", "1", "--batch-size", "4", "--threads", "1")
    assert "epoch 1" in sedpipe(*train).stderr
    told = sedpipe(*train, "--seed", "1", "--quiet").stderr
    assert "epoch 1" not in told
    assert "--preset" not in told


@pytest.mark.parametrize(("n_damaged", "code"), [(1, EXIT_RETRYABLE), (3, 1)])
def test_features_exits_with_3_if_some_clips_fail_and_with_1_if_all_do(
    n_damaged: int, code: int, tmp_path: Path
) -> None:
    manifest = str(tiny_mixtures(tmp_path, "tiny", 1, 1))
    sedpipe("download", manifest, "--quiet")
    audio = sorted(Path("cache/tiny/audio").rglob("*.flac"))
    assert len(audio) == 3
    before = [path.read_bytes() for path in audio[:n_damaged]]
    for path in audio[:n_damaged]:
        path.write_bytes(b"no FLAC")
    assert sedpipe("features", manifest, "--quiet").exit_code == code
    assert sedpipe("features", manifest, "--quiet", "--json").exit_code == code  # retried, and failed again
    for path, content in zip(audio, before, strict=False):
        path.write_bytes(content)
    assert sedpipe("features", manifest, "--quiet").exit_code == 0


def test_a_shard_reports_clips_that_other_shards_have_not_computed(tmp_path: Path) -> None:
    manifest = str(tiny_mixtures(tmp_path, "tiny", 6, 3))
    sedpipe("download", manifest, "--quiet")
    assert "clips of other parts not computed yet" in sedpipe("features", manifest, "--shard", "1/2").stdout
    assert "not computed yet" not in sedpipe("features", manifest, "--shard", "2/2").stdout


def test_backend_dask_and_scheduler_must_be_given_together() -> None:
    for options in (["--backend", "dask"], ["--scheduler", "tcp://127.0.0.1:1"]):
        outcome = sedpipe("features", "demo", *options)
        assert outcome.exit_code == 2
        assert "--backend dask and --scheduler ADDRESS go together" in outcome.stderr


def test_cache_prune_asks_before_it_deletes(tmp_path: Path) -> None:
    manifest = str(tiny_mixtures(tmp_path, "tiny", 4, 2))
    sedpipe("download", manifest, "--quiet")
    sedpipe("features", manifest, "--quiet")
    [name] = [line.split()[3] for line in sedpipe("cache", "list").stdout.splitlines() if "/features/" in line]
    assert "n_mels 80" in sedpipe("cache", "list", "tiny").stdout
    ask = partial(CliRunner().invoke, main, ["cache", "prune", name])
    assert "0 B freed" in ask(input="n\n").stdout
    assert (Path("cache") / name).exists()
    assert ask(input="").exit_code == 1  # nobody to answer
    assert (Path("cache") / name).exists()
    outcome = ask(input="y\n")
    assert f"freed {name}" in outcome.stdout
    assert "Free all of these?" in outcome.stderr
    assert not (Path("cache") / name).exists()
    report = json.loads(sedpipe("cache", "prune", "--kind", "audio", "--yes", "--json").stdout)
    assert len(report["freed"]) == 3
    assert "nothing was named to delete" in complaint("cache", "prune")
    assert "run `sedpipe download tiny --cache " in complaint("features", "tiny")


@pytest.mark.parametrize("arguments", [("figure5",), ("table2", "--clip", "a")])
def test_clip_is_required_for_figure5_and_refused_for_tables(arguments: tuple[str, ...]) -> None:
    table, *options = arguments
    outcome = sedpipe("reproduce", table, "demo", *options)
    assert outcome.exit_code == 2
    assert "figure5 and --clip go together" in outcome.stderr


def test_figure5_of_a_missing_dataset_names_the_download_command() -> None:
    said = complaint("reproduce", "figure5", "esc10-fold4", "--clip", "testing-00000", "--preset", "small")
    assert "run `sedpipe download esc10-fold4` first" in said


def test_figure5_without_runs_names_the_table2_command_with_the_same_options(tmp_path: Path) -> None:
    make_dataset(Path("cache"))
    preset = tmp_path / "own preset" / "own.toml"
    preset.parent.mkdir()
    preset.write_text("[network]\nmaps = [4]\npools = [[2, 4]]\nconv_maps = 8\ngru_units = 4\n")
    given = ("--preset", str(preset), "--poolings", "max,linear", "--epochs", "3", "--n-mels", "16", "--device", "cpu")
    said = complaint("reproduce", "figure5", "tiny", "--clip", "testing-00001", "--seed", "4", *given)
    [printed] = re.findall(r"run `sedpipe ([^`]+)` first", " ".join(said.split()))
    words = shlex.split(printed)
    assert words[:3] == ["reproduce", "table2", "tiny"]
    context = main.commands["reproduce"].make_context("reproduce", words[1:])
    asked = {name: context.params[name] for name in ("preset", "poolings", "epochs", "n_mels", "device", "seeds")}
    assert asked == {"preset": str(preset), "poolings": ("max", "linear"), "epochs": 3, "n_mels": 16, "device": "cpu",
                     "seeds": (4,)}  # fmt: skip


@pytest.mark.parametrize("name", sorted(OPTIONS))
def test_every_option_belongs_to_a_help_group(name: str) -> None:
    grouped = {option for group in OPTIONS[name] for option in group["options"]}
    ungrouped = {
        option.opts[0]
        for option in main.commands[name].params
        if isinstance(option, click.Option) and not grouped & {*option.opts}
    }
    assert ungrouped <= {"--cache", "--json", "--quiet"}


def test_every_command_belongs_to_a_help_group_and_has_examples() -> None:
    assert set(main.commands) <= {name for group in COMMANDS for name in group["commands"]}
    for name, command in main.commands.items():
        assert isinstance(command, click.Group) or f"sedpipe {name}" in (command.epilog or ""), name


def test_download_without_a_dataset_prints_an_estimate_and_asks_at_a_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sedpipe.stages import download
    from sedpipe.steps import expectation

    begun: list[str] = []

    def begin(manifest, *_, **__):
        begun.append(manifest.name)
        return download.DownloadReport(manifest.name, {}, 0.0)

    monkeypatch.setattr(download, "download", begin)
    asked = sedpipe("download")  # no terminal: nobody can be asked
    assert "dcase2017-task4: 52,763 clips from YouTube, about 7 days as a guest and 30.6 GB" in asked.stderr
    assert begun == ["dcase2017-task4"]
    with monkeypatch.context() as nearly_done:
        nearly_done.setattr(expectation, "expectation", lambda *_: expectation.Expectation(200, 0.67, 116_000_000))
        assert "200 clips from YouTube, about 40 min 12 s as a guest and 116.0 MB" in sedpipe("download").stderr
        begun.pop()
    with monkeypatch.context() as at_a_terminal:
        at_a_terminal.setattr(click.testing._NamedTextIOWrapper, "isatty", lambda _: True, raising=False)
        refused = CliRunner().invoke(main, ["download"], input="n\n")
        assert (refused.exit_code, begun) == (0, ["dcase2017-task4"])
        CliRunner().invoke(main, ["download"], input="y\n")
        CliRunner().invoke(main, ["download", "--yes"])
    assert begun == ["dcase2017-task4"] * 3
    assert "days as a guest" not in sedpipe("download", "dcase2017-task4").stderr


def test_the_cache_can_be_set_by_an_environment_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEDPIPE_CACHE", str(tmp_path / "elsewhere"))
    assert "demo is not in" in complaint("features", "demo")
    assert "elsewhere" in complaint("features", "demo")
