from collections.abc import Sequence
from pathlib import Path

import pytest
from sedpipe.errors import StaleError
from sedpipe.io.cache.table_folder import Table
from sedpipe.io.records.table import Cell, CellScores
from sedpipe.stages.reproduce.scored_clips import check_same_clips
from some_records import cell_of
from swept_cells import overall


def cell(seed: int, clip_ids: Sequence[str], n_clips: int | None = None) -> Cell:
    n_clips = len(clip_ids) if n_clips is None else n_clips
    counts = {"min_er": ((1, 2, 1, 1),) * n_clips}
    points = {"min_er": overall()}
    return cell_of(
        "linear",
        [5],
        seed,
        {"testing": CellScores(clips=n_clips, operating_points=points, counts=counts, clip_ids=tuple(clip_ids))},
    )


@pytest.mark.parametrize(
    ("others", "said"),
    [
        (["a", "c"], "row 2 is clip 'b' in linear 5 of seed 0 and 'c' in linear 5 of seed 7"),
        (["b", "a"], "row 1 is clip 'a' in linear 5 of seed 0 and 'b' in linear 5 of seed 7"),
        (["a"], r"were scored on 1 or 2 clips of testing"),
    ],
)
def test_cells_of_other_clips_are_never_compared_row_by_row(tmp_path: Path, others: list[str], said: str) -> None:
    with pytest.raises(StaleError, match=said) as caught:
        check_same_clips(Table(tmp_path), [cell(0, ["a", "b"]), cell(1, ["a", "b"]), cell(7, others)])
    assert str(tmp_path) in caught.value.message
    assert "features" in caught.value.hint


def test_cells_of_the_same_clips_pass_and_early_ones_that_name_none(tmp_path: Path) -> None:
    check_same_clips(Table(tmp_path), [cell(0, [], 2), cell(1, ["a", "b"]), cell(2, ["a", "b"])])
