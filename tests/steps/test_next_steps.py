from pathlib import Path

import pytest
from builders import tiny_mixtures
from sedpipe.clips import ClipFormat
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.recordings import KnownRecordings
from sedpipe.io.lists.clips import write_clips
from sedpipe.io.manifests.load import load_manifest
from sedpipe.stages.download import download
from sedpipe.steps.next_steps import after_features, after_training, scorable_split


@pytest.fixture
def tiny(tmp_path: Path) -> Dataset:
    download(load_manifest(str(tiny_mixtures(tmp_path, "tiny", 2, 1))), tmp_path)
    return Dataset(tmp_path, "tiny")


def test_evaluation_is_scored_if_it_has_strong_labels_else_testing_else_nothing(tiny: Dataset) -> None:
    assert scorable_split(tiny) == "evaluation"
    assert after_training(tiny, "my.toml", "r") == ("score", "my.toml", "--run", "r")
    tiny.reference_path("evaluation").unlink()
    assert scorable_split(tiny) == "testing"
    assert after_training(tiny, "my.toml", "r") == ("score", "my.toml", "--run", "r", "--split", "testing")
    tiny.reference_path("testing").unlink()
    assert scorable_split(tiny) is None


def test_without_strong_labels_predict_follows_training(tiny: Dataset) -> None:
    for split in ("training", "testing", "evaluation"):
        tiny.reference_path(split).unlink(missing_ok=True)
    verb, place, *options = after_training(tiny, "my.toml", "r")
    assert verb == "predict"
    assert any(Path(place).iterdir())
    assert options == ["--dataset", "my.toml", "--model", "r"]


def test_training_follows_features_with_the_same_options(tiny: Dataset) -> None:
    assert after_features(tiny, "my.toml", ("--n-mels", "40")) == ("train", "my.toml", "--n-mels", "40")


def test_an_empty_split_that_training_needs_leads_to_download_or_check(
    tiny: Dataset,
) -> None:
    write_clips(
        tiny.clips_path, [clip for clips in tiny.read_clips().values() for clip in clips if clip.split != "testing"]
    )
    assert after_features(tiny, "my.toml") == ("download", "my.toml")
    KnownRecordings(tiny.folder).save({}, ClipFormat())
    assert after_features(tiny, "my.toml") == ("check", "my.toml")
