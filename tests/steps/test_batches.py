import threading
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from sedpipe.clips import Clip
from sedpipe.errors import MissingStageError
from sedpipe.features.logmel import LogMelConfig
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.cache.feature_file import FeatureFile
from sedpipe.io.cache.feature_store import FeatureRow, write_shard
from sedpipe.labels import LabelSet, UnknownLabelError
from sedpipe.steps.batches import ClipBatches, read_ahead
from sedpipe.training.batch import Batch

torch.set_num_threads(1)
LABELS = LabelSet(("Dog", "Rain"))
FRONT_END = LogMelConfig(n_frames=4, n_mels=3)
LISTED = {"a": ("Dog",), "b": (), "c": ("Rain", "Dog"), "d": ("Rain",), "e": ("Dog",)}


def clips(*names: str) -> list[Clip]:
    return [Clip(name, "training", name, 0.0, 10.0, LISTED[name]) for name in names]


def row(name: str, n_frames: int = 4, features: np.ndarray | None = None) -> FeatureRow:
    """Return a row whose features identify its clip."""
    features = np.full((4, 3), ord(name), np.float32) if features is None else features
    return FeatureRow(name, features, n_frames, name * 64)


def stored(tmp_path: Path, rows: Sequence[FeatureRow], dtype: str = "float32") -> FeatureFile:
    path = tmp_path / "training.h5"
    write_shard(path, rows, FeatureSpec(FRONT_END, dtype))
    return FeatureFile(path)


def test_features_and_labels_are_matched_by_clip_id_in_any_file_order(tmp_path):
    file = stored(tmp_path, [row(name, n_frames) for name, n_frames in zip("decba", (1, 2, 3, 4, 1), strict=True)])
    batches = ClipBatches(file, clips(*"abcde"), LABELS)
    for some in (batches.in_order(2), batches.epoch(2, seed=0, epoch=1)):
        for batch in some:
            for k, name in enumerate(batch.clip_ids):
                assert (batch.x[k] == ord(name)).all()
                assert torch.equal(
                    batch.y[k], torch.tensor([float("Dog" in LISTED[name]), float("Rain" in LISTED[name])])
                )
                assert batch.n_frames[k] == {"d": 1, "e": 2, "c": 3, "b": 4, "a": 1}[name]


def test_a_clip_lasts_as_long_as_its_samples_up_to_the_clip_length_of_the_dataset(tmp_path):
    grid = FRONT_END.grid  # four frames of 20 ms
    lasting = (0, 3528, 3000, 1765, 5000)
    rows = [replace(row(name, n), n_samples=k) for name, n, k in zip("abcde", (4, 4, 4, 3, 4), lasting, strict=True)]
    batches = ClipBatches(stored(tmp_path, rows), clips(*"abcde"), LABELS)
    assert batches.durations(grid, 10.0).tolist() == [0.08, 0.08, 0.068, 0.04, 0.08]
    assert batches.durations(grid, 0.07).tolist() == [0.07, 0.07, 0.068, 0.04, 0.07]


def test_a_clip_without_features_is_left_out(tmp_path):
    batches = ClipBatches(stored(tmp_path, [row("c"), row("a")]), clips(*"abcd"), LABELS)
    assert [clip.clip_id for clip in batches.clips] == ["a", "c"]
    assert len(batches) == 2
    assert batches.targets.tolist() == [[1, 0], [1, 1]]
    assert batches.audio_sha256 == ["a" * 64, "c" * 64]


def test_features_of_unlisted_clips_are_ignored(tmp_path):
    batches = ClipBatches(stored(tmp_path, [row("e"), row("a")]), clips("a"), LABELS)
    assert [batch.clip_ids for batch in batches.in_order(8)] == [["a"]]


def test_in_order_follows_the_clip_list_with_a_short_last_batch(tmp_path):
    batches = ClipBatches(stored(tmp_path, [row(name) for name in "ecabd"]), clips(*"abcde"), LABELS)
    some = list(batches.in_order(2))
    assert [batch.clip_ids for batch in some] == [["a", "b"], ["c", "d"], ["e"]]
    assert [tuple(batch.x.shape) for batch in some] == [(2, 4, 3), (2, 4, 3), (1, 4, 3)]
    assert {batch.x.dtype for batch in some} == {torch.float32}


def test_only_seed_and_epoch_determine_the_order(tmp_path):
    batches = ClipBatches(stored(tmp_path, [row(name) for name in "abcde"]), clips(*"abcde"), LABELS)

    def order(seed: int, epoch: int, size: int = 2) -> list[str]:
        return [name for batch in batches.epoch(size, seed, epoch) for name in batch.clip_ids]

    assert order(0, 1) == order(0, 1) == order(0, 1, size=5)
    assert len({tuple(order(seed, epoch)) for seed in range(3) for epoch in range(3)}) > 5
    assert all(sorted(order(0, epoch)) == list("abcde") for epoch in range(5))


def same(one: Batch, other: Batch) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one[:3], other[:3], strict=True)) and one.clip_ids == other.clip_ids


def test_reading_ahead_changes_neither_batches_nor_their_order(tmp_path):
    batches = ClipBatches(stored(tmp_path, [row(name) for name in "abcde"]), clips(*"abcde"), LABELS)
    plain, ahead = list(batches.epoch(2, 0, 1)), list(read_ahead(batches.epoch(2, 0, 1)))
    assert all(same(one, other) for one, other in zip(plain, ahead, strict=True))
    assert list(read_ahead([])) == []


def test_one_batch_is_read_ahead_and_its_error_is_raised_in_its_turn():
    asked = []

    def batches():
        for number in range(3):
            asked.append(number)
            if number == 1:
                raise OSError("the disk is gone")
            yield number

    ahead = read_ahead(batches())
    assert next(ahead) == 0
    with pytest.raises(OSError, match="the disk is gone"):
        next(ahead)
    assert asked == [0, 1]


def test_closing_the_iterator_early_ends_the_reading_thread(tmp_path):
    batches = ClipBatches(stored(tmp_path, [row(name) for name in "abcde"]), clips(*"abcde"), LABELS)
    before = set(threading.enumerate())  # threads of tests that fail on purpose may be kept alive by their traceback
    ahead = read_ahead(batches.in_order(1))
    next(ahead)
    assert any(thread.name.startswith("read-ahead") for thread in set(threading.enumerate()) - before)
    ahead.close()
    assert set(threading.enumerate()) <= before


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_features_kept_on_a_device_give_the_same_batches(tmp_path, dtype):
    g = np.random.default_rng(0)
    rows = [row(name, 4, g.normal(-60, 9, (4, 3)).astype(dtype)) for name in "abcde"]
    batches = ClipBatches(stored(tmp_path, rows, dtype), clips(*"dbe"), LABELS)
    read = list(batches.epoch(2, 0, 1))
    batches.keep_on(torch.device("cpu"))
    (tmp_path / "training.h5").unlink()  # not needed any more
    assert all(same(one, other) for one, other in zip(read, batches.epoch(2, 0, 1), strict=True))
    assert batches.n_bytes == 3 * 4 * 3 * np.dtype(dtype).itemsize


def test_an_epoch_resumes_after_the_batches_already_done(tmp_path):
    batches = ClipBatches(stored(tmp_path, [row(name) for name in "abcde"]), clips(*"abcde"), LABELS)
    whole = [batch.clip_ids for batch in batches.epoch(2, 0, 1)]
    for skip in range(4):
        assert [batch.clip_ids for batch in batches.epoch(2, 0, 1, skip=skip)] == whole[skip:]


def test_a_file_with_none_of_the_listed_clips_gives_an_error_with_the_command_to_run(tmp_path):
    with pytest.raises(MissingStageError, match="contains none of the listed clips") as caught:
        ClipBatches(stored(tmp_path, [row("e")]), clips("a", "b"), LABELS)
    assert "sedpipe features" in caught.value.hint


def test_a_label_outside_the_classes_is_refused(tmp_path):
    with pytest.raises(UnknownLabelError, match="'Dog' is not the one class"):
        ClipBatches(stored(tmp_path, [row("a")]), clips("a"), LabelSet(("Rain",)))


def test_a_balanced_epoch_keeps_its_size_and_has_every_class_equally_often(tmp_path):
    names = "abcdefghij"
    listed = [Clip(name, "training", name, 0.0, 10.0, ("Rain",) if name in "ab" else ("Dog",)) for name in names]
    batches = ClipBatches(stored(tmp_path, [row(name) for name in names]), listed, LABELS)
    targets = torch.cat([batch.y for batch in batches.epoch(4, 0, 1, order="balanced")])
    assert targets.sum(dim=0).tolist() == [5, 5]


def test_endless_batches_equal_consecutive_epochs_from_any_starting_point(tmp_path):
    batches = ClipBatches(stored(tmp_path, [row(name) for name in "abcde"]), clips(*"abcde"), LABELS)
    whole = [batch.clip_ids for epoch in (1, 2, 3) for batch in batches.epoch(2, seed=7, epoch=epoch)]
    for skip in (0, 2, 3, 4):
        found = [batch.clip_ids for batch in islice(batches.endless(2, 7, skip=skip), len(whole) - skip)]
        assert found == whole[skip:]
