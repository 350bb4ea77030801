import json
from pathlib import Path

import pytest
from pydantic import ValidationError
from sedpipe.detection.postprocess import PostProcessing
from sedpipe.detection.sensitivity import Sweep
from sedpipe.errors import SedpipeError
from sedpipe.io.cache.table_folder import Table
from sedpipe.io.records.table import Around, CellScores, TableRecord
from swept_cells import CELLS, overall

ROW = (1, 2, 1, 1)


def test_counts_must_cover_every_clip_and_operating_point() -> None:
    points = {"min_er": overall()}
    assert CellScores(clips=2, operating_points=points, counts={"min_er": (ROW, ROW)}).counts["min_er"][1] == ROW
    for clips, counts in ((3, {"min_er": (ROW, ROW)}), (2, {"max_f1": (ROW, ROW)}), (0, {"min_er": ((1, 2, 3),)})):
        with pytest.raises(ValidationError):
            CellScores.model_validate({"clips": clips, "operating_points": points, "counts": counts})


@pytest.mark.parametrize("sweep", [Sweep((0.0, 1.0), (0.5,), (0.5, 0.5)), Sweep((), (), ())])
def test_a_sweep_must_have_a_score_for_each_value(sweep: Sweep) -> None:
    with pytest.raises(ValidationError, match="expected a score for each value of threshold"):
        Around(settings=PostProcessing(0.5), sweeps={"threshold": sweep})


@pytest.mark.parametrize("name", ["../b", "", "a/b", ".hidden"])
def test_a_path_is_refused_as_the_name_of_a_run_or_cell(name: str) -> None:
    with pytest.raises(ValidationError):
        TableRecord(
            dataset="d",
            table="table2",
            preset="p",
            recipe="r",
            epochs=1,
            seeds=(0,),
            runs={"linear-5-seed0": name},
        )
    with pytest.raises(ValidationError):
        TableRecord(dataset="d", table="table2", preset="p", recipe="r", epochs=1, seeds=(0,), runs={name: "run"})


def test_a_cell_whose_number_of_clips_differs_from_its_counts_is_damaged(tmp_path: Path) -> None:
    table = Table(tmp_path)
    table.write_cell("a", CELLS[0])
    content = json.loads(table.cell_path("a").read_text())
    content["splits"]["testing"]["clips"] = 7
    table.cell_path("a").write_text(json.dumps(content))
    with pytest.raises(SedpipeError, match="expected a row of counts for each of the 7 clips") as caught:
        table.find_cell("a")
    assert caught.value.hint == "delete it, and it is made again"
