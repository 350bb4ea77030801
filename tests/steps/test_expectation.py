from pathlib import Path

from sedpipe.clips import Clip
from sedpipe.fates import Fate
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.ledger import Ledger
from sedpipe.io.lists.clips import write_clips
from sedpipe.io.records.dataset import DatasetRecord
from sedpipe.steps.expectation import expectation


def test_before_anything_was_fetched_it_is_what_the_manifest_tells_of(tmp_path: Path) -> None:
    left = expectation(Dataset(tmp_path, "dcase2017-task4"), "dcase2017-task4")
    assert left.clips == 51_172 + 488 + 1_103
    assert 7 * 24 < left.hours < 8 * 24
    assert 30e9 < left.n_bytes < 31e9


def test_what_is_settled_is_not_waited_for(tmp_path: Path) -> None:
    dataset = Dataset(tmp_path, "videos")
    clips = [Clip(f"{n}", "training", f"{n}", 0.0, 10.0, ("Car",)) for n in range(300)]
    dataset.write_record(DatasetRecord(dataset="videos", fingerprint="1", labels=("Car",), listed={"training": 300}))
    write_clips(dataset.clips_path, clips)
    with Ledger(dataset.folder) as ledger:
        for clip in clips[:100]:
            ledger.record(Fate(clip.split, clip.clip_id, "gone", "removed"))
    assert expectation(dataset, "videos").clips == 200
    assert expectation(dataset, "videos").hours == 200 / 300


def test_a_dataset_that_nobody_knows_needs_nothing(tmp_path: Path) -> None:
    assert expectation(Dataset(tmp_path, "none"), "none").clips == 0
