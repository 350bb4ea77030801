from pathlib import Path

import numpy as np
import pytest
from sedpipe.clips import Clip
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.audio.store import write_flac
from sedpipe.io.cache.dataset import Dataset
from sedpipe.steps import familiar
from sedpipe.steps.familiar import familiar_with
from sedpipe.training.augment import AugmentConfig
from tiny_dataset import FRONT_END

SPEC = FeatureSpec(FRONT_END)


def stored(folder: Path, levels: list[float]) -> tuple[Dataset, list[Clip]]:
    dataset, clips = Dataset(folder, "loud"), []
    for n, level in enumerate(levels):
        clips.append(Clip(f"c{n}", "training", "", 0.0, 4.0, ()))
        path = dataset.audio_path(clips[-1])
        path.parent.mkdir(parents=True, exist_ok=True)
        write_flac(path, (level * np.random.default_rng(n).standard_normal(4000)).astype(np.float32), 1000)
    return dataset, clips


def test_the_quietest_training_clip_sets_the_level_that_a_model_is_familiar_with(tmp_path):
    dataset, clips = stored(tmp_path, [0.1, 0.01, 0.1])
    found = familiar_with(dataset, clips, SPEC, AugmentConfig())
    assert found is not None
    assert found.quietest_db == pytest.approx(-39, abs=2)
    assert found.narrowest_hz == pytest.approx(500, rel=0.1)


def test_gain_and_bandwidth_augmentation_widen_what_a_model_is_familiar_with(tmp_path):
    dataset, clips = stored(tmp_path, [0.1])
    plain, widened = (
        familiar_with(dataset, clips, SPEC, augmentation)
        for augmentation in (AugmentConfig(), AugmentConfig(gain_db=20, bandwidth=0.3))
    )
    assert plain is not None
    assert widened is not None
    assert (widened.quietest_db, widened.narrowest_hz) == (pytest.approx(plain.quietest_db - 20), 0.0)


def test_missing_audio_is_skipped_and_without_any_audio_the_result_is_none(tmp_path):
    dataset, clips = stored(tmp_path, [0.1, 0.01])
    whole = familiar_with(dataset, clips, SPEC, AugmentConfig())
    dataset.audio_path(clips[1]).unlink()
    left = familiar_with(dataset, clips, SPEC, AugmentConfig())
    assert whole is not None
    assert left is not None
    assert left.quietest_db > whole.quietest_db
    dataset.audio_path(clips[0]).unlink()
    assert familiar_with(dataset, clips, SPEC, AugmentConfig()) is None


def test_of_many_clips_an_evenly_spaced_subset_is_measured(tmp_path, monkeypatch):
    monkeypatch.setattr(familiar, "MOST_CLIPS", 2)
    dataset, clips = stored(tmp_path, [0.1, 0.001, 0.1, 0.001])
    found = familiar_with(dataset, clips, SPEC, AugmentConfig())
    assert found is not None
    assert found.quietest_db > -30
