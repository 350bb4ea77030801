"""A cache of the first edition (``first_edition/README.md``) is read and continued as it is; nothing is stale."""

import json
import os
import shutil
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.runs import Run, named_run
from sedpipe.io.manifests.load import load_manifest
from sedpipe.io.models.checkpoints import read_model
from sedpipe.io.settings.front_ends import load_front_end
from sedpipe.io.settings.presets import load_preset
from sedpipe.listener import Listener
from sedpipe.nn.pooling import PoolingConfig
from sedpipe.reports.data import Progress
from sedpipe.stages.download import download
from sedpipe.stages.export import export
from sedpipe.stages.features import explain_features, extract_features
from sedpipe.stages.predict import predict
from sedpipe.stages.predict_files import Output
from sedpipe.stages.report import report
from sedpipe.stages.reproduce.grid import grid
from sedpipe.stages.reproduce.table2 import reproduce_table2
from sedpipe.stages.score import score
from sedpipe.stages.status import status
from sedpipe.stages.train import train
from sedpipe.steps.run_record import TrainSettings

MADE = Path(__file__).parent / "first_edition" / "made"
NAME = "tones"


class Heard(Listener):
    """A listener that stores the lines it receives."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)


@pytest.fixture
def dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """A copy of the cache, in the folder that commands are run from."""
    torch.set_num_threads(1)
    shutil.copytree(MADE, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return Dataset(Path("cache"), NAME)


@pytest.fixture
def spec(dataset: Dataset) -> FeatureSpec:
    """Specification of the dataset's features."""
    return FeatureSpec(load_front_end(Path("front_end.toml")))


@pytest.fixture
def settings(dataset: Dataset) -> TrainSettings:
    """Settings of the dataset's runs."""
    preset = load_preset("tiny.toml")
    return TrainSettings(preset.name, preset.network, preset.pooling, preset.training, 0, "cpu", 1)


def files(folder: Path) -> dict[str, bytes]:
    """Return the files in a folder, except for locks and curves, which each process writes anew."""
    paths = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock"]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths if "tensorboard" not in path.parts}


def test_nothing_is_downloaded_or_extracted_again(dataset: Dataset, spec: FeatureSpec) -> None:
    audio = files(dataset.folder / "audio")
    counts = download(load_manifest("tones.toml"), dataset.root).splits
    assert {split: count.ok for split, count in counts.items()} == {"training": 6, "testing": 5, "evaluation": 3}
    assert explain_features(dataset, spec).reasons == {split: [] for split in counts}
    made = extract_features(dataset, spec)
    assert {count.computed for count in made.splits.values()} == {0}
    assert files(dataset.folder / "audio") == audio


def test_a_finished_run_is_left_alone_and_a_resumed_one_ends_with_the_same_weights(
    dataset: Dataset, spec: FeatureSpec, settings: TrainSettings
) -> None:
    whole, before, heard = named_run(dataset, "whole"), files(dataset.runs / "whole"), Heard()
    assert train(dataset, settings, spec, run_name="whole", listener=heard).epochs == 3
    assert heard.lines == ["whole is finished already"]
    assert files(dataset.runs / "whole") == before
    train(dataset, settings, spec, run_name="begun", listener=heard)
    assert "begun resumes after epoch 2" in heard.lines
    begun = named_run(dataset, "begun")
    # the first edition trained it on another processor, where sums may differ in their last digits
    logs = [
        [list(map(float, line.split(","))) for line in run.log_path.read_text().splitlines()[1:]]
        for run in (whole, begun)
    ]
    assert logs[1] == [pytest.approx(row, rel=1e-5) for row in logs[0]]
    assert logs[1][:2] == logs[0][:2]
    there, made = (json.loads(run.record_path.read_text()) for run in (whole, begun))
    assert made["settings"] == there["settings"]
    # thresholds are tuned again, over more candidates than in the first edition; the weights are the same
    assert made["operating_points"].keys() == there["operating_points"].keys()
    one, other = (read_model(run.model_path, torch.device("cpu")).model.state_dict() for run in (whole, begun))
    assert one.keys() == other.keys()
    for name in one:
        torch.testing.assert_close(other[name], one[name], rtol=1e-4, atol=1e-5)


def test_stored_and_recomputed_frame_scores_give_the_stored_scores(dataset: Dataset) -> None:
    for split in ("testing", "evaluation"):
        there = json.loads((dataset.runs / "whole" / f"scores-{split}.json").read_text())
        score(dataset, run="whole", split=split)
        assert json.loads((dataset.runs / "whole" / f"scores-{split}.json").read_text()).items() >= there.items()
        (dataset.runs / "whole" / f"frame-scores-{split}.h5").unlink()
        anew = score(dataset, run="whole", split=split)
        assert asdict(anew.segment_based) == pytest.approx(there["segment_based"])


def test_a_page_is_made_from_stored_scores(dataset: Dataset) -> None:
    page = report(["whole"], dataset.root, split="evaluation", n_clips=2)
    assert "whole" in Path(page.path).read_text(encoding="utf-8")


def test_predictions_are_kept_and_both_the_export_and_the_run_reproduce_them(dataset: Dataset) -> None:
    lines = [json.loads(line) for line in Path("predictions/predictions.jsonl").read_text().splitlines()]
    for line in lines[1:]:  # a checkout does not preserve modification times
        path = Path("recordings") / line["name"]
        os.utime(path, ns=(line["file"][1], line["file"][1]))
    run = str(dataset.runs / "whole")
    kept = predict([Path("recordings")], run, output=Output(Path("predictions")))
    assert {file.state for file in kept.files} == {"kept"}
    assert [len(file.events) for file in kept.files] == [len(line["events"]) for line in lines[1:]]
    for model in (run, "./export"):
        anew = predict([Path("recordings")], model)
        # the first edition's probability is now the mean probability
        assert [
            [(event.onset, event.offset, event.label, event.mean_probability) for event in file.events]
            for file in anew.files
        ] == [[(e.onset, e.offset, e.label, e.probability) for e in file.events] for file in kept.files]


def test_a_table_is_complete_and_its_cells_stay_byte_identical(
    dataset: Dataset, spec: FeatureSpec, settings: TrainSettings
) -> None:
    folder = dataset.folder / "tables" / "table2-tiny"
    cells = files(folder / "cells")
    once = replace(settings, training=replace(settings.training, epochs=1), pooling=PoolingConfig("linear", (5,)))
    made = reproduce_table2(dataset, once, spec, grid((0,), ((), (5,)), ("linear",)), folder=folder)
    assert made.cells == {"all": 2, "made": 0, "missing": 0}
    assert files(folder / "cells") == cells
    assert "linear, 5 against single" in (folder / "table.md").read_text()


def test_status_counts_runs_scores_and_table_cells(dataset: Dataset) -> None:
    stages = status(dataset).stages
    assert stages.train["whole"] == Progress(finished=True, epochs=3)
    assert stages.train["begun"] == Progress(finished=False, epochs=2)
    assert stages.score["whole"] == ["evaluation", "testing"]
    assert stages.reproduce["table2-tiny"].done == 2


def test_exporting_a_run_gives_the_same_configuration_as_before(dataset: Dataset) -> None:
    export(str(Run(dataset.runs / "whole").folder), out=Path("again"))
    there, made = (json.loads((Path(folder) / "config.json").read_text()) for folder in ("export", "again"))
    assert made["network"].pop("name") == "crnn"
    assert made["network"].pop("members") == 1
    assert made["network"].pop("initialisation") == "torch"
    assert made.items() >= there.items()
