import json
import multiprocessing
import re
import shlex
import shutil
import signal
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from drawings import of_class, parsed
from sedpipe.errors import MissingStageError, SettingsError, StaleError
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.runs import named_run
from sedpipe.io.cache.table_folder import Table
from sedpipe.io.files.locks import hold
from sedpipe.listener import Listener
from sedpipe.metrics.spread import rates
from sedpipe.nn.networks.multiscale import MultiscaleConfig
from sedpipe.reports.tables import ReproduceReport
from sedpipe.shards import Shard
from sedpipe.stages.reproduce.drawing import draw_table
from sedpipe.stages.reproduce.grid import POOLINGS, GridPoint, default_folder, grid, run_name
from sedpipe.stages.reproduce.table2 import reproduce_table2
from sedpipe.steps.sensitivity import sensitivity_of_run, sweeps_of_run
from sedpipe.steps.work import Work
from sedpipe.views.terminal.learning import reproduce_lines
from tiny_dataset import FRONT_END, GRID, LABELS, NAME, QUICK, make_dataset, reproduce_until

torch.set_num_threads(1)
RUN = f"table2-tiny-logmel-{FeatureSpec(FRONT_END).fingerprint[:6]}-paper-1-linear-single-seed0"
PROCESSES = multiprocessing.get_context("forkserver")  # slow imports are done once
PROCESSES.set_forkserver_preload(
    ["sedpipe.stages.reproduce.table2", "torch._dynamo", "torch.utils.tensorboard", "pytest"]
)


class Heard(Listener):
    """A listener that records the lines it receives."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)


def make(
    cache: Path, seeds: tuple[int, ...] = (0, 1), poolings: Sequence[str] = POOLINGS, **more: object
) -> ReproduceReport:
    points = grid(seeds, GRID, poolings)
    return reproduce_table2(Dataset(cache, NAME), QUICK, FeatureSpec(FRONT_END), points, **more)  # type: ignore[arg-type]


def make_two(cache: Path, **more: object) -> ReproduceReport:
    """Make the first two cells of the grid."""
    return make(cache, (0,), poolings=("linear",), **more)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ReproduceReport]:
    cache = tmp_path_factory.mktemp("made")
    make_dataset(cache)
    return cache, make(cache)


def run_of(cache: Path, seed: int) -> str:
    return run_name(Dataset(cache, NAME), QUICK, FeatureSpec(FRONT_END), GridPoint("linear", (), seed))


def cells(report: ReproduceReport) -> dict[str, dict[str, object]]:
    # a worker that outlived its parent by a moment may leave a temporary file, which the next run clears away
    paths = sorted((Path(report.folder) / "cells").glob("[!.]*.json"))
    return {path.stem: json.loads(path.read_text()) for path in paths}


def results(report: ReproduceReport) -> dict[str, object]:
    """Return the contents of each cell without the time it took."""
    return {
        name: {key: value for key, value in cell.items() if key != "seconds"} for name, cell in cells(report).items()
    }


def test_the_grid_has_six_systems_per_seed_and_completes_one_seed_first() -> None:
    names = [point.name for point in grid((0, 1))]
    assert names[:3] == ["linear-single-seed0", "linear-5x5-seed0", "exponential-single-seed0"]
    assert [name.endswith("seed0") for name in names] == [True] * 6 + [False] * 6


def test_a_cell_contains_its_settings_and_counts_that_reproduce_its_scores(made: tuple[Path, ReproduceReport]) -> None:
    cell = cells(made[1])["attention-5-seed1"]
    assert (cell["pooling"], cell["hierarchy"], cell["seed"], cell["preset"]) == ("attention", [5], 1, "tiny")
    for split in cell["splits"].values():  # type: ignore[attr-defined]
        for point, scores in split["operating_points"].items():
            total = rates([sum(column) for column in zip(*split["counts"][point], strict=True)])  # type: ignore[arg-type]
            assert total["error_rate"] == pytest.approx(scores["error_rate"], nan_ok=True)
            assert total["f1"] == pytest.approx(scores["f1"] or 0.0)


def test_the_table_contains_every_system_and_its_number_of_seeds(made: tuple[Path, ReproduceReport]) -> None:
    _, report = made
    assert report.cells == {"all": 12, "made": 12, "missing": 0}
    table = (Path(report.folder) / "table.md").read_text()
    assert "## testing, min_er, one setting for all classes (tuned on this split)" in table
    assert "## testing, min_er, settings chosen for each class (tuned on this split)" in table
    assert "| exponential, 5 | 2 |" in table
    assert "6 of the 7 clips that testing lists were scored: the others are missing." in table
    assert "attention, 5 against single, 2 seeds" in table
    assert len((Path(report.folder) / "table.csv").read_text().splitlines()) == 1 + 2 * 2 * 6 * 2 + 2 * 6


def test_only_missing_cells_are_made(made: tuple[Path, ReproduceReport]) -> None:
    cache, report = made
    before = results(report)
    (Path(report.folder) / "cells" / "linear-single-seed0.json").unlink()
    assert make(cache).cells == {"all": 12, "made": 1, "missing": 0}
    assert results(report) == before
    assert make(cache).cells["made"] == 0


@pytest.mark.parametrize(("name", "value"), [("epochs", 2), ("learning_rate", 0.02)])
def test_cells_of_other_settings_are_refused_despite_the_same_preset_name(
    made: tuple[Path, ReproduceReport], name: str, value: float
) -> None:
    cache, _ = made
    other = replace(QUICK, training=replace(QUICK.training, **{name: value}))
    with pytest.raises(StaleError, match=rf"other settings: .*{name}"):
        reproduce_table2(Dataset(cache, NAME), other, FeatureSpec(FRONT_END), grid((0,), GRID))


def test_cells_use_the_presets_attention_axis_and_segment_weights(tmp_path: Path) -> None:
    make_dataset(tmp_path)

    def make_with(**pooling: str) -> ReproduceReport:
        preset = replace(QUICK, pooling=replace(QUICK.pooling, **pooling))
        points = grid((0,), GRID, ("attention",))
        return reproduce_table2(Dataset(tmp_path, NAME), preset, FeatureSpec(FRONT_END), points)

    report = make_with(segment_weights="learned", attention_axis="time")
    assert report.cells["made"] == 2
    for name, hierarchy in (("single", []), ("5", [5])):
        asked = {"function": "attention", "hierarchy": hierarchy, "attention_axis": "time"}
        assert cells(report)[f"attention-{name}-seed0"]["pools"] == {**asked, "segment_weights": "learned"}
    for changed in ({"segment_weights": "original"}, {"segment_weights": "learned", "attention_axis": "classes"}):
        with pytest.raises(StaleError, match=r"other settings: pools\."):
            make_with(**{"attention_axis": "time", **changed})


def test_an_old_cell_without_segment_weights_counts_as_corrected(
    made: tuple[Path, ReproduceReport], tmp_path: Path
) -> None:
    shutil.copytree(made[0], tmp_path, dirs_exist_ok=True)
    folder = default_folder(Dataset(tmp_path, NAME), QUICK, FeatureSpec(FRONT_END)) / "cells"
    for path in folder.glob("[!.]*.json"):
        cell = json.loads(path.read_text())
        del cell["pools"]
        path.write_text(json.dumps(cell))
    assert make(tmp_path).cells["made"] == 0
    learned = replace(QUICK, pooling=replace(QUICK.pooling, segment_weights="learned"))
    with pytest.raises(StaleError, match=r"pools\.segment_weights: there 'corrected', now 'learned'"):
        reproduce_table2(Dataset(tmp_path, NAME), learned, FeatureSpec(FRONT_END), grid((0,), GRID))


def test_invalid_settings_are_refused(tmp_path: Path) -> None:
    make_dataset(tmp_path)
    learned = replace(QUICK, pooling=replace(QUICK.pooling, segment_weights="learned"))
    for settings, pooling, said in (
        (learned, "max", "it has no segment weights to learn"),
        (replace(QUICK, preset="my preset"), "linear", "run 'table2-my preset-.*expected at most 100 letters"),
    ):
        with pytest.raises(SettingsError, match=said):
            reproduce_table2(
                Dataset(tmp_path, NAME), settings, FeatureSpec(FRONT_END), grid((0,), GRID, (pooling,))
            )  # fmt: skip


def test_a_setting_missing_from_an_old_cell_counts_as_its_default(
    made: tuple[Path, ReproduceReport], tmp_path: Path
) -> None:
    shutil.copytree(made[0], tmp_path, dirs_exist_ok=True)
    path = default_folder(Dataset(tmp_path, NAME), QUICK, FeatureSpec(FRONT_END)) / "cells" / "linear-single-seed0.json"
    cell = json.loads(path.read_text())
    del cell["training"]["averaging"], cell["training"]["augment"]["superpose"], cell["network"]["input_normalisation"]
    path.write_text(json.dumps(cell))
    assert make(tmp_path).cells["made"] == 0
    cell["training"]["averaging"] = 0.5
    path.write_text(json.dumps(cell))
    with pytest.raises(StaleError, match=r"training\.averaging: there 0\.5, now 0\.0"):
        make(tmp_path)


def test_shards_divide_the_cells_and_give_the_same_results(made: tuple[Path, ReproduceReport], tmp_path: Path) -> None:
    make_dataset(tmp_path)
    some = {"poolings": ("linear", "attention"), "seeds": (0,)}
    counts = [make(tmp_path, work=Work(shard=Shard(index, 2)), **some).cells for index in (1, 2)]
    assert sum(count["made"] for count in counts) == 4
    assert 0 < counts[0]["made"] < 4
    assert counts[-1]["missing"] == 0
    whole = results(made[1])
    parts = results(make(tmp_path, **some))
    assert parts == {name: whole[name] for name in parts}


@pytest.mark.parametrize(("jobs", "lines"), [(1, (1, 3)), (2, (1,))])
def test_a_killed_grid_resumes_to_the_same_cells(
    made: tuple[Path, ReproduceReport], tmp_path: Path, jobs: int, lines: tuple[int, ...]
) -> None:
    make_dataset(tmp_path)
    for n_lines in lines:
        child = PROCESSES.Process(target=reproduce_until, args=(tmp_path, n_lines, jobs))
        child.start()
        child.join()
        assert child.exitcode == -signal.SIGKILL
    finished = results(make_two(tmp_path))
    whole = results(made[1])
    assert finished == {name: whole[name] for name in finished}
    assert len(finished) == 2


def test_the_table_is_updated_after_each_cell(tmp_path: Path) -> None:
    make_dataset(tmp_path)
    shown = []

    class Looks(Listener):
        def say(self, line: str) -> None:
            if line.startswith("linear-"):
                table = default_folder(Dataset(tmp_path, NAME), QUICK, FeatureSpec(FRONT_END)) / "table.csv"
                shown.append({row.split(",")[3] for row in table.read_text().splitlines()[1:]})

    make_two(tmp_path, listener=Looks())
    assert shown == [{"none"}, {"none", "5"}]


def test_a_cell_contains_the_sensitivity_of_its_testing_scores_to_post_processing(
    made: tuple[Path, ReproduceReport],
) -> None:
    for cell in cells(made[1]).values():
        scored = cell["splits"]["testing"]["operating_points"]  # type: ignore[index]
        assert cell["sensitivity"].keys() == scored.keys() == {"min_er", "max_f1"}  # type: ignore[attr-defined]
        for point, scores in scored.items():
            around = cell["sensitivity"][point]  # type: ignore[index]
            assert set(around["sweeps"]) == {"threshold", "median_s", "min_duration_s"}
            sweep = around["sweeps"]["threshold"]
            assert sweep["error_rate"][sweep["values"].index(0.0)] == pytest.approx(scores["error_rate"])
            assert sweep["f1"][sweep["values"].index(0.0)] == pytest.approx(scores["f1"])


def test_an_old_cell_without_sweeps_is_kept_and_gets_those_of_its_run(
    made: tuple[Path, ReproduceReport],
) -> None:
    cache, report = made
    path = Path(report.folder) / "cells" / "linear-single-seed0.json"
    whole = path.read_text()
    path.write_text(json.dumps({key: value for key, value in json.loads(whole).items() if key != "sensitivity"}))
    assert make(cache).cells["made"] == 0
    assert path.read_text() == whole


def test_a_cell_takes_sweeps_only_from_its_own_run(made: tuple[Path, ReproduceReport], tmp_path: Path) -> None:
    cache, report = made
    cell, run = Table(Path(report.folder)).find_cell("linear-single-seed0"), run_of(cache, 0)
    assert sweeps_of_run(cell, Dataset(cache, NAME), run) == cell.sensitivity
    assert sweeps_of_run(cell, Dataset(cache, NAME), run_of(cache, 1)) is None
    make_dataset(tmp_path)
    assert sweeps_of_run(cell, Dataset(tmp_path, NAME), run) is None
    shutil.copytree(cache, tmp_path, dirs_exist_ok=True)
    copy = Dataset(tmp_path, NAME)
    assert sweeps_of_run(cell, copy, run) == cell.sensitivity
    shutil.rmtree(named_run(copy, run).folder)
    shutil.copytree(named_run(copy, run_of(cache, 1)).folder, named_run(copy, run).folder)  # another of that name
    assert sensitivity_of_run(copy, run).keys() == cell.sensitivity.keys()
    assert sweeps_of_run(cell, copy, run) is None


def test_a_cell_records_its_features_and_other_features_are_refused(made: tuple[Path, ReproduceReport]) -> None:
    cache, report = made
    there, spec = cells(report)["linear-single-seed0"], FeatureSpec(FRONT_END)
    assert (there["features"], there["front_end"]) == (spec.fingerprint, "logmel")
    assert there["validation_loss"] > 0
    assert (there["device"], there["precision"]) == ("cpu", "float32")
    others = replace(spec, dtype="float32")
    with pytest.raises(StaleError, match=f"features: there '{spec.fingerprint}', now '{others.fingerprint}'"):
        reproduce_table2(Dataset(cache, NAME), QUICK, others, grid((0,), GRID, ("linear",)), folder=Path(report.folder))


def test_an_old_cell_without_recorded_features_is_kept(made: tuple[Path, ReproduceReport]) -> None:
    cache, report = made
    path = Path(report.folder) / "cells" / "linear-single-seed0.json"
    whole = path.read_text()
    new = ("features", "front_end", "validation_loss", "training_loss", "device", "precision")
    path.write_text(json.dumps({key: value for key, value in json.loads(whole).items() if key not in new}))
    assert make_two(cache).cells["made"] == 0
    path.write_text(whole)


def test_tables_of_other_features_have_their_own_folder(made: tuple[Path, ReproduceReport]) -> None:
    dataset, point = Dataset(made[0], NAME), GridPoint("linear", (), 0)
    usual = FeatureSpec.of_clips(dataset.read_record().clip_format)
    assert default_folder(dataset, QUICK, usual).name == "table2-tiny"
    assert run_name(dataset, QUICK, usual, point) == "table2-tiny-paper-1-linear-single-seed0"
    other = replace(usual, dtype="float32")
    assert default_folder(dataset, QUICK, other).name == f"table2-tiny-logmel-{other.fingerprint[:6]}"


def test_the_table_shows_its_figures(made: tuple[Path, ReproduceReport]) -> None:
    folder = Path(made[1].folder)
    for name, n_blocks in (("table.svg", 4), ("sensitivity.svg", 2)):
        assert f"]({name})" in (folder / "table.md").read_text()
        assert len(list(of_class(parsed((folder / name).read_text()), "block"))) == n_blocks


def test_cells_made_in_parallel_share_the_threads_and_give_the_same_results(
    made: tuple[Path, ReproduceReport], tmp_path: Path
) -> None:
    make_dataset(tmp_path)
    heard, settings = Heard(), replace(QUICK, threads=3)
    report = reproduce_table2(
        Dataset(tmp_path, NAME),
        settings,
        FeatureSpec(FRONT_END),
        grid((0,), GRID, ("linear",)),
        work=Work(2),
        listener=heard,
    )
    whole = results(made[1])
    assert results(report) == {name: whole[name] for name in cells(report)}
    assert {cell["threads"] for cell in cells(report).values()} == {1}
    assert {line.split(":")[0] for line in heard.lines} == set(cells(report))  # no lines about single epochs


def test_a_cell_records_its_threads_and_a_run_resumes_with_its_original_number(
    made: tuple[Path, ReproduceReport], tmp_path: Path
) -> None:
    shutil.copytree(made[0], tmp_path, dirs_exist_ok=True)
    cache = Dataset(tmp_path, NAME)
    settings = replace(QUICK, threads=2)
    folder = default_folder(cache, QUICK, FeatureSpec(FRONT_END)) / "cells"
    (folder / "linear-5-seed0.json").unlink()
    (folder / "linear-single-seed0.json").unlink()
    shutil.rmtree(named_run(cache, RUN).folder)
    again = reproduce_table2(Dataset(tmp_path, NAME), settings, FeatureSpec(FRONT_END), grid((0,), GRID))
    assert (again.cells["made"], again.failed) == (2, {})  # the others, made with 1 thread, are kept
    threads = {name: cell["threads"] for name, cell in cells(again).items() if name.startswith("linear")}
    assert threads["linear-single-seed0"] == 2
    assert threads["linear-5-seed0"] == 1


def test_a_cell_trained_elsewhere_is_waited_for_and_each_cell_prints_a_line(tmp_path: Path) -> None:
    cache = make_dataset(tmp_path)
    held = hold(named_run(cache, RUN).lock_path, "training", "")
    held.__enter__()

    class Frees(Heard):
        def say(self, line: str) -> None:
            super().say(line)
            if "waiting" in line:
                held.__exit__(None, None, None)

    heard = Frees()
    assert make_two(tmp_path, listener=heard).cells["missing"] == 0
    waiting, first, last = (line for line in heard.lines if line.startswith(("another", "linear-")))
    assert waiting == f"another process is training {RUN}: waiting for it"
    told = r"linear-single-seed0: testing ER \d\.\d\d, F1 [\d.]+% \(tuned\), 0 min \d+ s; "
    assert re.fullmatch(told + r"1 of 2 left, 0 min \d+ s: until about \w{3} \d\d:\d\d", first)
    assert last.endswith("; the last of 2")


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_failed_cell_does_not_stop_the_others_and_is_retried(tmp_path: Path, jobs: int) -> None:
    cache = make_dataset(tmp_path)
    record = named_run(cache, RUN).record_path
    record.parent.mkdir(parents=True)
    record.write_text("half of it")
    heard = Heard()
    report = make_two(tmp_path, work=Work(jobs), listener=heard)
    assert report.cells == {"all": 2, "made": 1, "missing": 1}
    assert set(report.failed) == {"linear-single-seed0"}
    reason = report.failed["linear-single-seed0"]
    assert "run.json is damaged: it is not JSON" in reason
    assert any(line.startswith(f"linear-single-seed0: failed: {reason}, 0 min") for line in heard.lines)
    assert f"Not made: linear-single-seed0: {reason}" in (Path(report.folder) / "table.md").read_text()
    assert f"failed: linear-single-seed0: {reason}" in reproduce_lines(report)
    record.unlink()
    again = make_two(tmp_path)
    assert (again.cells, again.failed) == ({"all": 2, "made": 1, "missing": 0}, {})
    assert "Not made" not in (Path(report.folder) / "table.md").read_text()


def test_an_unexpected_exception_is_reported_with_its_location(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_dataset(tmp_path)

    def fail(*_: object, **__: object) -> None:
        raise KeyError("loud")

    monkeypatch.setattr("sedpipe.stages.reproduce.cells.train", fail)
    report = make_two(tmp_path)
    assert len(report.failed) == 2
    assert re.fullmatch(r"KeyError: 'loud' \(.*test_table2\.py, line \d+\)", report.failed["linear-5-seed0"])
    assert not (Path(report.folder) / "table.md").exists()


def test_without_features_nothing_is_started(tmp_path: Path) -> None:
    cache = make_dataset(tmp_path)
    shutil.rmtree(cache.folder / "features")
    with pytest.raises(MissingStageError) as caught:
        make(tmp_path)
    assert "sedpipe features" in caught.value.hint
    assert not (cache.folder / "tables").exists()


def test_without_strong_labels_nothing_is_started(tmp_path: Path) -> None:
    cache = make_dataset(tmp_path, strong=())
    with pytest.raises(MissingStageError, match="tiny has strong labels for neither testing nor evaluation") as caught:
        make(tmp_path)
    assert "`strong` list" in caught.value.hint
    assert not (cache.folder / "tables").exists()
    assert not (cache.folder / "runs").exists()


def test_cells_without_scores_give_a_table_without_rows_or_figures(
    made: tuple[Path, ReproduceReport], tmp_path: Path
) -> None:
    folder = tmp_path / "copied"
    shutil.copytree(Path(made[1].folder) / "cells", folder / "cells")
    shutil.copy(Path(made[1].folder) / "table.json", folder)
    for path in (folder / "cells").glob("*.json"):
        path.write_text(json.dumps({**json.loads(path.read_text()), "splits": {}, "sensitivity": {}}))
    draw_table(Dataset(made[0], NAME), folder, "table2")
    assert "12 cells" in (folder / "table.md").read_text()
    assert "table.svg" not in (folder / "table.md").read_text()
    assert (folder / "table.csv").read_text().count("\n") == 1
    assert not list(folder.glob("*.svg"))


def test_the_folder_records_what_the_table_contains(made: tuple[Path, ReproduceReport], tmp_path: Path) -> None:
    shutil.copytree(made[0], tmp_path, dirs_exist_ok=True)
    report = make(tmp_path)
    record = json.loads((Path(report.folder) / "table.json").read_text())
    runs = record.pop("runs")
    known = {name: record.pop(name) for name in ("primary", "recordings", "median_event_s", "comparisons")}
    assert record == {
        "dataset": NAME, "table": "table2", "preset": "tiny", "recipe": "paper", "epochs": 1, "seeds": [0, 1]
    }  # fmt: skip
    assert set(runs) == set(cells(report))
    assert all(named_run(Dataset(tmp_path, NAME), run).is_finished for run in runs.values())
    assert known["primary"] == "common"
    assert {split: len(clips) for split, clips in known["recordings"].items()} == {"testing": 6, "evaluation": 5}
    assert known["median_event_s"]["testing"].keys() <= set(LABELS)
    assert {one["rule"] for one in known["comparisons"]} == {"common", "threshold_free", "chosen"}


def test_a_table_redrawn_from_its_cells_alone_is_identical(made: tuple[Path, ReproduceReport], tmp_path: Path) -> None:
    shutil.copytree(Path(made[1].folder), tmp_path / "copied")
    drawn = ("table.json", "table.md", "table.csv", "table.svg", "sensitivity.svg", "classes.csv", "classes.svg")
    draw_table(Dataset(made[0], NAME), tmp_path / "copied", "table2")
    before = {name: (tmp_path / "copied" / name).read_bytes() for name in drawn}
    for name in drawn[1:]:
        (tmp_path / "copied" / name).unlink()
    report = draw_table(Dataset(tmp_path / "no cache", NAME), tmp_path / "copied", "table2")
    assert report.cells == {"all": 12, "made": 0, "missing": 0}
    assert {name: (tmp_path / "copied" / name).read_bytes() for name in drawn} == before
    record = json.loads(before["table.json"])
    assert record["seeds"] == [0, 1]
    (tmp_path / "copied" / "table.json").write_text(
        json.dumps(record | {"seeds": [1]})
    )  # the last call made some seeds
    draw_table(Dataset(tmp_path / "no cache", NAME), tmp_path / "copied", "table2")
    assert (tmp_path / "copied" / "table.json").read_bytes() == before["table.json"]
    (tmp_path / "copied" / "cells" / "linear-single-seed0.json").unlink()
    assert draw_table(Dataset(tmp_path / "no cache", NAME), tmp_path / "copied", "table2").cells["missing"] == 1


def test_cells_of_different_clips_or_no_cells_at_all_cannot_be_drawn(
    made: tuple[Path, ReproduceReport], tmp_path: Path
) -> None:
    shutil.copytree(Path(made[1].folder), tmp_path / "copied")
    path = tmp_path / "copied" / "cells" / "linear-single-seed0.json"
    cell = json.loads(path.read_text())
    testing = cell["splits"]["testing"]
    testing["clips"] -= 1
    del testing["clip_ids"]
    for counts in (*testing["counts"].values(), *testing["counts_common"].values()):
        counts.pop()
    path.write_text(json.dumps(cell))
    with pytest.raises(StaleError, match="were scored on 5 or 6 clips of testing"):
        draw_table(Dataset(tmp_path, NAME), tmp_path / "copied", "table2")
    with pytest.raises(MissingStageError, match="holds no cells of a table"):
        draw_table(Dataset(tmp_path, NAME), tmp_path / "nothing", "table2")


def test_an_old_cell_without_classes_and_loss_gets_those_of_its_run(
    made: tuple[Path, ReproduceReport],
) -> None:
    cache, report = made
    path = Path(report.folder) / "cells" / "linear-single-seed0.json"
    whole = path.read_text()
    cell = json.loads(whole)
    losses = [cell.pop("validation_loss"), cell.pop("training_loss")]
    for scores in cell["splits"].values():
        del scores["clip_ids"]
        for common in scores["post_processing_common"].values():
            del common["per_class"]
    path.write_text(json.dumps(cell))
    assert make(cache).cells["made"] == 0
    assert json.loads(path.read_text()) == json.loads(whole)
    assert min(losses) > 0


def test_other_poolings_have_their_own_rows(tmp_path: Path) -> None:
    make_dataset(tmp_path)
    report = make(tmp_path, (0,), poolings=("auto",))
    assert set(cells(report)) == {"auto-single-seed0", "auto-5-seed0"}
    assert "auto, 5 against single" in (Path(report.folder) / "table.md").read_text()


def test_a_network_without_pooling_is_refused(tmp_path: Path) -> None:
    settings = replace(QUICK, network=MultiscaleConfig())
    with pytest.raises(SettingsError, match="the network multiscale of preset tiny pools no frames"):
        reproduce_table2(Dataset(tmp_path, NAME), settings, FeatureSpec(FRONT_END), grid((0,), GRID))


def test_cells_of_the_folder_that_a_call_leaves_out_of_its_table_are_counted(
    made: tuple[Path, ReproduceReport], tmp_path: Path
) -> None:
    folder, heard = tmp_path / "its table", Heard()
    shutil.copytree(Path(made[1].folder), folder)
    make_two(made[0], folder=folder, listener=heard)
    [line] = [line for line in heard.lines if "not in the table" in line]
    assert line.startswith("10 more cells of this folder not in the table; `")
    words = shlex.split(line.split("`")[1])
    assert words[1:] == ["reproduce", "table2", NAME, "--out", str(folder), "--draw"]
    draw_table(Dataset(made[0], NAME), folder, "table2")
    assert json.loads((folder / "table.json").read_text())["seeds"] == [0, 1]
    heard = Heard()
    make(made[0], folder=folder, listener=heard)
    assert not any("not in the table" in line for line in heard.lines)
