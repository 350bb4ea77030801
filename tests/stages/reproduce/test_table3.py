import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from benched_cells import CELLS, bench_record
from sedpipe.errors import MissingStageError, SettingsError, StaleError
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.table_folder import Table
from sedpipe.io.settings.systems import load_system, settings_of
from sedpipe.listener import Listener
from sedpipe.reports.tables import ReproduceReport
from sedpipe.shards import Shard
from sedpipe.stages.reproduce.drawing import draw_table
from sedpipe.stages.reproduce.entrants import Budget, Entrant, check_features, entrants
from sedpipe.stages.reproduce.table3 import reproduce_table3
from sedpipe.steps.work import Work
from tiny_dataset import FRONT_END, NAME, make_dataset

torch.set_num_threads(1)
PRESET = """
[network]
maps = [4]
pools = [[2, 4]]
conv_maps = 8
gru_units = 4

[pooling]
hierarchy = [5]

[training]
batch_size = 5
epochs = 2
learning_rate = 0.01
checkpoints = {checkpoints}

[own_rule]
threshold = 0.5
"""
SYSTEM = """
title = "the {name}"
preset = "{preset}"
differs = "it was trained for longer"

[evaluation]
error_rate = 0.7
f1 = 0.5
"""


class Heard(Listener):
    """A listener that records the lines it receives."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)


def systems(folder: Path) -> list[Entrant]:
    """Return two systems, one of which is the mean of two checkpoints."""
    folder.mkdir(exist_ok=True)
    found = []
    for name, checkpoints in (("one", 1), ("mean", 2)):
        preset, path = folder / f"preset-{name}.toml", folder / f"{name}.toml"
        preset.write_text(PRESET.format(checkpoints=checkpoints))
        path.write_text(SYSTEM.format(name=name, preset=preset))
        loaded = load_system(str(path))
        found.append(Entrant(*loaded, settings_of(loaded[1], 1, "cpu"), FeatureSpec(FRONT_END)))
    return found


def make(cache: Path, budget: Budget, seeds: tuple[int, ...] = (0,), **more: object) -> ReproduceReport:
    dataset = Dataset(cache, NAME)
    return reproduce_table3(dataset, systems(cache / "systems"), seeds, budget, **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ReproduceReport, list[str]]:
    cache, heard = tmp_path_factory.mktemp("made"), Heard()
    make_dataset(cache)
    return cache, make(cache, Budget(0.01), (0, 1), listener=heard), heard.lines


def cells(report: ReproduceReport) -> dict[str, dict]:
    return {path.stem: json.loads(path.read_text()) for path in sorted(Path(report.folder).glob("cells/*.json"))}


def results(report: ReproduceReport) -> dict[str, dict]:
    """Return the contents of each cell without the time it took."""
    found = cells(report)
    for cell in found.values():
        del cell["seconds"], cell["bench"]["cpu_seconds"]
    return found


def test_all_cells_of_a_system_have_the_number_of_steps_its_pace_allows(made) -> None:
    _, report, lines = made
    assert report.cells == {"all": 4, "made": 4, "missing": 0}
    assert set(cells(report)) == {"one-seed0", "mean-seed0", "one-seed1", "mean-seed1"}
    for name in ("one", "mean"):
        pace = json.loads((Path(report.folder) / "paces" / f"{name}.json").read_text())
        steps = {cell["training"]["steps"] for cell in cells(report).values() if cell["bench"]["system"] == name}
        assert len(steps) == 1
        spent = steps.pop() * pace["step_s"]
        assert 0.7 * 0.6 - pace["step_s"] < spent < 0.6
        assert any(line.startswith(f"{name}: {pace['step_s']:.2g} s a step") for line in lines)


def test_a_cell_records_its_system_and_the_published_scores(made) -> None:
    _, report, _ = made
    cell = cells(report)["mean-seed0"]
    bench = cell["bench"]
    assert (bench["title"], bench["networks"], bench["minutes"]) == ("the mean", 2, 0.01)
    assert bench["published"] == {"evaluation": {"error_rate": 0.7, "f1": 0.5}}
    assert 0 < bench["cpu_seconds"] < 60
    log = (made[0] / NAME / "runs" / "table3-0.01min-mean-seed0" / "log.csv").read_text().splitlines()[1:]
    training, pace = cell["training"], bench["pace"]
    per_epoch = training["epoch_steps"] or pace["steps_per_epoch"]
    assert [one["steps"] for one in bench["validations"]] == [
        min(per_epoch * (k + 1), training["steps"]) for k in range(len(log))
    ]
    assert [f"{one['loss']!r},{one['error_rate']!r},{one['f1']!r}" for one in bench["validations"]] == [
        line.split(",", 2)[2] for line in log
    ]
    assert cell["splits"]["evaluation"]["own_rule"]["settings"]["threshold"] == 0.5
    assert cell["splits"]["evaluation"]["clip_based"]["micro"]
    assert cells(report)["one-seed0"]["bench"]["networks"] == 1


def test_a_remade_cell_has_the_stored_steps_and_the_same_result(made, tmp_path: Path) -> None:
    shutil.copytree(made[0], tmp_path, dirs_exist_ok=True)
    folder = Path(made[1].folder)
    copied = tmp_path / folder.relative_to(made[0])
    before = results(made[1])
    (copied / "cells" / "one-seed1.json").unlink()
    (copied / "paces" / "one.json").unlink()  # the pace is then taken from the system's other cell
    shutil.rmtree(tmp_path / NAME / "runs")
    report = make(tmp_path, Budget(0.01), (0, 1))
    assert report.cells["made"] == 1
    assert results(report) == before


def test_shards_divide_the_cells(tmp_path: Path) -> None:
    make_dataset(tmp_path)
    counts = [make(tmp_path, Budget(epochs=1), work=Work(shard=Shard(index, 2))).cells for index in (1, 2)]
    assert sum(count["made"] for count in counts) == 2
    assert counts[-1]["missing"] == 0


def test_a_budget_of_epochs_ends_training(tmp_path: Path) -> None:
    make_dataset(tmp_path)
    report = make(tmp_path, Budget(epochs=1), work=Work(2))
    assert Path(report.folder).name == "table3-1epochs"
    for cell in cells(report).values():
        assert (cell["epochs"], cell["training"]["steps"], cell["bench"]["minutes"]) == (1, 0, None)
    with pytest.raises(StaleError, match="other settings: epochs: there 1, now 2"):
        make(tmp_path, Budget(epochs=2), folder=Path(report.folder))


def test_without_features_nothing_is_started(tmp_path: Path) -> None:
    cache = make_dataset(tmp_path)
    shutil.rmtree(cache.folder / "features")
    with pytest.raises(MissingStageError) as caught:
        make(tmp_path, Budget(1))
    assert "sedpipe features" in caught.value.hint
    assert not (cache.folder / "tables").exists()


def test_all_missing_features_are_named_in_one_error(tmp_path: Path) -> None:
    dataset = make_dataset(tmp_path)
    with pytest.raises(MissingStageError, match="tiny has no features for small, cdur") as caught:
        check_features(dataset, entrants(dataset, ("small", "paper", "cdur"), 1, "cpu"))
    cache = f"--cache {tmp_path}"
    assert caught.value.hint == (
        f"run first: `sedpipe features tiny {cache}`, `sedpipe features tiny --front-end cdur {cache}`"
    )


def test_a_split_without_clips_is_reported_instead_of_missing_features(tmp_path: Path) -> None:
    dataset = make_dataset(tmp_path, splits=("training", "evaluation"))
    with pytest.raises(MissingStageError, match="tiny has no clips in testing"):
        check_features(dataset, entrants(dataset, ("cdur",), 1, "cpu"))


def test_without_strong_labels_nothing_is_measured(tmp_path: Path) -> None:
    cache = make_dataset(tmp_path, strong=())
    with pytest.raises(MissingStageError, match="strong labels for neither testing nor evaluation"):
        make(tmp_path, Budget(1))
    assert not (cache.folder / "tables").exists()


def test_a_system_whose_pace_cannot_be_measured_does_not_stop_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_dataset(tmp_path)
    from sedpipe.stages.reproduce import pace

    measured = pace.measured

    def fails(dataset: Dataset, settings, spec):
        if settings.training.checkpoints == 2:
            raise KeyError("loud")
        return measured(dataset, settings, spec)

    monkeypatch.setattr(pace, "measured", fails)
    report = make(tmp_path, Budget(epochs=1))
    assert (report.cells["made"], report.cells["missing"]) == (1, 1)
    assert re.match(r"KeyError: 'loud' \(.*test_table3\.py", report.failed["mean-seed0"])


def test_pace_is_measured_with_the_memory_settings_of_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sedpipe.stages.reproduce import pace

    asked: list[str] = []
    steps = pace._step_s
    monkeypatch.setattr(pace, "keep_freed_memory", lambda: asked.append("memory"))
    monkeypatch.setattr(pace, "_step_s", lambda *parts: asked.append("step") or steps(*parts))
    entrant = systems(tmp_path / "systems")[0]
    pace.measured(make_dataset(tmp_path / "cache"), entrant.settings, entrant.spec)
    assert asked == ["memory", "step"]


def test_the_table_redrawn_from_its_cells_alone_is_identical(made, tmp_path: Path) -> None:
    folder = tmp_path / "copied"
    shutil.copytree(made[1].folder, folder)
    drawn = ("table.json", "table.md", "table.csv", "table.svg", "README.md")
    before = {name: (folder / name).read_bytes() for name in drawn}
    for name in drawn[1:]:
        (folder / name).unlink()
    report = draw_table(Dataset(tmp_path / "no cache", NAME), folder, "table3")
    assert report.cells == {"all": 4, "made": 0, "missing": 0}
    assert {name: (folder / name).read_bytes() for name in drawn} == before
    assert "- the mean against the one, 2 seeds" in before["table.md"].decode()
    with pytest.raises(SettingsError, match="holds cells of table3, not of table2"):
        draw_table(Dataset(tmp_path, NAME), folder, "table2")
    with pytest.raises(SettingsError, match=f"holds cells of the dataset {NAME}, not of demo"):
        draw_table(Dataset(tmp_path, "demo"), folder, "table3")


def test_the_baseline_is_small_if_the_last_request_was_for_some_systems_only(tmp_path: Path) -> None:
    names = {"base": "small", "better": "mine", "same": "yours"}
    theirs = [one.model_copy(update={"bench": one.bench.model_copy(update={"system": names[one.bench.system]})})
              for one in CELLS if one.bench]  # fmt: skip
    table, last = Table(tmp_path), [one for one in theirs if one.bench.system == "yours"]
    for one in theirs:
        table.write_cell(f"{one.bench.system}-seed{one.seed}", one)
    record = bench_record(last, baseline="yours")
    table.write_record(record)
    draw_table(Dataset(tmp_path / "no cache", record.dataset), tmp_path, "table3")
    drawn = table.find_record()
    assert (drawn.baseline, {one.system for one in drawn.comparisons}) == ("small", {"mine", "yours"})
    table.write_record(bench_record(theirs, baseline="yours"))
    draw_table(Dataset(tmp_path / "no cache", record.dataset), tmp_path, "table3")
    assert table.find_record().baseline == "yours"  # as requested together with all systems


def test_cluster_workers_make_the_same_cells(made, tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    shutil.copytree(made[0], tmp_path, dirs_exist_ok=True)
    folder = tmp_path / Path(made[1].folder).relative_to(made[0])
    shutil.rmtree(tmp_path / NAME / "runs")
    (folder / "cells" / "one-seed0.json").unlink()
    options = {"n_workers": 1, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    with distributed.LocalCluster(host="127.0.0.1", **options) as local:
        report = make(tmp_path, Budget(0.01), (0, 1), work=Work(scheduler=local.scheduler_address))
    assert (report.cells["made"], report.failed) == (1, {})
    assert results(report) == results(made[1])


@pytest.mark.parametrize("asked", [{}, {"minutes": 1.0, "epochs": 2}])
def test_a_budget_is_either_minutes_or_epochs(asked: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="a budget is either minutes or epochs"):
        Budget(**asked)
