"""Stored features that no longer match what was written."""

import h5py
import numpy as np
import pytest
from own_dataset import CONFIG, Own
from sedpipe.errors import SedpipeError
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.feature_file import FeatureFile
from sedpipe.listener import Listener
from sedpipe.reports.data import FeatureCounts
from sedpipe.shards import Shard
from sedpipe.stages.features import explain_features
from stored_rows import as_in_the_first_edition, zero_bytes


class Hears(Listener):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)


@pytest.fixture
def own(tmp_path):
    made = Own(tmp_path / "cache", training=5, testing=2)
    made.extract()
    return made


@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_only_damaged_rows_are_recomputed_and_they_are_reported(own, compression):
    own.extract(compression=compression)
    whole, heard = own.store().read_bytes(), Hears()
    for row in (1, 3):
        zero_bytes(own.store(), row)
    explained = explain_features(Dataset(own.root, "own"), FeatureSpec(CONFIG))
    assert [(reason.reason, reason.clips) for reason in explained.reasons["training"]] == [
        ("its stored features are damaged", 2)
    ]
    report = own.extract(listener=heard)
    assert report.splits["training"] == FeatureCounts(clips=5, computed=2, reused=3, failed=0, damaged=2)
    assert heard.lines == [
        "training: stored features of 2 clips are damaged, so computed again: training-1, training-3"
    ]
    assert own.store().read_bytes() == whole
    assert own.extract().splits["training"].reused == 5


def test_an_unreadable_store_is_recomputed_and_the_others_are_kept(own):
    whole, heard = own.stores(), Hears()
    own.store().write_bytes(own.store().read_bytes()[:2000])
    report = own.extract(listener=heard)
    assert report.splits["training"].damaged == report.splits["training"].computed == 5
    assert report.splits["testing"].reused == 2
    assert len(heard.lines) == 2
    assert heard.lines[0].startswith(f"cannot read {own.store()}: truncated file")
    assert own.stores() == whole


def test_a_damaged_shard_is_recomputed(own):
    whole = own.stores()
    own.store().unlink()
    first = next(k for k in (1, 2, 3) if any(Shard(k, 3).holds(clip.clip_id) for clip in own.clips[:5]))
    own.extract(shard=Shard(first, 3))
    [shard] = own.features.glob("training.shards/*.h5")
    zero_bytes(shard, 0)
    for part in {1, 2, 3} - {first}:
        own.extract(shard=Shard(part, 3))
    assert not own.store().exists()  # a clip of the first part is missing
    assert own.extract(shard=Shard(first, 3)).splits["training"].damaged == 1
    assert own.stores() == whole


def test_a_damaged_row_without_usable_audio_is_dropped_and_counted_as_failed(own):
    zero_bytes(own.store(), 2)
    own.cache.audio_path(own.clips[2]).write_bytes(b"no audio")
    report = own.extract()
    assert report.splits["training"] == FeatureCounts(clips=5, computed=0, reused=4, failed=1, damaged=1)
    assert FeatureFile(own.store()).clip_ids == ["training-0", "training-1", "training-3", "training-4"]


def test_a_damaged_row_of_changed_audio_is_recomputed(own):
    own.record_audio(own.clips[2], seed=77)
    zero_bytes(own.store(), 2)
    assert own.counts() == (1, 4, 0)
    own.assert_right(own.clips[:5])


def test_stores_without_checksums_are_kept_and_get_them_when_a_clip_is_added(own):
    for split in ("training", "testing"):
        as_in_the_first_edition(own.store(split))
    before, values = own.stores(), FeatureFile(own.store()).read_features(range(5))
    assert own.counts() == (0, 5, 0)
    assert own.stores() == before
    own.clips.insert(5, own.clip("training", 5))
    own.list_clips(own.clips)
    own.record_audio(own.clips[5], seed=50)
    assert own.counts() == (1, 5, 0)
    with h5py.File(own.store()) as file:
        assert len(file["checksum"]) == 6
    np.testing.assert_array_equal(FeatureFile(own.store()).read_features(range(5)), values)


@pytest.mark.parametrize("n_bytes", [1, 40_000])
def test_reading_a_damaged_row_gives_an_error_with_advice(own, n_bytes):
    zero_bytes(own.store(), 4, n_bytes)
    with pytest.raises(SedpipeError, match=r"training-4' are not what was written$") as caught:
        FeatureFile(own.store()).read(4)
    assert "run `sedpipe features DATASET` again" in caught.value.hint
