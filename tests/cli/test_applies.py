"""Options that would be ignored are refused, whatever the command; those that apply are accepted."""

import json
from pathlib import Path

import pytest
from builders import GARDEN, garden, tiny_mixtures
from click.testing import CliRunner
from sedpipe.cli.main import main
from sedpipe.io.models.exports import write_export
from tiny_dataset import make_dataset, untrained_model

NETWORK = ("--workers 1", "--sleep 1", "--cookies cookies.txt", "--cookies-from-browser firefox",
           "--proxy socks5://127.0.0.1:1", "--rate-limit 1M")  # fmt: skip


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("cookies.txt").write_text("")


def said(words: str) -> tuple[int, str]:
    outcome = CliRunner().invoke(main, words.split())
    return outcome.exit_code, " ".join(outcome.output.replace("│", " ").split())


def refused(words: str) -> str:
    """Return the output of a command that is refused and changes no files."""
    before = sorted(Path().rglob("*"))
    code, output = said(words)
    assert code == 2, output
    assert sorted(Path().rglob("*")) == before
    return output


def test_from_is_refused_for_datasets_whose_recordings_are_not_fetched(tmp_path: Path) -> None:
    garden(tmp_path, GARDEN)
    what = "--from does not apply to {}, only to datasets whose recordings are fetched: leave it out"
    assert what.format("garden.toml") in refused("download garden.toml --from elsewhere")
    assert what.format("demo") in refused("download demo --from elsewhere")
    assert "elsewhere" in said("download esc10-fold4 --from elsewhere")[1]


@pytest.mark.parametrize("option", NETWORK)
def test_crawl_options_are_refused_for_datasets_not_from_youtube(tmp_path: Path, option: str) -> None:
    garden(tmp_path, GARDEN)
    for dataset in ("garden.toml", "demo", "esc10-fold4"):
        told = f"{option.split()[0]} does not apply to {dataset}, only to datasets from YouTube: leave it out"
        assert told in refused(f"download {dataset} {option}")


@pytest.mark.parametrize("option", ["--limit 1", "--shard 1/2"])
def test_a_dry_run_refuses_options_that_select_a_subset(tmp_path: Path, option: str) -> None:
    dataset = tiny_mixtures(tmp_path, "tiny")
    name = option.split()[0]
    assert f"{name} does not apply to --dry-run, which counts all clips" in refused(
        f"download {dataset} --dry-run {option}"
    )
    assert said(f"download {dataset} --dry-run --jobs 1 --retry gone")[0] == 0


@pytest.mark.parametrize("option", ["--shard 1/2", "--compress gzip", "--backend dask --scheduler tcp://127.0.0.1:1"])
def test_explain_refuses_options_that_only_affect_computation(option: str) -> None:
    name = option.split()[-2]
    assert f"{name} does not apply to --explain, which computes nothing" in refused(f"features tiny --explain {option}")


def test_draw_refuses_options_that_affect_the_cells() -> None:
    make_dataset(Path("cache"))
    values = {"seeds": "0", "poolings": "linear", "systems": "small", "baseline": "cdur", "minutes": "5",
              "shard": "1/2", "jobs": "2", "epochs": "1", "threads": "1", "device": "cpu"}  # fmt: skip
    table3 = {"systems", "baseline", "minutes"}
    for name, value in values.items():
        output = refused(f"reproduce {'table3' if name in table3 else 'table2'} tiny --out x --draw --{name} {value}")
        assert f"--{name} does not apply to --draw, which draws what is there: leave it out" in output
    assert "x" in said("reproduce table2 tiny --out x --draw --quiet --json --cache cache")[1]


def test_a_dtype_that_the_initial_model_was_not_trained_with_is_refused() -> None:
    make_dataset(Path("cache"))
    write_export(Path("export"), untrained_model())
    for verb in ("features", "train"):
        code, output = said(f"{verb} tiny --init ./export --dtype float32")
        assert (code, "was trained on features stored as float16, not float32" in output) == (1, True), output
        assert "leave out --dtype" in output
    for words in ("--dtype float16", ""):
        assert "no clip of tiny has audio" in said(f"features tiny --init ./export {words} --explain")[1]


@pytest.mark.parametrize("form", ["tsv", "csv", "audacity", "raven"])
def test_list_formats_are_refused_when_json_is_printed(form: str) -> None:
    told = "--format does not apply to --json without --out, which prints the events of all recordings as JSON"
    assert told in refused(f"predict a.wav --json --format {form}")
    for words in (f"--json --format {form} --out out", "--json --format json", "--json --format html", "--json"):
        assert told not in said(f"predict a.wav {words}")[1]


def test_cache_list_accepts_a_dataset_by_name_or_toml(tmp_path: Path) -> None:
    make_dataset(Path("cache"))
    tiny_mixtures(tmp_path, "mine").rename("own.toml")
    items = json.loads(CliRunner().invoke(main, ["cache", "list", "--json"]).stdout)["items"]
    Path("cache/tiny").rename("cache/mine")
    by_toml = json.loads(CliRunner().invoke(main, ["cache", "list", "own.toml", "--json"]).stdout)["items"]
    assert [item["name"].replace("mine", "tiny") for item in by_toml] == [item["name"] for item in items] != []
    code, output = said("cache list esc10-fold")
    assert (code, "did you mean 'esc10-fold4'?" in output) == (1, True), output
    assert said("cache list esc10-fold4")[0] == 0
