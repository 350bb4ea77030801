from pathlib import Path

import numpy as np
import pytest
from sedpipe.clips import Clip
from sedpipe.errors import ListFormatError
from sedpipe.events import Event
from sedpipe.features.logmel import LogMelConfig
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.feature_store import FeatureFile, FeatureRow, write_shard
from sedpipe.labels import LabelSet
from sedpipe.steps.batches import ClipBatches
from sedpipe.steps.truth import read_truth

LABELS = LabelSet(("Dog", "Rain"))
FRONT_END = LogMelConfig(sample_rate=1000, window_length=100, hop_length=100, n_fft=128, n_frames=40, n_mels=2)
HEADER = "filename\tonset\toffset\tevent_label\n"


@pytest.fixture
def batches(tmp_path: Path) -> ClipBatches:
    """Clips a, b, c of which a and c have features, c only 1.2 s long."""
    rows = [FeatureRow(name, np.zeros((40, 2), np.float32), n, "0" * 64) for name, n in (("c", 12), ("a", 40))]
    write_shard(tmp_path / "testing.h5", rows, FeatureSpec(FRONT_END))
    clips = [Clip(name, "testing", name, 0.0, 4.0, ("Dog",)) for name in "abc"]
    return ClipBatches(FeatureFile(tmp_path / "testing.h5"), clips, LABELS)


def cache_with(tmp_path: Path, reference: str | None) -> Dataset:
    cache = Dataset(tmp_path, "tiny")
    cache.folder.mkdir()
    if reference is not None:
        cache.reference_path("testing").write_text(reference)
    return cache


def test_without_strong_labels_there_is_no_truth(tmp_path, batches):
    assert read_truth(cache_with(tmp_path, None), "testing", batches, LABELS, FRONT_END) is None


def test_truth_is_of_the_clips_with_features_and_as_long_as_their_frames(tmp_path, batches):
    reference = HEADER + "b.wav\t0.0\t1.0\tDog\na.wav\t0.5\t2.0\tRain\na.wav\t1.0\t4.0\tDog\nc.wav\t0.1\t0.2\tDog\n"
    truth = read_truth(cache_with(tmp_path, reference), "testing", batches, LABELS, FRONT_END)
    assert truth.clip_ids == ["a", "c"]
    assert truth.reference == {"a": [Event(0.5, 2.0, "Rain"), Event(1.0, 4.0, "Dog")], "c": [Event(0.1, 0.2, "Dog")]}
    assert truth.durations == pytest.approx({"a": 4.0, "c": 1.2})


def test_a_clip_in_which_nothing_sounds_counts(tmp_path, batches):
    truth = read_truth(cache_with(tmp_path, HEADER + "a.wav\t\t\t\n"), "testing", batches, LABELS, FRONT_END)
    assert truth.reference == {"a": [], "c": []}


def test_the_truth_is_of_the_split_that_is_asked_for(tmp_path, batches):
    cache = cache_with(tmp_path, HEADER + "a.wav\t0.5\t2.0\tRain\n")
    assert read_truth(cache, "evaluation", batches, LABELS, FRONT_END) is None


def test_an_event_of_an_unknown_class_is_named_by_file_and_line(tmp_path, batches):
    cache = cache_with(tmp_path, HEADER + "a.wav\t0.5\t2.0\tDgo\n")
    with pytest.raises(ListFormatError, match=r"reference-testing\.tsv:2: label 'Dgo' is not .*did you mean 'Dog'"):
        read_truth(cache, "testing", batches, LABELS, FRONT_END)
