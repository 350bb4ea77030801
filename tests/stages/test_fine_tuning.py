"""Training that starts from a model, in Python and on the command line."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner, Result
from sedpipe.cli.main import main
from sedpipe.errors import SettingsError, StaleError
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.runs import named_run
from sedpipe.io.lists.clips import read_clips, write_clips
from sedpipe.io.models.beginning import Beginning, beginning_of
from sedpipe.io.models.checkpoints import read_model
from sedpipe.io.models.open import open_model
from sedpipe.labels import LabelSet
from sedpipe.listener import Listener
from sedpipe.stages.train import train
from sedpipe.training.settings import TrainSettings
from tiny_dataset import FRONT_END, LABELS, NAME, SETTINGS, make_dataset

torch.set_num_threads(1)
SPEC = FeatureSpec(FRONT_END)
CPU = torch.device("cpu")


class Heard(Listener):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Caches ``a``, with a tiny dataset and its run ``first``, and ``b``, with two of its classes and a new one."""
    folder = tmp_path_factory.mktemp("init")
    train(make_dataset(folder / "a"), SETTINGS, SPEC, run_name="first")
    other = make_dataset(folder / "b")
    renamed = {"Air horn, truck horn": "Siren"}
    labels = ("Siren", "Rain", "Dog bark")
    clips = read_clips(other.clips_path, LabelSet(LABELS))
    other.write_record(other.read_record().model_copy(update={"labels": labels, "clip_s": 4.0}))
    write_clips(
        other.clips_path,
        [replace(clip, labels=tuple(renamed.get(label, label) for label in clip.labels)) for clip in clips],
    )
    for split in ("testing", "evaluation"):
        path = other.reference_path(split)
        path.write_text(path.read_text().replace("Air horn, truck horn", "Siren"))
    return folder


def beginning(cache: Path) -> Beginning:
    return beginning_of(open_model(str(cache / "a" / NAME / "runs" / "first"), None, "cpu"))


def settings(begin: Beginning, **changes: object) -> TrainSettings:
    return replace(SETTINGS, init=begin.told, **changes)


def test_zero_epochs_for_the_same_classes_reproduce_the_initial_model(cache: Path) -> None:
    begin = beginning(cache)
    none = replace(SETTINGS.training, epochs=0)
    train(Dataset(cache / "a", NAME), settings(begin, training=none), SPEC, run_name="same", begin=begin)
    one, two = (read_model(named_run(Dataset(cache / "a", NAME), name).model_path, CPU) for name in ("first", "same"))
    assert all(torch.equal(*pair) for pair in zip(*(m.model.state_dict().values() for m in (one, two)), strict=True))
    assert one.operating_points == two.operating_points


def test_fine_tuning_for_other_classes_reports_the_new_ones(cache: Path) -> None:
    begin, heard = beginning(cache), Heard()
    report = train(Dataset(cache / "b", NAME), settings(begin), SPEC, run_name="other", begin=begin, listener=heard)
    assert report.epochs > 0
    assert "starts from first; new classes: Siren" in heard.lines
    record = json.loads((cache / "b" / NAME / "runs" / "other" / "run.json").read_text())
    assert record["settings"]["init"] == begin.told


def test_freeze_changes_only_the_last_layers(cache: Path) -> None:
    begin = beginning(cache)
    train(Dataset(cache / "b", NAME), settings(begin, freeze=True), SPEC, run_name="frozen", begin=begin)
    weights = read_model(named_run(Dataset(cache / "b", NAME), "frozen").model_path, CPU).model.state_dict()
    changed = {
        name for name in weights if "classify" not in name and not torch.equal(weights[name], begin.weights[name])
    }
    assert not changed
    assert not torch.equal(weights["classify.weight"][1], begin.weights["classify.weight"][1])


@pytest.mark.parametrize("freeze", [False, True])
def test_interrupted_fine_tuning_resumes_to_the_same_model(cache: Path, tmp_path: Path, freeze: bool) -> None:
    begin = beginning(cache)
    asked = settings(begin, freeze=freeze)

    class Stops(Listener):
        def say(self, line: str) -> None:
            if line.startswith("epoch 2"):
                raise KeyboardInterrupt

    whole = train(make_dataset(tmp_path / "whole"), asked, SPEC, run_name="run", begin=begin)
    with pytest.raises(KeyboardInterrupt):
        train(
            make_dataset(tmp_path / "cut"), asked, SPEC, run_name="run", begin=begin, listener=Stops(), save_every_s=0
        )
    again = train(Dataset(tmp_path / "cut", NAME), asked, SPEC, run_name="run", begin=begin)
    assert (again.epochs, again.best_epoch, again.validation_loss) == (
        whole.epochs,
        whole.best_epoch,
        whole.validation_loss,
    )
    one, two = (
        read_model(named_run(Dataset(tmp_path / name, NAME), "run").model_path, CPU) for name in ("whole", "cut")
    )
    assert all(torch.equal(*pair) for pair in zip(*(m.model.state_dict().values() for m in (one, two)), strict=True))


def test_a_run_cannot_be_repeated_with_another_initial_model(cache: Path, tmp_path: Path) -> None:
    begin = beginning(cache)
    train(make_dataset(tmp_path), settings(begin), SPEC, run_name="run", begin=begin)
    other = replace(begin, sha256="0" * 64)
    with pytest.raises(StaleError, match="run run was started with other settings: init: there 'first@"):
        train(Dataset(tmp_path, NAME), settings(other), SPEC, run_name="run", begin=other)


def test_a_network_of_other_sizes_gives_an_error(cache: Path, tmp_path: Path) -> None:
    begin = beginning(cache)
    larger = replace(SETTINGS.network, gru_units=8)
    with pytest.raises(
        SettingsError, match=r"--init first, a network crnn, does not fit: the layer gru\.weight_ih_l0 is 24 x"
    ):
        train(make_dataset(tmp_path), settings(begin, network=larger), SPEC, run_name="run", begin=begin)


def sedpipe(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def test_init_on_the_command_line_takes_network_and_features_from_the_model(cache: Path) -> None:
    model, there = str(cache / "a" / NAME / "runs" / "first"), ("--cache", str(cache / "b"))
    asked = ("--init", model, "--freeze", "--epochs", "1", "--threads", "1", "--batch-size", "6")
    outcome = sedpipe("train", NAME, *asked, *there, "--json")
    assert outcome.exit_code == 0, outcome.output
    report = json.loads(outcome.stdout)
    assert report["run"] == "small-from-first-frozen-linear-5-seed0"
    assert "only the last layers are trained" in outcome.stderr
    again = sedpipe("train", NAME, *asked, *there)
    assert "is finished already" in again.stderr
    for wrong, why in [
        (("--encoder", "yamnet"), "the model given by --init uses logmel features and no others"),
        (("--n-mels", "16"), "the model given by --init uses logmel features and no others"),
        (("--preset", "paper", "--hierarchy", "none"), "--init first, a network crnn, does not fit: the layer conv"),
    ]:
        outcome = sedpipe("train", NAME, *asked, *wrong, *there)
        assert outcome.exit_code == 1
        assert why in outcome.stderr
    outcome = sedpipe("train", NAME, "--freeze", *there)
    assert outcome.exit_code == 1
    assert "name the model to start from with --init" in outcome.stderr


def test_a_missing_initial_model_gives_an_error_with_the_available_ones(cache: Path) -> None:
    outcome = sedpipe("train", NAME, "--init", "esc", "--cache", str(cache / "a"))
    assert outcome.exit_code == 1
    assert "finished runs: first" in outcome.stderr
    assert "esc10 and esc10-yamnet come with sedpipe" in outcome.stderr
