from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from sedpipe.clips import Clip
from sedpipe.features.front_end import front_end_table
from sedpipe.features.logmel import LogMelConfig
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.audio.store import write_flac
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.feature_file import FeatureFile
from sedpipe.stages.clip_pictures import ClipPictures
from sedpipe.views.page.spectrogram import Bands
from tiny_dataset import FRONT_END, N_CLIPS, make_dataset


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return make_dataset(tmp_path_factory.mktemp("pictures"))


def clip_of(cache: Dataset) -> Clip:
    return cache.read_clips()["testing"][0]


def stored(cache: Dataset) -> FeatureFile:
    return FeatureFile(cache.features_dir(FeatureSpec(FRONT_END).fingerprint) / "testing.h5")


def numbers(cache: Dataset) -> SimpleNamespace:
    """Return a stand-in for encoder features, which a spectrogram would misrepresent."""
    parameters = {"front_end": "encoder", "sample_rate": 16_000, "hop_length": 320, "n_mels": 64}
    return SimpleNamespace(parameters=parameters, clip_ids=[clip.clip_id for clip in cache.read_clips()["testing"]])


def test_log_mel_features_are_drawn_as_stored(cache: Dataset) -> None:
    pictures, clip = ClipPictures(cache, stored(cache)), clip_of(cache)
    picture = pictures.of(clip)
    assert picture is not None
    assert picture.bands == pictures.bands == Bands(0.0, 500.0, 16)
    assert picture.column_s == pytest.approx(0.1)
    row = stored(cache).read(stored(cache).clip_ids.index(clip.clip_id))
    assert np.array_equal(picture.features, row.features[: row.n_frames])
    assert N_CLIPS["testing"] == len(stored(cache).clip_ids)


@pytest.mark.parametrize(
    ("front_end", "bands"),
    [
        (LogMelConfig(), Bands(0.0, 22_050.0, 80)),
        (replace(LogMelConfig(), f_min=1000.0, f_max=8000.0), Bands(1000.0, 8000.0, 80)),
        (replace(LogMelConfig(), f_min=50.0), Bands(50.0, 22_050.0, 80)),
    ],
)
def test_bands_have_the_frequency_range_of_the_features(cache: Dataset, front_end: LogMelConfig, bands: Bands) -> None:
    features = SimpleNamespace(parameters=front_end_table(front_end), clip_ids=[])
    assert ClipPictures(cache, features).bands == bands


def test_features_that_are_no_spectrogram_are_replaced_by_one_of_the_audio(cache: Dataset) -> None:
    clip = clip_of(cache)
    pictures = ClipPictures(cache, numbers(cache))
    assert pictures.of(clip) is None
    path = Path(cache.audio_path(clip))
    write_flac(path, np.random.default_rng(0).normal(0, 0.1, 44_100), 44_100)
    try:
        picture = pictures.of(clip)
    finally:
        path.unlink()
    assert picture is not None
    assert picture.features.shape == (50, 80)
    assert picture.bands == pictures.bands == Bands(0.0, 22_050.0, 80)
