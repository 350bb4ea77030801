import json
import multiprocessing
import signal
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from drawings import of_class, parsed
from tiny_dataset import FRONT_END, GRID, NAME, QUICK, make_dataset, reproduce_until

from pipeline.errors import StaleError
from pipeline.metrics.spread import rates
from pipeline.shards import Shard
from pipeline.stages.reproduce import Cell, ReproduceReport, grid, reproduce_table2, run_name
from pipeline.stages.sensitivity import found_later

torch.set_num_threads(1)


def make(cache: Path, seeds: tuple[int, ...] = (0, 1), **more: object) -> ReproduceReport:
    return reproduce_table2(NAME, cache, QUICK, FRONT_END, seeds, hierarchies=GRID, **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ReproduceReport]:
    cache = tmp_path_factory.mktemp("made")
    make_dataset(cache)
    return cache, make(cache)


def cells(report: ReproduceReport) -> dict[str, dict[str, object]]:
    paths = sorted((Path(report.folder) / "cells").glob("*.json"))
    return {path.stem: json.loads(path.read_text()) for path in paths}


def results(report: ReproduceReport) -> dict[str, object]:
    """What a cell came to, without how long it took."""
    return {
        name: {key: value for key, value in cell.items() if key != "seconds"} for name, cell in cells(report).items()
    }


def test_the_grid_has_six_systems_a_seed_and_whole_tables_come_first() -> None:
    names = [cell.name for cell in grid((0, 1))]
    assert names[:3] == ["linear-single-seed0", "linear-5x5-seed0", "exponential-single-seed0"]
    assert [name.endswith("seed0") for name in names] == [True] * 6 + [False] * 6


def test_a_cell_holds_what_it_was_made_with_and_counts_that_give_its_scores(made: tuple[Path, ReproduceReport]) -> None:
    cell = cells(made[1])["attention-5-seed1"]
    assert (cell["pooling"], cell["hierarchy"], cell["seed"], cell["preset"]) == ("attention", [5], 1, "tiny")
    for split in cell["splits"].values():  # type: ignore[attr-defined]
        for point, scores in split["operating_points"].items():
            total = rates([sum(column) for column in zip(*split["counts"][point], strict=True)])  # type: ignore[arg-type]
            assert total["error_rate"] == pytest.approx(scores["error_rate"], nan_ok=True)
            assert total["f1"] == pytest.approx(scores["f1"] or 0.0)


def test_the_table_has_every_system_with_its_seeds(made: tuple[Path, ReproduceReport]) -> None:
    _, report = made
    assert report.cells == {"all": 12, "made": 12, "missing": 0}
    table = (Path(report.folder) / "table.md").read_text()
    assert "## testing, min_er (tuned on this split)" in table
    assert "| exponential, 5 | 2 |" in table
    assert "attention, 5 against single, 2 seeds" in table
    assert len((Path(report.folder) / "table.csv").read_text().splitlines()) == 1 + 2 * 2 * 6


def test_what_is_there_is_kept_and_what_is_missing_is_made(made: tuple[Path, ReproduceReport]) -> None:
    cache, report = made
    before = results(report)
    (Path(report.folder) / "cells" / "linear-single-seed0.json").unlink()
    assert make(cache).cells == {"all": 12, "made": 1, "missing": 0}
    assert results(report) == before
    assert make(cache).cells["made"] == 0


@pytest.mark.parametrize(("name", "value"), [("epochs", 2), ("learning_rate", 0.02)])
def test_cells_of_other_settings_are_refused_whatever_they_are_called(
    made: tuple[Path, ReproduceReport], name: str, value: float
) -> None:
    cache, _ = made
    other = replace(QUICK, training=replace(QUICK.training, **{name: value}))
    with pytest.raises(StaleError, match=rf"other settings: .*{name}"):
        reproduce_table2(NAME, cache, other, FRONT_END, (0,), hierarchies=GRID)


def test_parts_share_the_cells_and_make_the_same_table(made: tuple[Path, ReproduceReport], tmp_path: Path) -> None:
    make_dataset(tmp_path)
    counts = [make(tmp_path, (0,), shard=Shard(index, 2)).cells for index in (1, 2)]
    assert sum(count["made"] for count in counts) == 6
    assert counts[-1]["missing"] == 0
    whole = results(made[1])
    parts = results(make(tmp_path, (0,)))
    assert parts == {name: whole[name] for name in parts}


def test_a_killed_grid_goes_on_to_the_same_cells(made: tuple[Path, ReproduceReport], tmp_path: Path) -> None:
    make_dataset(tmp_path)
    for lines in (2, 3):
        child = multiprocessing.get_context("spawn").Process(target=reproduce_until, args=(tmp_path, lines))
        child.start()
        child.join()
        assert child.exitcode == -signal.SIGKILL
    finished = results(make(tmp_path, (0,)))
    whole = results(made[1])
    assert finished == {name: whole[name] for name in finished}
    assert len(finished) == 6


def test_a_cell_tells_how_its_scores_on_testing_hang_on_post_processing(made: tuple[Path, ReproduceReport]) -> None:
    for cell in cells(made[1]).values():
        scored = cell["splits"]["testing"]["operating_points"]  # type: ignore[index]
        assert cell["sensitivity"].keys() == scored.keys() == {"min_er", "max_f1"}  # type: ignore[attr-defined]
        for point, scores in scored.items():
            around = cell["sensitivity"][point]  # type: ignore[index]
            assert set(around["sweeps"]) == {"threshold", "median_s", "min_duration_s"}
            sweep = around["sweeps"]["threshold"]
            assert sweep["error_rate"][sweep["values"].index(0.0)] == pytest.approx(scores["error_rate"])
            assert sweep["f1"][sweep["values"].index(0.0)] == pytest.approx(scores["f1"])


def test_a_cell_from_before_there_were_sweeps_is_kept_and_gets_those_of_its_run(
    made: tuple[Path, ReproduceReport],
) -> None:
    cache, report = made
    path = Path(report.folder) / "cells" / "linear-single-seed0.json"
    whole = path.read_text()
    path.write_text(json.dumps({key: value for key, value in json.loads(whole).items() if key != "sensitivity"}))
    assert make(cache).cells["made"] == 0
    assert path.read_text() == whole


def test_another_run_of_the_same_name_gives_a_cell_nothing(made: tuple[Path, ReproduceReport], tmp_path: Path) -> None:
    cache, report = made
    cell, run = cells(report)["linear-single-seed0"], run_name(QUICK, Cell("linear", (), 0))
    assert json.loads(json.dumps(found_later(cell, NAME, cache, run))) == cell["sensitivity"]
    assert found_later(cell, NAME, cache, run_name(QUICK, Cell("linear", (), 1))) is None
    make_dataset(tmp_path)
    assert found_later(cell, NAME, tmp_path, run) is None


def test_the_table_shows_its_figures(made: tuple[Path, ReproduceReport]) -> None:
    folder = Path(made[1].folder)
    for name, n_blocks in (("table.svg", 4), ("sensitivity.svg", 2)):
        assert f"]({name})" in (folder / "table.md").read_text()
        assert len(list(of_class(parsed((folder / name).read_text()), "block"))) == n_blocks
