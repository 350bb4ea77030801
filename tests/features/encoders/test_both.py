import numpy as np
import pytest
from sedpipe.clips import ClipFormat
from sedpipe.errors import SettingsError
from sedpipe.features.encoders.both import BothConfig, aligned, both_front_end
from sedpipe.features.logmel import LogMelConfig, log_mel
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.encoders.front_end import named_front_end, with_encoder_files
from tiny_encoder import RATE, built, heard, write_encoder

SHORT = LogMelConfig().fitted_to(RATE, 2.0)


@pytest.fixture
def both() -> BothConfig:
    return BothConfig(*aligned(SHORT, built(2.0), 4))


def test_each_frame_holds_its_log_mel_frames_followed_by_its_embedding(both: BothConfig) -> None:
    clip = (0.1 * np.random.default_rng(0).standard_normal(2 * RATE)).astype(np.float32)
    features, n_frames = both.extract(clip)
    assert (features.shape, n_frames) == ((25, 4 * 80 + 3), 25)
    spectrogram = features[:, : both.n_decibels].reshape(100, 80)
    np.testing.assert_array_equal(spectrogram, log_mel(clip, SHORT)[0])
    np.testing.assert_allclose(features[:, both.n_decibels :], heard(clip, hop=640), atol=1e-6)


def test_the_last_frame_of_a_short_clip_holds_silence_beyond_the_clips_end(both: BothConfig) -> None:
    clip = np.ones(640 * 3 + 170, np.float32)  # two log-mel frames in the fourth frame
    features, n_frames = both.extract(clip)
    assert n_frames == 4
    last = features[3, : both.n_decibels].reshape(4, 80)
    assert (last[:2] > SHORT.floor_db).any(axis=1).all()
    assert (last[2:] == np.float32(SHORT.floor_db)).all()
    assert not features[4:].any()


def test_a_front_end_can_be_rebuilt_from_its_settings(both: BothConfig) -> None:
    assert both.name == "both:ears"
    again = both_front_end("ears", **both.settings)
    assert again == both
    assert FeatureSpec(again).fingerprint == FeatureSpec(both).fingerprint
    with pytest.raises((ValueError, TypeError)):
        both_front_end("ears", **{**both.settings, "logmel.n_frames": 99})


def test_log_mel_beside_encoders_has_the_datasets_sample_rate_and_80_ms_frames() -> None:
    made = named_front_end("logmel,yamnet,aisfx", clips=ClipFormat(3.0, 22_050))
    assert isinstance(made, BothConfig)
    assert (made.sample_rate, made.frames_each, made.n_frames, made.n_features) == (22_050, 4, 38, 320 + 1536)
    assert made.grid.frame_duration == pytest.approx(0.08, rel=1e-3)
    assert named_front_end("yamnet,logmel", 0.1).frames_each == 5


def test_ready_to_hear_gives_an_equal_front_end_that_can_extract(tmp_path) -> None:
    toml = write_encoder(tmp_path)
    spec = FeatureSpec(named_front_end(f"logmel,{toml}", clips=ClipFormat(1.0, RATE)))
    ready = with_encoder_files(spec, tmp_path / "cache")
    assert ready == spec
    assert ready.front_end.extract(np.ones(800, np.float32))[1] == 2


@pytest.mark.parametrize(("names", "hop_s"), [("logmel", None), ("logmel,yamnet", 0.001)])
def test_log_mel_alone_or_with_too_short_a_hop_gives_a_one_line_error(names: str, hop_s: float | None) -> None:
    with pytest.raises(SettingsError, match=f"^--encoder {names}"):
        named_front_end(names, hop_s)


def test_log_mel_and_embeddings_with_mismatched_frames_are_refused(both: BothConfig) -> None:
    with pytest.raises(ValueError, match="must last a number of log-mel frames"):
        BothConfig(both.spectrogram, built(2.0, 0.05))
    with pytest.raises(ValueError, match="expected 4 x 25 log-mel frames, got 96"):
        BothConfig(LogMelConfig(RATE, 320, 160, 512, 96), both.vectors)
