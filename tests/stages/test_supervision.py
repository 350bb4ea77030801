"""Training with strong labels where they exist, and with a teacher."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from sedpipe.errors import MissingStageError, SettingsError, StaleError
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.runs import named_run
from sedpipe.io.models.checkpoints import read_model
from sedpipe.listener import Listener
from sedpipe.stages.train import train
from sedpipe.steps.supervision import teacher_named
from sedpipe.training.augment import AugmentConfig
from sedpipe.training.settings import TrainSettings
from tiny_dataset import FRONT_END, NAME, SETTINGS, make_dataset

torch.set_num_threads(1)
SPEC, CPU = FeatureSpec(FRONT_END), torch.device("cpu")
MIXED = replace(
    SETTINGS, training=replace(SETTINGS.training, supervision="mixed", augment=AugmentConfig(superpose=0.3))
)
ALL = ("training", "testing", "evaluation")


class Heard(Listener):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return read_model(named_run(Dataset(folder, NAME), "run").model_path, CPU).model.state_dict()


def test_mixed_training_reports_how_many_clips_have_strong_labels(tmp_path: Path) -> None:
    dataset, heard = make_dataset(tmp_path, strong=ALL), Heard()
    path = dataset.reference_path("training")
    rows = path.read_text().splitlines(keepends=True)
    path.write_text("".join(row for row in rows if "training-00003" not in row))
    train(dataset, MIXED, SPEC, run_name="run", listener=heard)
    assert "11 of 12 training clips are also used with their strong labels" in heard.lines
    record = json.loads((dataset.runs / "run" / "run.json").read_text())
    assert record["settings"]["training"]["supervision"] == "mixed"
    assert len(record["data"]["strong"]) == 64


def test_mixed_training_scores_higher_than_weak_training(tmp_path: Path) -> None:
    """Longer training with strong labels tells frames apart that weak labels cannot distinguish."""
    f1 = {}
    for supervision in ("weak", "mixed"):
        dataset = make_dataset(tmp_path / supervision, strong=ALL)
        training = replace(SETTINGS.training, supervision=supervision, epochs=12, patience=12)
        train(dataset, replace(SETTINGS, training=training), SPEC, run_name="run")
        points = json.loads((dataset.runs / "run" / "run.json").read_text())["operating_points"]
        f1[supervision] = points["max_f1"]["f1"]
    assert f1["mixed"] > f1["weak"]


def test_interrupted_mixed_training_resumes_to_the_same_model(tmp_path: Path) -> None:
    class Stops(Listener):
        def say(self, line: str) -> None:
            if line.startswith("epoch 2"):
                raise KeyboardInterrupt

    train(make_dataset(tmp_path / "whole", strong=ALL), MIXED, SPEC, run_name="run")
    with pytest.raises(KeyboardInterrupt):
        train(make_dataset(tmp_path / "cut", strong=ALL), MIXED, SPEC, run_name="run", listener=Stops(), save_every_s=0)
    train(Dataset(tmp_path / "cut", NAME), MIXED, SPEC, run_name="run")
    one, two = weights(tmp_path / "whole"), weights(tmp_path / "cut")
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_changed_strong_labels_are_refused_as_other_data(tmp_path: Path) -> None:
    dataset = make_dataset(tmp_path, strong=ALL)
    train(dataset, MIXED, SPEC, run_name="run")
    path = dataset.reference_path("training")
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(StaleError, match="since then the strong labels of training changed"):
        train(dataset, MIXED, SPEC, run_name="run")


def test_weak_training_ignores_strong_labels(tmp_path: Path) -> None:
    train(make_dataset(tmp_path / "with", strong=ALL), SETTINGS, SPEC, run_name="run")
    train(make_dataset(tmp_path / "without"), SETTINGS, SPEC, run_name="run")
    one, two = weights(tmp_path / "with"), weights(tmp_path / "without")
    assert all(torch.equal(one[name], two[name]) for name in one)


@pytest.mark.parametrize("located", [False, True])
def test_without_strong_labels_the_error_says_where_to_list_them(tmp_path: Path, located: bool) -> None:
    dataset = make_dataset(tmp_path)
    if located:  # listed, but without times
        rows = dataset.reference_path("testing").read_text().splitlines()
        listed = [row.split("\t") for row in rows[1:]]
        text = "\n".join(
            [rows[0], *("\t".join([row[0].replace("testing", "training"), "0", "0", row[3]]) for row in listed)]
        )
        dataset.reference_path("training").write_text(text + "\n")
    with pytest.raises(MissingStageError, match="--supervision mixed needs strong labels of training") as caught:
        train(dataset, MIXED, SPEC, run_name="run")
    assert "give [splits.training] a `strong` list" in caught.value.hint
    assert located or not (dataset.runs / "run").exists()  # so that the same command works once there is a list


def taught_by(dataset: Dataset, name: str) -> TrainSettings:
    return replace(SETTINGS, teacher=teacher_named(dataset, name))


def test_a_teacher_is_reported_and_recorded_in_the_new_run(tmp_path: Path) -> None:
    dataset, heard = make_dataset(tmp_path), Heard()
    train(dataset, SETTINGS, SPEC, run_name="first")
    settings = taught_by(dataset, "first")
    assert settings.default_run().endswith("-taught-by-first-linear-5-seed0")
    train(dataset, settings, SPEC, run_name="second", listener=heard)
    assert any(line.startswith("first teaches when classes sound: in clips ") for line in heard.lines)
    record = json.loads((dataset.runs / "second" / "run.json").read_text())
    assert record["settings"]["teacher"] == settings.teacher
    one, two = (read_model(named_run(dataset, name).model_path, CPU).model.state_dict() for name in ("first", "second"))
    assert any(not torch.equal(one[name], two[name]) for name in one)


def test_interrupted_training_with_a_teacher_resumes_to_the_same_model(tmp_path: Path) -> None:
    class Stops(Listener):
        def say(self, line: str) -> None:
            if line.startswith("epoch 2"):
                raise KeyboardInterrupt

    dataset = make_dataset(tmp_path)
    train(dataset, SETTINGS, SPEC, run_name="first")
    settings = taught_by(dataset, "first")
    train(dataset, settings, SPEC, run_name="whole")
    with pytest.raises(KeyboardInterrupt):
        train(dataset, settings, SPEC, run_name="cut", listener=Stops(), save_every_s=0)
    train(dataset, settings, SPEC, run_name="cut")
    one, two = (read_model(named_run(dataset, name).model_path, CPU).model.state_dict() for name in ("whole", "cut"))
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_a_missing_or_retrained_teacher_gives_an_error(tmp_path: Path) -> None:
    dataset = make_dataset(tmp_path)
    with pytest.raises(MissingStageError, match="--teacher first: tiny has no finished run of that name"):
        teacher_named(dataset, "first")
    train(dataset, SETTINGS, SPEC, run_name="first")
    stale = replace(SETTINGS, teacher="first@" + "0" * 16)
    with pytest.raises(SettingsError, match="the teacher first has been retrained"):
        train(dataset, stale, SPEC, run_name="second")
