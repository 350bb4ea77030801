from pathlib import Path

import pytest
from builders import tiny_mixtures
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.manifests.load import load_manifest
from sedpipe.stages.download import download
from sedpipe.steps.next_steps import after_training, scorable_split


@pytest.fixture
def tiny(tmp_path: Path) -> Dataset:
    download(load_manifest(str(tiny_mixtures(tmp_path, "tiny", 2, 1))), tmp_path)
    return Dataset(tmp_path, "tiny")


def test_evaluation_is_scored_where_it_has_truth_else_testing_else_nothing(tiny: Dataset) -> None:
    assert scorable_split(tiny) == "evaluation"
    assert after_training(tiny, "my.toml", "r") == ("score", "my.toml", "--run", "r")
    tiny.reference_path("evaluation").unlink()
    assert scorable_split(tiny) == "testing"
    assert after_training(tiny, "my.toml", "r") == ("score", "my.toml", "--run", "r", "--split", "testing")
    tiny.reference_path("testing").unlink()
    assert scorable_split(tiny) is None


def test_without_truth_the_recordings_that_were_not_trained_on_are_listened_to(tiny: Dataset) -> None:
    for split in ("training", "testing", "evaluation"):
        tiny.reference_path(split).unlink(missing_ok=True)
    verb, place, *options = after_training(tiny, "my.toml", "r")
    assert verb == "predict"
    assert any(Path(place).iterdir())
    assert options == ["--dataset", "my.toml", "--model", "r"]
