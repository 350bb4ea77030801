import multiprocessing
from pathlib import Path

import numpy as np
import pytest
import torch
from own_dataset import Own
from sedpipe.api.data import OpenDataset, open_dataset
from sedpipe.errors import ManifestError, MissingStageError
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.cache.feature_store import merge
from sedpipe.steps.feature_plan import write_failed
from tiny_dataset import FRONT_END, LABELS, N_CLIPS, NAME, make_dataset
from torch.utils.data import DataLoader


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> OpenDataset:
    cache = tmp_path_factory.mktemp("cache")
    make_dataset(cache)
    return open_dataset(NAME, cache=str(cache))


def test_a_dataset_lists_its_classes_splits_and_clips(opened: OpenDataset) -> None:
    assert (opened.name, tuple(opened.labels), opened.splits) == (NAME, LABELS, list(N_CLIPS))
    assert [clip.clip_id for clip in opened.clips("testing")] == [f"testing-{i:05d}" for i in range(N_CLIPS["testing"])]


def test_reference_events_match_the_labels_of_every_clip(opened: OpenDataset) -> None:
    reference = opened.reference("testing")
    for clip in opened.clips("testing"):
        assert {event.label for event in reference[clip.clip_id]} == set(clip.labels)
    with pytest.raises(MissingStageError, match="tiny has no strong labels for training"):
        opened.reference("training")


def test_a_split_gives_features_weak_labels_and_frame_counts(opened: OpenDataset) -> None:
    split = opened.torch("training")
    assert len(split) == N_CLIPS["training"]
    for index, clip in enumerate(opened.clips("training")):
        x, y, n_frames = split[index]
        assert (x.shape, x.dtype, y.dtype) == ((40, 16), torch.float32, torch.float32)
        assert {label for label, there in zip(LABELS, y.tolist(), strict=True) if there} == set(clip.labels)
        assert n_frames == round(clip.duration * 10)
        np.testing.assert_array_equal(x[n_frames:], np.float16(FRONT_END.floor_db))


@pytest.mark.parametrize("start", ["fork", "spawn"])
@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
def test_workers_read_the_same_features_as_one_process(opened: OpenDataset, start: str) -> None:
    if start not in multiprocessing.get_all_start_methods():
        pytest.skip(f"no {start} here")
    split = opened.torch("training")
    split[0]  # opens the file before the workers are started
    alone = [split[index][0] for index in range(len(split))]
    loader = DataLoader(split, batch_size=4, num_workers=2, multiprocessing_context=start)
    torch.testing.assert_close(torch.cat([x for x, _, _ in loader]), torch.stack(alone), rtol=0, atol=0)


def test_features_can_be_selected_by_their_specification(opened: OpenDataset) -> None:
    assert len(opened.torch("testing", FeatureSpec(FRONT_END))) == N_CLIPS["testing"]
    with pytest.raises(MissingStageError, match=r"testing\.h5 does not exist") as caught:
        opened.torch("testing", FeatureSpec(FRONT_END, "float32"))
    assert caught.value.hint.startswith("run `sedpipe features tiny --cache ")


def test_a_split_whose_clips_all_failed_gives_a_one_line_error(tmp_path: Path) -> None:
    cache = make_dataset(tmp_path, splits=("training",))
    spec = FeatureSpec(FRONT_END)
    store = cache.features_dir(spec.fingerprint) / "training.h5"
    merge(store, [], 0, spec)
    with pytest.raises(MissingStageError, match=r"training\.h5 contains none of the listed clips") as caught:
        open_dataset(NAME, tmp_path).torch("training", spec)
    assert caught.value.hint == "run `sedpipe features DATASET` first"
    write_failed(store.with_suffix(".failed.tsv"), {"training-00000": "silent"})
    with pytest.raises(MissingStageError, match="contains none") as caught:
        open_dataset(NAME, tmp_path).torch("training")
    assert caught.value.hint == f"{store.with_suffix('.failed.tsv')} says why"


def test_a_missing_split_or_dataset_gives_a_one_line_error(opened: OpenDataset, tmp_path: Path) -> None:
    with pytest.raises(MissingStageError, match=r"no clips in 'test': it has training, testing, evaluation"):
        opened.clips("test")
    with pytest.raises(ManifestError, match="did you mean 'demo'"):
        open_dataset("demos", tmp_path)
    with pytest.raises(MissingStageError, match="demo is not in"):
        open_dataset("demo", tmp_path)


def test_features_of_replaced_audio_give_a_warning(tmp_path: Path) -> None:
    own = Own(tmp_path, training=2)
    own.extract()
    dataset = open_dataset("own", tmp_path)
    dataset.torch("training")
    own.record_audio(own.clips[1], seed=99)
    with pytest.warns(
        UserWarning, match=r"the audio of 1 clip \('training-1'\) has changed since the features"
    ) as told:
        dataset.torch("training")
    assert told[0].filename == __file__
