"""Log-mel against librosa, which computes it differently (its own framing, one block, float64)."""

from dataclasses import fields, replace
from pathlib import Path

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sedpipe.features.logmel import LogMelConfig, empty_bands, log_mel, mel_filterbank
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.audio.waveforms import read_waveform

CONFIG = LogMelConfig()
RATE = 44_100


def by_librosa(waveform: np.ndarray) -> np.ndarray:
    power = librosa.feature.melspectrogram(
        y=waveform.astype(np.float64), sr=RATE, n_fft=2048, hop_length=882, win_length=1764,
        window="hann", center=True, pad_mode="constant", power=2.0, n_mels=80,
    )  # fmt: skip
    return 10 * np.log10(np.maximum(power[:, :500].T, 1e-10))


def sounds(seconds: float = 10) -> dict[str, np.ndarray]:
    n_samples, generator = round(seconds * RATE), np.random.default_rng(0)
    time = np.arange(n_samples) / RATE
    click = np.zeros(n_samples)
    click[n_samples // 3] = 1
    burst = generator.standard_normal(n_samples) * np.where((time > 2) & (time < 2.5), 0.3, 1e-3)
    return {
        "chirp": 0.9 * np.sin(2 * np.pi * (50 * time + 1000 * time**2)),
        "slow chirp": np.sin(2 * np.pi * (50 * time + 50 * time**2)),  # quiet bands lie too far below it for float32
        "faint slow chirp": 1e-3 * np.sin(2 * np.pi * (50 * time + 50 * time**2)),
        "noise": 0.1 * generator.standard_normal(n_samples),
        "burst": burst,
        "click": click,
        "tone": 0.5 * np.sin(2 * np.pi * 1000 * time),
    }


def assert_same(found: np.ndarray, expected: np.ndarray) -> None:
    """Check equality within 0.001 dB down to 80 dB below the loudest value, and within 0.5 dB down to 100 dB."""
    heard = expected > expected.max() - 80
    np.testing.assert_allclose(found[heard], expected[heard], rtol=0, atol=1e-3)
    audible = expected > expected.max() - 100
    np.testing.assert_allclose(found[audible], expected[audible], rtol=0, atol=0.5)


@pytest.mark.parametrize("name", sorted(sounds(0.1)))
def test_a_ten_second_spectrogram_matches_librosa(name: str) -> None:
    waveform = sounds()[name].astype(np.float32)
    features, n_frames = log_mel(waveform, CONFIG)
    assert features.shape == (500, 80)
    assert features.dtype == np.float32
    assert n_frames == 500
    assert_same(features, by_librosa(waveform))


@pytest.mark.filterwarnings("ignore:n_fft=2048 is too large")
@pytest.mark.parametrize("n_samples", [1, 881, 882, 883, 2047, 2049, 44_101, 132_300, 440_117, 440_118, 440_119])
def test_a_short_clip_matches_librosa_and_is_padded_with_the_floor(n_samples: int) -> None:
    waveform = sounds()["noise"][:n_samples].astype(np.float32)
    features, n_frames = log_mel(waveform, CONFIG)
    assert n_frames == int(np.ceil(n_samples / 882))
    assert_same(features[:n_frames], by_librosa(waveform)[:n_frames])
    assert (features[n_frames:] == -100).all()


@pytest.mark.parametrize("n_samples", [441_001, 441_882, 529_200])
def test_only_the_first_ten_seconds_of_a_longer_clip_matter(n_samples: int) -> None:
    waveform = (0.1 * np.random.default_rng(0).standard_normal(n_samples)).astype(np.float32)
    features, n_frames = log_mel(waveform, CONFIG)
    assert n_frames == 500
    assert_same(features, by_librosa(waveform))
    waveform[441_000:] = np.nan
    np.testing.assert_array_equal(log_mel(waveform, CONFIG)[0], features)


def test_samples_after_the_clip_have_no_effect_with_overlapping_windows_either() -> None:
    config = LogMelConfig(hop_length=441, n_frames=50)
    waveform = (0.1 * np.random.default_rng(0).standard_normal(44_100)).astype(np.float32)
    cut = log_mel(waveform[: config.n_samples], config)[0]
    np.testing.assert_array_equal(log_mel(waveform, config)[0], cut)


def test_silence_is_the_floor_everywhere() -> None:
    features, n_frames = log_mel(np.zeros(441_000, dtype=np.float32), CONFIG)
    assert n_frames == 500
    np.testing.assert_allclose(features, -100, atol=1e-4)
    assert CONFIG.floor_db == -100


def test_a_click_is_loudest_in_the_frame_centred_on_it() -> None:
    waveform = np.zeros(441_000, dtype=np.float32)
    waveform[200 * 882] = 1
    features, _ = log_mel(waveform, CONFIG)
    assert (features.argmax(axis=0) == 200).all()
    silent = np.delete(features, [199, 200, 201], axis=0)
    np.testing.assert_allclose(silent, -100, atol=1e-4)


def test_float64_and_strided_waveforms_give_the_same_values() -> None:
    waveform = sounds()["chirp"].astype(np.float32)
    expected = log_mel(waveform, CONFIG)[0]
    np.testing.assert_array_equal(log_mel(waveform.astype(np.float64), CONFIG)[0], expected)
    np.testing.assert_array_equal(log_mel(np.repeat(waveform, 2)[::2], CONFIG)[0], expected)


def test_the_waveform_is_not_modified() -> None:
    waveform = sounds(1)["noise"].astype(np.float32)
    before = waveform.copy()
    log_mel(waveform, CONFIG)
    np.testing.assert_array_equal(waveform, before)


@settings(max_examples=25)
@given(hnp.arrays(np.float32, st.integers(1, 6000), elements=st.floats(-1, 1, width=32)))
def test_values_are_finite_and_never_below_the_floor(waveform: np.ndarray) -> None:
    features, n_frames = log_mel(waveform, CONFIG)
    assert np.isfinite(features).all()
    assert features.min() >= -100.0001
    assert n_frames == -(-len(waveform) // 882)


OTHER = {
    "sample_rate": 32_000, "window_length": 1000, "hop_length": 441, "n_fft": 4096, "n_frames": 10, "n_mels": 40,
    "floor": 1e-5, "f_min": 500.0, "f_max": 5000.0, "window": "hamming", "spectrum": "magnitude", "range_db": 30.0,
}  # fmt: skip


@pytest.mark.parametrize("name", [field.name for field in fields(LogMelConfig)])
def test_each_parameter_of_the_config_changes_the_spectrogram(name: str) -> None:
    def of_click(config: LogMelConfig) -> np.ndarray:
        features, n_frames = log_mel(sounds(0.5)["click"].astype(np.float32), config)
        return features[:n_frames]

    features, usual = of_click(replace(CONFIG, **{name: OTHER[name]})), of_click(CONFIG)
    assert features.shape != usual.shape or np.abs(features - usual).max() > 0.1  # dB


def test_the_shape_the_floor_and_the_frame_times_follow_the_config() -> None:
    waveform = sounds(0.5)["noise"].astype(np.float32)
    assert log_mel(waveform, LogMelConfig(n_mels=40))[0].shape == (500, 40)
    assert log_mel(waveform, LogMelConfig(n_frames=10))[0].shape == (10, 80)
    assert log_mel(waveform, LogMelConfig(hop_length=441))[1] == 50
    assert log_mel(np.zeros(9, np.float32), LogMelConfig(floor=1e-5))[0].max() == -50
    half = LogMelConfig(sample_rate=22_050, window_length=882, hop_length=441, n_fft=1024)
    assert (half.n_samples, half.grid.frame_duration) == (220_500, 0.02)


def test_wide_bands_have_unit_area_and_bands_overlap_only_their_neighbours() -> None:
    filters = mel_filterbank(CONFIG)
    wide = (filters > 0).sum(axis=0) > 20
    np.testing.assert_allclose(filters.sum(axis=0)[wide] * RATE / 2048, 1, rtol=0.01)
    assert wide.sum() > 30
    overlap = (filters.T @ filters) > 0
    assert not np.triu(overlap, 2).any()


@pytest.mark.filterwarnings("error")
def test_bands_between_two_bins_are_reported_as_empty_and_stay_at_the_floor() -> None:
    narrow = LogMelConfig().fitted_to(1000, 2.0)
    empty = empty_bands(narrow)
    noise = np.random.default_rng(0).standard_normal(2000).astype(np.float32)
    heard = log_mel(noise, narrow)[0].max(axis=0) > narrow.floor_db
    assert empty == [int(band) for band in np.flatnonzero(~heard)]
    assert 0 < len(empty) < 80
    assert empty_bands(CONFIG) == []


@pytest.mark.parametrize("shape", [(0,), (2, 100), ()])
def test_anything_but_a_mono_waveform_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"^waveform must have shape \(samples,\) with samples > 0, got \("):
        log_mel(np.zeros(shape, dtype=np.float32), CONFIG)


@pytest.mark.parametrize("name", ["sample_rate", "window_length", "hop_length", "n_fft", "n_frames", "n_mels", "floor"])
def test_parameters_must_be_positive(name: str) -> None:
    with pytest.raises(ValueError, match=rf"^{name} must be positive, got 0$"):
        LogMelConfig(**{name: 0})


def test_window_must_fit_the_transform() -> None:
    with pytest.raises(ValueError, match=r"^window_length must be at most n_fft \(1024\), got 1764$"):
        LogMelConfig(n_fft=1024)


@pytest.mark.parametrize("n_fft", [4, 1000, 2047])
def test_transform_must_be_a_power_of_two(n_fft: int) -> None:
    with pytest.raises(ValueError, match=rf"^n_fft must be a power of two, at least 8, got {n_fft}$"):
        LogMelConfig(n_fft=n_fft, window_length=4)


def test_floor_must_not_be_subnormal() -> None:
    with pytest.raises(ValueError, match=r"^floor must be at least 1\.17\d+e-38, got 1e-45$"):
        LogMelConfig(floor=1e-45)


def test_real_recordings_match_librosa(shared_data: Path) -> None:
    for path in sorted((shared_data / "esc10").rglob("*.ogg"))[::40]:
        waveform = read_waveform(path, RATE)
        features, n_frames = log_mel(waveform, CONFIG)
        assert_same(features[:n_frames], by_librosa(waveform)[:n_frames])


def test_other_bands_windows_and_magnitude_spectra_match_librosa() -> None:
    waveform = sounds(2)["burst"].astype(np.float32)
    config = LogMelConfig(
        sample_rate=RATE, window_length=1024, hop_length=664, n_fft=1024, n_frames=133, n_mels=64,
        f_min=50, f_max=14_000, window="hamming", spectrum="magnitude",
    )  # fmt: skip
    mel = librosa.feature.melspectrogram(
        y=waveform.astype(np.float64), sr=RATE, n_fft=1024, hop_length=664, window="hamming", center=True,
        pad_mode="constant", power=1.0, n_mels=64, fmin=50, fmax=14_000,
    )  # fmt: skip
    features, n_frames = log_mel(waveform, config)
    assert n_frames == 133
    assert_same(features, 20 * np.log10(np.maximum(mel[:, :133].T, 1e-5)))


def test_magnitude_spectra_have_the_same_floor() -> None:
    features, _ = log_mel(np.zeros(44_100, dtype=np.float32), LogMelConfig(spectrum="magnitude", n_frames=60))
    np.testing.assert_allclose(features, -100, atol=1e-4)


def test_decibels_relative_to_the_clips_maximum_match_librosa() -> None:
    waveform = sounds(2)["burst"].astype(np.float32)
    config = LogMelConfig(
        sample_rate=RATE, window_length=2048, hop_length=1024, n_frames=90, n_mels=128, range_db=80
    )  # fmt: skip
    power = librosa.feature.melspectrogram(
        y=waveform.astype(np.float64), sr=RATE, n_fft=2048, hop_length=1024, center=True, pad_mode="constant",
        n_mels=128,
    )  # fmt: skip
    features, n_frames = log_mel(waveform, config)
    assert power.shape[1] == n_frames == 87
    assert_same(features[:n_frames], librosa.power_to_db(power, ref=np.max, top_db=80)[:, :n_frames].T)
    assert (features[n_frames:] == -80).all()
    louder, _ = log_mel(8 * waveform, config)
    np.testing.assert_allclose(louder, features, atol=1e-3)


def test_relative_decibels_of_silence_are_the_minimum_but_no_value_marks_silence() -> None:
    config = LogMelConfig(range_db=80, n_frames=60)
    features, _ = log_mel(np.zeros(44_100, dtype=np.float32), config)
    assert (features == -80).all()
    assert config.padding == -80
    assert config.silence_db == -np.inf
    assert LogMelConfig().silence_db == LogMelConfig().padding == LogMelConfig().floor_db


def test_newer_settings_are_listed_only_where_they_differ_from_the_default() -> None:
    assert FeatureSpec().fingerprint == "301fb64049a5a97a"  # as in the first edition
    assert "f_min" not in LogMelConfig().settings
    changed = LogMelConfig(f_min=50.0, window="hamming")
    assert {"f_min", "window"} <= set(changed.settings)
    assert FeatureSpec(changed).fingerprint != FeatureSpec().fingerprint


def test_fitting_to_a_lower_sample_rate_caps_the_bands_at_half_of_it() -> None:
    config = LogMelConfig(f_min=50.0, f_max=14_000.0)
    assert config.fitted_to(32_000, 10.0).highest == 14_000
    assert config.fitted_to(8_000, 10.0).highest == 4_000
    assert config.fitted_to(8_000, 10.0).f_min == 50


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"f_min": 3000.0, "f_max": 2000.0}, "bands must lie from 0 to 22050 Hz, got 3000 to 2000"),
        ({"f_max": 30_000.0}, "bands must lie from 0 to 22050 Hz, got 0 to 30000"),
        ({"window": "kaiser"}, "window must be one of hann, hamming, got 'kaiser'"),
        ({"range_db": -1.0}, "range_db must not be negative, got -1"),
        ({"spectrum": "cepstrum"}, "spectrum must be one of power, magnitude, got 'cepstrum'"),
    ],
)
def test_invalid_bands_windows_and_spectra_are_refused(changes: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        LogMelConfig(**changes)
