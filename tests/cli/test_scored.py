"""Options of ``score`` that do not apply to what is scored are refused; those that do are accepted."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from sedpipe.cli import scored
from sedpipe.cli.main import main

TRUTH = "filename\tonset\toffset\tevent_label\na.wav\t0.0\t1.5\tDog\nb.wav\t0.2\t0.7\tDog\n"
FOUND = "filename\tonset\toffset\tevent_label\na.wav\t0.0\t1.0\tDog\n"
FRAMES = "filename\tonset\tDog\n" + "".join(
    f"{clip}.wav\t{k / 10}\t{0.9 if k < 10 else 0.1}\n" for clip in "ab" for k in range(20)
)
VALUES = {
    "--run": "r", "--split": "testing", "--against": "found.tsv", "--operating-point": "max_f1", "--explain": None,
    "--export-scores": "out", "--device": "cpu", "--reference": "truth.tsv", "--estimated": "found.tsv",
    "--frame-scores": "frames.tsv", "--duration": "2", "--durations": "lengths.tsv", "--time-resolution": "1.0",
}  # fmt: skip
OF_RUN = {"--run", "--split", "--against", "--operating-point", "--explain", "--export-scores", "--device"}
OF_LISTS = {"--reference", "--estimated", "--duration", "--durations", "--time-resolution", "--against"}
OF_FRAMES = {"--reference", "--frame-scores", "--duration", "--operating-point", "--explain"}
LISTS = ["--reference", "truth.tsv", "--estimated", "found.tsv"]
PROBABILITIES = ["--reference", "truth.tsv", "--frame-scores", "frames.tsv"]


@pytest.fixture(autouse=True)
def lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lengths = "filename\tduration\na.wav\t2\nb.wav\t2\n"
    for name, text in (("truth", TRUTH), ("found", FOUND), ("frames", FRAMES), ("lengths", lengths)):
        Path(f"{name}.tsv").write_text(text)


def options(*names: str) -> list[str]:
    return [word for name in names for word in (name, VALUES[name]) if word is not None]


def said(*words: str) -> tuple[int, str]:
    outcome = CliRunner().invoke(main, ["score", *words])
    return outcome.exit_code, " ".join(outcome.output.replace("│", " ").split())


def test_every_option_applies_to_a_kind_of_input_or_to_all() -> None:
    of_score = {max(each.opts, key=len) for each in main.commands["score"].params if isinstance(each, click.Option)}
    assert of_score == OF_RUN | OF_LISTS | OF_FRAMES | {"--cache", "--json", "--quiet", "--help"} - {"--help"}
    assert set(VALUES) == OF_RUN | OF_LISTS | OF_FRAMES


@pytest.mark.parametrize("name", sorted((OF_RUN | OF_FRAMES) - OF_LISTS))
def test_event_lists_refuse_options_of_other_inputs(name: str) -> None:
    code, output = said(*LISTS, *options(name))
    what = scored.LISTS if name != "--frame-scores" else scored.FRAMES
    which = name if name != "--frame-scores" else "--estimated"
    assert (code, f"{which} does not apply to {what}, only to " in output) == (2, True), output


@pytest.mark.parametrize("name", sorted((OF_RUN | OF_LISTS) - OF_FRAMES))
def test_frame_probabilities_refuse_options_of_other_inputs(name: str) -> None:
    code, output = said(*PROBABILITIES, *options(name))
    assert (code, f"{name} does not apply to {scored.FRAMES}, only to " in output) == (2, True), output


@pytest.mark.parametrize("name", sorted({"--duration", "--durations", "--time-resolution"}))
def test_a_run_refuses_options_of_event_lists(name: str) -> None:
    code, output = said("demo", "--cache", "cache", *options(name))
    assert code == 2
    assert f"{name} does not apply to a run, only to event lists (--reference and --estimated)" in output


def test_duration_and_durations_cannot_be_combined() -> None:
    code, output = said(*LISTS, *options("--duration", "--durations"))
    assert (code, "--duration and --durations both say how long clips are: give one of them" in output) == (2, True)


def test_options_that_apply_are_accepted() -> None:
    assert said(*LISTS, *options("--durations", "--time-resolution", "--against"), "--json")[0] == 0
    assert said(*LISTS, *options("--duration"), "--quiet")[0] == 0
    assert said(*PROBABILITIES, *options("--duration", "--operating-point", "--explain"), "--json")[0] == 0
    code, output = said("demo", "--cache", "cache", *options(*sorted(OF_RUN)))
    assert (code, "demo is not in cache" in output) == (1, True), output
