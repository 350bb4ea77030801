from pathlib import Path

from sedpipe.clips import Clip
from sedpipe.fates import Fate
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.ledger import Ledger
from sedpipe.io.lists.clips import write_clips
from sedpipe.io.records.dataset import DatasetRecord
from sedpipe.steps.expectation import expectation


def test_before_any_download_the_expectation_covers_the_whole_manifest(tmp_path: Path) -> None:
    left = expectation(Dataset(tmp_path, "dcase2017-task4"), "dcase2017-task4")
    assert left.clips == 51_172 + 488 + 1_103
    assert 7 * 24 < left.hours < 8 * 24
    assert 30e9 < left.n_bytes < 31e9


def test_clips_that_are_gone_are_no_longer_expected(tmp_path: Path) -> None:
    dataset = Dataset(tmp_path, "videos")
    clips = [Clip(f"{n}", "training", f"{n}", 0.0, 10.0, ("Car",)) for n in range(300)]
    dataset.write_record(DatasetRecord(dataset="videos", fingerprint="1", labels=("Car",), listed={"training": 300}))
    write_clips(dataset.clips_path, clips)
    with Ledger(dataset.folder) as ledger:
        for clip in clips[:100]:
            ledger.record(Fate(clip.split, clip.clip_id, "gone", "removed"))
    assert expectation(dataset, "videos").clips == 200
    assert expectation(dataset, "videos").hours == 200 / 300


def test_no_clips_are_expected_for_an_unknown_dataset(tmp_path: Path) -> None:
    assert expectation(Dataset(tmp_path, "none"), "none").clips == 0
