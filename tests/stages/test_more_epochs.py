"""Finished runs that are continued for more epochs."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from sedpipe.cli.main import main
from sedpipe.errors import MissingStageError, StaleError
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.runs import Run, named_run
from sedpipe.io.models.checkpoints import read_model
from sedpipe.listener import Listener
from sedpipe.stages.score import score
from sedpipe.stages.train import train
from sedpipe.training.settings import TrainSettings
from tiny_dataset import FRONT_END, NAME, SETTINGS, make_dataset

torch.set_num_threads(1)
SPEC, CPU = FeatureSpec(FRONT_END), torch.device("cpu")


def asked(epochs: int, more: int = 0, patience: int = 9, **changes: object) -> TrainSettings:
    return replace(
        SETTINGS, training=replace(SETTINGS.training, epochs=epochs, patience=patience, **changes), more_epochs=more
    )


def run_of(folder: Path) -> Run:
    return named_run(Dataset(folder, NAME), "run")


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return read_model(run_of(folder).model_path, CPU).model.state_dict()


class Dies(Listener):
    """A listener that interrupts training at a given epoch."""

    def __init__(self, epoch: int) -> None:
        self.begins = f"epoch {epoch}:"

    def say(self, line: str) -> None:
        if line.startswith(self.begins):
            raise KeyboardInterrupt


def test_two_epochs_and_three_more_equal_five_epochs(tmp_path: Path) -> None:
    train(make_dataset(tmp_path / "whole"), asked(5), SPEC, run_name="run")
    dataset = make_dataset(tmp_path / "more")
    first = train(dataset, asked(2), SPEC, run_name="run")
    report = train(dataset, asked(2, more=3), SPEC, run_name="run")
    assert (first.epochs, report.epochs) == (2, 5)
    one, two = weights(tmp_path / "whole"), weights(tmp_path / "more")
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert run_of(tmp_path / "whole").log_path.read_text() == run_of(tmp_path / "more").log_path.read_text()
    score(dataset, run="run", split="testing", device="cpu")


def test_a_learning_rate_that_rises_again_is_reported(tmp_path: Path) -> None:
    class Heard(Listener):
        def say(self, line: str) -> None:
            lines.append(line)

    lines: list[str] = []
    dataset = make_dataset(tmp_path)
    for asking in (asked(2, schedule="cosine"), asked(2, more=1, schedule="cosine")):
        assert not any("it is higher again" in line for line in lines)
        train(dataset, asking, SPEC, run_name="run", listener=Heard())
    assert sum("falls over 3 epochs: it is higher again" in line for line in lines) == 1


def test_a_learning_rate_that_keeps_falling_is_not_reported_as_rising(tmp_path: Path) -> None:
    class Heard(Listener):
        def say(self, line: str) -> None:
            lines.append(line)

    lines: list[str] = []
    changes = {"patience": 1, "learning_rate": 0.5, "schedule": "cosine"}
    dataset = make_dataset(tmp_path)
    ended = train(dataset, asked(50, **changes), SPEC, run_name="run")
    report = train(dataset, asked(50, more=1, **changes), SPEC, run_name="run", listener=Heard())
    assert (ended.stopped, report.epochs) == ("patience", ended.epochs + 1)
    assert not any("it is higher again" in line for line in lines)


def test_more_epochs_count_from_where_the_run_first_ended(tmp_path: Path) -> None:
    dataset = make_dataset(tmp_path)
    train(dataset, asked(2), SPEC, run_name="run")
    assert [train(dataset, asked(2, more=more), SPEC, run_name="run").epochs for more in (1, 1, 3, 2, 0)] == [
        3,
        3,
        5,
        5,
        5,
    ]
    record = run_of(tmp_path).find_record()
    assert record is not None
    assert (record.ended_after, record.more_epochs, record.settings.training["epochs"]) == (2, 3, 2)


def test_exhausted_patience_does_not_end_a_continued_run_at_once(tmp_path: Path) -> None:
    dataset = make_dataset(tmp_path)
    ended = train(dataset, asked(50, patience=1, learning_rate=0.5), SPEC, run_name="run")
    assert ended.stopped == "patience"
    report = train(dataset, asked(50, patience=1, learning_rate=0.5, more=3), SPEC, run_name="run")
    assert report.epochs == ended.epochs + 3


@pytest.mark.parametrize("again", [0, 3])
def test_a_continued_run_that_is_killed_resumes_to_the_same_model(tmp_path: Path, again: int) -> None:
    """With the same command, or with the one that started the run."""
    for name in ("whole", "cut"):
        train(make_dataset(tmp_path / name), asked(2), SPEC, run_name="run")
    train(Dataset(tmp_path / "whole", NAME), asked(2, more=3), SPEC, run_name="run")
    before = weights(tmp_path / "cut")
    with pytest.raises(KeyboardInterrupt):
        train(Dataset(tmp_path / "cut", NAME), asked(2, more=3), SPEC, run_name="run", listener=Dies(4), save_every_s=0)
    assert all(
        torch.equal(before[name], value) for name, value in weights(tmp_path / "cut").items()
    )  # the earlier model stays usable
    assert train(Dataset(tmp_path / "cut", NAME), asked(2, more=again), SPEC, run_name="run").epochs == 5
    one, two = weights(tmp_path / "whole"), weights(tmp_path / "cut")
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_an_unfinished_run_cannot_be_given_more_epochs(tmp_path: Path) -> None:
    dataset = make_dataset(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        train(dataset, asked(3), SPEC, run_name="run", listener=Dies(1))
    with pytest.raises(StaleError, match="run is not finished yet"):
        train(dataset, asked(3, more=1), SPEC, run_name="run")
    assert train(dataset, asked(3), SPEC, run_name="run").epochs == 3


def test_asking_for_more_epochs_does_not_start_a_missing_run(tmp_path: Path) -> None:
    dataset = make_dataset(tmp_path)
    with pytest.raises(StaleError, match="there is no run run to continue in ") as caught:
        train(dataset, asked(3, more=1), SPEC, run_name="run")
    assert "--run" in caught.value.hint
    assert not run_of(tmp_path).folder.exists()


def test_a_finished_run_without_its_state_is_refused_with_an_alternative(tmp_path: Path) -> None:
    dataset = make_dataset(tmp_path)
    train(dataset, asked(2), SPEC, run_name="run")
    run_of(tmp_path).state_path.unlink()
    with pytest.raises(MissingStageError, match=r"run is finished, but .* \(resume\.pt\) is not there") as caught:
        train(dataset, asked(2, more=1), SPEC, run_name="run")
    assert f"--init {run_of(tmp_path).folder}" in caught.value.hint
    assert train(dataset, asked(2), SPEC, run_name="run").epochs == 2  # it is finished as before


def test_a_run_of_zero_epochs_can_be_continued(tmp_path: Path) -> None:
    train(make_dataset(tmp_path / "whole"), asked(1), SPEC, run_name="run")
    dataset = make_dataset(tmp_path / "more")
    train(dataset, asked(0), SPEC, run_name="run")
    assert train(dataset, asked(0, more=1), SPEC, run_name="run").epochs == 1
    one, two = weights(tmp_path / "whole"), weights(tmp_path / "more")
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_a_run_with_a_falling_learning_rate_can_be_continued(tmp_path: Path) -> None:
    dataset = make_dataset(tmp_path)
    train(dataset, asked(2, schedule="cosine"), SPEC, run_name="run")
    before = weights(tmp_path)
    train(dataset, asked(2, more=2, schedule="cosine"), SPEC, run_name="run")
    log = run_of(tmp_path).log_path.read_text().splitlines()[1:]
    assert log[2].split(",")[1] != log[1].split(",")[1]
    assert before.keys() == weights(tmp_path).keys()


def command_options(tmp_path: Path) -> list[str]:
    front_end = tmp_path / "front-end.toml"
    front_end.write_text("\n".join(f"{key} = {value}" for key, value in FRONT_END.settings.items()))
    preset = tmp_path / "own.toml"
    preset.write_text(
        "[network]\nmaps = [4]\npools = [[2, 4]]\nconv_maps = 4\ngru_units = 4\n[pooling]\nhierarchy = []\n"
        "[training]\nepochs = 1\nbatch_size = 6\n"
    )
    return ["--front-end", str(front_end), "--preset", str(preset), "--threads", "1"]


def test_the_command_line_accepts_more_epochs(tmp_path: Path) -> None:
    dataset = make_dataset(tmp_path)
    dataset.write_record(dataset.read_record().model_copy(update={"clip_s": 4.0}))
    command = ["train", NAME, "--cache", str(tmp_path), *command_options(tmp_path)]
    epochs = []
    for more in ([], ["--more-epochs", "2"], ["--more-epochs", "2"], []):
        outcome = CliRunner().invoke(main, [*command, "--json", *more])
        assert outcome.exit_code == 0, outcome.output
        epochs.append(json.loads(outcome.stdout)["epochs"])
    assert epochs == [1, 3, 3, 3]


def test_a_named_run_continues_with_its_original_options(tmp_path: Path) -> None:
    dataset = make_dataset(tmp_path)
    dataset.write_record(dataset.read_record().model_copy(update={"clip_s": 4.0}))
    options = command_options(tmp_path)
    begun = CliRunner().invoke(
        main, ["train", NAME, *options, "--epochs", "2", "--cache", str(tmp_path), "--run", "run"]
    )
    assert begun.exit_code == 0, begun.output
    going_on = ["train", NAME, "--cache", str(tmp_path), "--run", "run", "--more-epochs"]
    for more, epochs in (("1", 3), ("1", 3), ("3", 5)):
        outcome = CliRunner().invoke(main, [*going_on, more, "--json"])
        assert outcome.exit_code == 0, outcome.output
        assert json.loads(outcome.stdout)["epochs"] == epochs
    other = CliRunner().invoke(main, [*going_on, "4", "--epochs", "3"])
    assert other.exit_code == 1
    assert "training.epochs: there 2, now 3" in other.stderr


def test_without_a_run_name_the_error_lists_runs_that_can_continue(tmp_path: Path) -> None:
    dataset = make_dataset(tmp_path)
    train(dataset, asked(1), SPEC, run_name="mine")
    with pytest.raises(StaleError, match="there is no run tiny-linear-5-seed0 to continue in ") as caught:
        train(dataset, asked(1, more=2), FeatureSpec(replace(FRONT_END, n_mels=41)))
    assert "name one of mine with --run" in caught.value.hint
