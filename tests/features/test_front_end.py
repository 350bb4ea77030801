"""What holds for every registered front end."""

import pickle

import numpy as np
import pytest
import tiny_encoder
from sedpipe.features.encoders.both import BothConfig, aligned
from sedpipe.features.front_end import (
    FRONT_ENDS,
    FrontEnd,
    build_front_end,
    changed,
    front_end_of,
    front_end_table,
    kind_of,
)
from sedpipe.features.logmel import LogMelConfig

BUILT: dict[str, FrontEnd] = {name: build_front_end(name).fitted_to(8000, 2.5) for name in ("logmel", "waveform")}
BUILT["encoder"] = tiny_encoder.built(2.5)
BUILT["both"] = BothConfig(*aligned(LogMelConfig().fitted_to(8000, 2.5), tiny_encoder.built(2.5), 3))


def test_these_tests_cover_every_registered_front_end() -> None:
    assert {*BUILT} == {*FRONT_ENDS}


@pytest.fixture(params=BUILT)
def front_end(request: pytest.FixtureRequest) -> FrontEnd:
    return BUILT[str(request.param)]


def noise(n_samples: int) -> np.ndarray:
    return np.random.default_rng(n_samples).uniform(-1, 1, n_samples).astype(np.float32)


def test_features_have_the_declared_shape(front_end: FrontEnd) -> None:
    features, n_frames = front_end.extract(noise(front_end.n_samples))
    assert features.shape == (front_end.n_frames, front_end.n_features)
    assert features.dtype == np.float32
    assert n_frames == front_end.n_frames
    assert front_end.n_samples == front_end.n_frames * front_end.hop_length


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.999])
def test_a_shorter_clip_has_the_frames_that_begin_in_it_followed_by_padding(front_end: FrontEnd, share: float) -> None:
    n_samples = max(1, round(share * front_end.n_samples))
    features, n_frames = front_end.extract(noise(n_samples))
    assert n_frames == front_end.grid.frames_of_samples(n_samples)
    assert features.shape == (front_end.n_frames, front_end.n_features)
    assert (features[n_frames:] == np.float32(front_end.padding)).all()
    assert (features[:n_frames] != np.float32(front_end.padding)).any()


def test_samples_after_the_clip_have_no_effect(front_end: FrontEnd) -> None:
    longer = noise(front_end.n_samples + 1000)
    features, _ = front_end.extract(longer)
    longer[front_end.n_samples :] = np.nan
    np.testing.assert_array_equal(front_end.extract(longer)[0], features)


def test_features_of_silence_are_finite(front_end: FrontEnd) -> None:
    features, n_frames = front_end.extract(np.zeros(front_end.n_samples, np.float32))
    assert n_frames == front_end.n_frames
    assert np.isfinite(features).all()


@pytest.mark.parametrize("waveform", [np.zeros(0, np.float32), np.zeros((2, 100), np.float32)])
def test_anything_but_a_mono_waveform_is_refused(front_end: FrontEnd, waveform: np.ndarray) -> None:
    with pytest.raises(ValueError, match="samples"):
        front_end.extract(waveform)


def test_a_front_end_is_restored_from_its_table_and_from_its_pickle(front_end: FrontEnd) -> None:
    table = front_end_table(front_end)
    assert all(isinstance(value, int | float | str) for value in table.values())
    assert front_end_of(table) == front_end
    assert pickle.loads(pickle.dumps(front_end)) == front_end


@pytest.mark.parametrize("clip_s", [0.5, 3.0, 10.0, 30.0])
@pytest.mark.parametrize("rate", [8000, 11_025, 44_100])
def test_fitting_to_other_clips_covers_their_length_and_keeps_the_frame_duration(
    front_end: FrontEnd, rate: int, clip_s: float
) -> None:
    fitted = front_end.fitted_to(rate, clip_s)
    before_the_last = (fitted.n_frames - 1) * fitted.grid.frame_duration
    assert before_the_last < clip_s <= fitted.n_frames * fitted.grid.frame_duration + 1e-9
    assert fitted.grid.frame_duration == pytest.approx(front_end.grid.frame_duration, rel=0.003)
    assert fitted.fitted_to(rate, clip_s) == fitted
    features, n_frames = fitted.extract(noise(round(clip_s * fitted.sample_rate)))
    assert n_frames == fitted.n_frames == len(features)


def test_log_mel_fitted_to_the_first_editions_clips_is_the_default() -> None:
    assert LogMelConfig().fitted_to(44_100, 10.0) == LogMelConfig()


@pytest.mark.parametrize(
    ("rate", "window", "hop", "n_fft"),
    [(8000, 320, 160, 512), (16_000, 640, 320, 1024), (22_050, 882, 441, 1024), (48_000, 1920, 960, 2048)],
)
def test_log_mel_has_40_ms_windows_every_20_ms_at_any_sample_rate(rate: int, window: int, hop: int, n_fft: int) -> None:
    fitted = LogMelConfig().fitted_to(rate, 3.0)
    assert (fitted.window_length, fitted.hop_length, fitted.n_fft) == (window, hop, n_fft)
    assert (fitted.n_frames, fitted.n_mels) == (150, 80)


def test_a_transform_longer_than_needed_stays_longer_by_the_same_factor() -> None:
    assert LogMelConfig(n_fft=8192).fitted_to(8000, 10.0).n_fft == 2048


def test_a_misspelt_name_gets_a_suggestion() -> None:
    with pytest.raises(ValueError, match=r"'wavform' is not one of logmel, waveform.* \(did you mean 'waveform'\?\)"):
        kind_of("wavform")


def test_a_table_without_a_name_means_log_mel_as_in_the_first_edition() -> None:
    assert front_end_of({"n_mels": 64}) == LogMelConfig(n_mels=64)
    assert "front_end" not in front_end_table(LogMelConfig())
    assert front_end_table(BUILT["waveform"])["front_end"] == "waveform"


@pytest.mark.parametrize("table", [{"front_end": 5}, {"n_mel": 4}, {"front_end": "waveform", "n_mels": 4}])
def test_a_table_that_fits_no_front_end_is_refused(table: dict[str, object]) -> None:
    with pytest.raises((ValueError, TypeError)):
        front_end_of(table)


def test_a_setting_that_does_not_exist_cannot_be_changed() -> None:
    assert changed(LogMelConfig(), n_mels=40) == LogMelConfig(n_mels=40)
    with pytest.raises(ValueError, match="the front end waveform has no n_mels: it has sample_rate"):
        changed(BUILT["waveform"], n_mels=40)


def test_the_variant_in_a_name_is_the_first_argument_of_its_class(monkeypatch: pytest.MonkeyPatch) -> None:
    class Named(LogMelConfig):
        def __init__(self, variant: str, **settings: int) -> None:
            super().__init__(**settings)
            object.__setattr__(self, "name", f"named:{variant}")

    monkeypatch.setitem(FRONT_ENDS, "named", Named)
    built = front_end_of({"front_end": "named:birds", "n_mels": 32})
    assert (built.name, built.n_features) == ("named:birds", 32)
