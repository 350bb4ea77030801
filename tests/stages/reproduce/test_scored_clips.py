from collections.abc import Sequence
from pathlib import Path

import pytest
from grouped import grouped_birds
from sedpipe.clips import Clip
from sedpipe.errors import StaleError
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.table_folder import Table
from sedpipe.io.lists.clips import write_clips
from sedpipe.io.records.dataset import DatasetRecord
from sedpipe.io.records.table import Cell, CellScores, TableRecord
from sedpipe.stages.reproduce.scored_clips import check_same_clips, judged
from some_records import cell_of, table_record
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
def test_cells_scored_on_different_clips_are_refused(tmp_path: Path, others: list[str], said: str) -> None:
    with pytest.raises(StaleError, match=said) as caught:
        check_same_clips(Table(tmp_path), [cell(0, ["a", "b"]), cell(1, ["a", "b"]), cell(7, others)])
    assert str(tmp_path) in caught.value.message
    assert "features" in caught.value.hint


def test_cells_of_the_same_clips_and_old_cells_without_clip_names_pass(tmp_path: Path) -> None:
    check_same_clips(Table(tmp_path), [cell(0, [], 2), cell(1, ["a", "b"]), cell(2, ["a", "b"])])


def test_a_group_defined_later_applies_to_cells_made_before(tmp_path: Path) -> None:
    ids = ["a_0", "a_1", "b_0", "b_1"]
    cells = [cell(0, ids), cell(1, ids)]
    dataset = Dataset(tmp_path / "cache", "birds")
    write_clips(dataset.clips_path, [Clip(one, "testing", f"{one}.wav", 0.0, 3.0, ("Crow",)) for one in ids])

    def judged_after_download(group: str) -> tuple[TableRecord, list[str]]:
        manifest = grouped_birds(tmp_path, group)
        plain = {"dataset": "birds", "labels": ("Crow",), "listed": {"testing": 4}}
        dataset.write_record(DatasetRecord(**plain, fingerprint=manifest.fingerprint, manifest=str(manifest.path)))
        return judged(dataset, before, cells)

    before = table_record(1, {})
    before, remarks = judged_after_download("")
    assert (before.recordings["testing"], remarks) == (tuple((f"{one}.wav",) for one in ids), [])
    after, remarks = judged_after_download('group = "prefix_"')
    assert (after.recordings["testing"], remarks) == ((("a",), ("a",), ("b",), ("b",)), [])
    (tmp_path / "birds.toml").unlink()  # the table's folder still records the groups
    assert judged(dataset, after, cells) == (after, [])
    unknown, remarks = judged(dataset, table_record(1, {}), cells)
    assert unknown.recordings == {}
    assert "belong together" in remarks[0]


@pytest.mark.parametrize(
    ("listed", "told"),
    [(3, ["2 of the 3 clips that testing lists were scored: the others are missing"]), (2, []), (0, [])],
)
def test_a_table_reports_how_many_listed_clips_were_scored(tmp_path: Path, listed: int, told: list[str]) -> None:
    cells = [cell(0, ["a", "b"]), cell(1, ["a", "b"])]
    scores = cells[1].splits["testing"].model_copy(update={"listed": listed})
    cells[1] = cells[1].model_copy(update={"splits": {"testing": scores}})
    _, remarks = judged(Dataset(tmp_path, "nobody-knows"), table_record(1, {}), cells)
    assert remarks[:-1] == told
