import pickle
from dataclasses import replace

import numpy as np
import pytest
import soxr
from sedpipe.clips import ClipFormat
from sedpipe.errors import AudioError, MissingStageError, SedpipeError
from sedpipe.features.encoders import front_end as front_end_module
from sedpipe.features.encoders.encoder import Encoder
from sedpipe.features.encoders.front_end import EncoderConfig, encoder_front_end
from sedpipe.io.encoders.front_end import encoders_front_end
from tiny_encoder import HOP, RATE, WINDOW, Bytes, built, heard, write_encoder

SHA = "0" * 64


def waveform(seconds: float, rate: int = RATE, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(round(seconds * rate)).astype(np.float32)


@pytest.fixture
def ears() -> EncoderConfig:
    return built()


def test_each_frame_is_the_embedding_of_the_window_around_its_middle(ears: EncoderConfig) -> None:
    clip = waveform(1.0)
    features, n_frames = ears.extract(clip)
    assert (features.shape, features.dtype, n_frames) == ((20, 3), np.float32, 20)
    np.testing.assert_allclose(features, heard(clip), atol=1e-6)


def test_a_short_clip_has_fewer_valid_frames_and_the_rest_is_padding(ears: EncoderConfig) -> None:
    clip = waveform(0.26)  # 2080 samples: 5.2 frames
    features, n_frames = ears.extract(clip)
    assert n_frames == 6
    np.testing.assert_allclose(features[:6], heard(clip), atol=1e-6)
    assert not features[6:].any()


def test_samples_after_the_last_frame_have_no_effect(ears: EncoderConfig) -> None:
    clip = waveform(2.0)
    np.testing.assert_array_equal(ears.extract(clip)[0], ears.extract(clip[: ears.n_samples])[0])


@pytest.mark.parametrize("samples", [1, HOP, HOP + 1, WINDOW])
def test_a_clip_of_any_length_has_one_frame_for_each_hop_that_begins_in_it(ears: EncoderConfig, samples: int) -> None:
    clip = waveform(1.0)[:samples]
    features, n_frames = ears.extract(clip)
    np.testing.assert_allclose(features[:n_frames], heard(clip), atol=1e-6)
    assert n_frames == -(-samples // HOP)


def test_a_shift_by_whole_frames_shifts_the_features(ears: EncoderConfig) -> None:
    clip = waveform(1.0)
    shifted = np.concatenate([np.zeros(3 * HOP, np.float32), clip])[: len(clip)]
    inner = slice(5, 19)  # windows at the clip's ends contain zeros
    np.testing.assert_allclose(ears.extract(shifted)[0][inner], ears.extract(clip)[0][2:16], atol=1e-6)


def test_a_shorter_hop_gives_more_frames_at_the_right_times() -> None:
    made = built(hop_s=0.02)
    assert (made.hop_length, made.n_frames) == (160, 50)
    clip = waveform(1.0)
    np.testing.assert_allclose(made.extract(clip)[0], heard(clip, hop=160), atol=1e-6)


def test_several_encoders_share_the_finest_grid_and_each_gets_its_own_sample_rate(tmp_path) -> None:
    write_encoder(tmp_path)
    write_encoder(tmp_path, "more")
    own = (tmp_path / "more.toml").read_text().replace("8_000", "16_000").replace("hop = 400", "hop = 1_600")
    (tmp_path / "more.toml").write_text(own)
    made = encoders_front_end(f"{tmp_path}/ears.toml,{tmp_path}/more.toml", clips=ClipFormat(1.0))
    assert (made.name, made.sample_rate, made.hop_length, made.n_features) == ("encoder:ears,more", 16_000, 800, 6)
    raw = [Bytes((tmp_path / f"{name}.onnx").read_bytes()) for name in ("ears", "more")]
    clip = waveform(1.0, 16_000)
    features, n_frames = replace(made, weights=tuple(raw)).extract(clip)
    assert n_frames == 20
    np.testing.assert_allclose(features[:, :3], heard(soxr.resample(clip, 16_000, 8_000)), atol=1e-5)
    np.testing.assert_allclose(features[:, 3:], heard(clip, hop=800), atol=1e-5)


@pytest.mark.parametrize("window", [0, 400])
def test_the_encoders_own_frame_that_contains_the_middle_is_used(monkeypatch: pytest.MonkeyPatch, window: int) -> None:
    def means(raw, encoder):
        return lambda windows: windows.reshape(len(windows), -1, 100).mean(axis=2, keepdims=True)

    monkeypatch.setattr(front_end_module, "open_runner", means)
    encoder = Encoder("means", "torch", "m.pth", SHA, 1000, window, 1, stride=100, network="aisfx")
    clip = np.repeat(np.arange(10.0, dtype=np.float32), 100)[:950]
    made = EncoderConfig(1000, 50, 20, (encoder,), (Bytes(f"{window}".encode()),))
    features, n_frames = made.extract(clip)
    assert n_frames == 19
    np.testing.assert_allclose(features[:18, 0], np.repeat(np.arange(9), 2))
    assert features[18, 0] == 4.5  # half of the last window is beyond the clip's end
    coarse = replace(made, hop_length=250, n_frames=4).extract(clip)[0]
    np.testing.assert_allclose(coarse[:3, 0], [1, 3, 6])  # middles at 125, 375, 625


def test_a_front_end_can_be_rebuilt_from_its_settings(ears: EncoderConfig) -> None:
    name, _, names = ears.name.partition(":")
    assert name == "encoder"
    assert encoder_front_end(names, **ears.settings) == ears
    assert encoder_front_end(names, **{**ears.settings, "ears.sha256": SHA}) != ears


@pytest.mark.parametrize(
    "change", ["sample_rate", "hop_length", "n_frames", "ears.window", "ears.scale", "ears.output"]
)
def test_the_settings_include_every_parameter_that_affects_the_values(ears: EncoderConfig, change: str) -> None:
    value = ears.settings[change]
    other = encoder_front_end("ears", **{**ears.settings, change: 2 * value if value else "mean"})
    assert other.settings != ears.settings


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"ears.sha256": "../x"}, "64 lower-case hexadecimal digits"),
        ({"ears.file": "../../etc/passwd"}, "name of a file, without a folder"),
        ({"ears.file": "/etc/passwd"}, "name of a file, without a folder"),
        ({"ears.runtime": "pickle"}, "runtime must be one of"),
        ({"ears.colour": "red"}, "colour"),
        ({"colour": "red"}, "colour"),
        ({"n_frames": 0}, "n_frames must be a whole number of at least 1"),
    ],
)
def test_invalid_settings_from_an_untrusted_model_are_refused(
    ears: EncoderConfig, change: dict[str, object], why: str
) -> None:
    with pytest.raises((ValueError, TypeError), match=why):
        encoder_front_end("ears", **{**ears.settings, **change})


def test_a_pickled_copy_is_equal_and_extracts_the_same_features(ears: EncoderConfig) -> None:
    copy = pickle.loads(pickle.dumps(ears))
    assert copy == ears
    np.testing.assert_array_equal(copy.extract(waveform(0.5))[0], ears.extract(waveform(0.5))[0])


def test_the_error_for_a_missing_file_says_how_to_get_it(ears: EncoderConfig) -> None:
    with pytest.raises(MissingStageError, match="the file of ears is not opened") as caught:
        replace(ears, weights=()).extract(waveform(0.5))
    assert "sedpipe encoders fetch ears" in caught.value.hint


def test_a_file_that_contradicts_its_toml_gives_a_one_line_error(ears: EncoderConfig) -> None:
    for change, why in [
        ({"dimensions": 4}, r"3 values, not dimensions = 4"),
        ({"window": 1600}, r"takes 800 samples, not window = 1600"),
        ({"output": "loudness"}, r"no output 'loudness': there are y"),
        ({"stride": 100}, r"gives 1 x 3 \(frames x dimensions\), not 8 x 3"),
    ]:
        own = replace(ears, encoders=(replace(ears.encoders[0], **change),))
        with pytest.raises(SedpipeError, match=rf"^ears.onnx cannot be opened as the encoder ears \(onnx\): .*{why}"):
            own.extract(waveform(0.5))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_the_error_for_nan_or_infinite_values_names_the_encoder_and_the_settings_to_check(
    ears: EncoderConfig, monkeypatch: pytest.MonkeyPatch, value: float
) -> None:
    monkeypatch.setattr(
        front_end_module, "open_runner", lambda raw, encoder: lambda windows: np.full((len(windows), 1, 3), value)
    )
    own = replace(ears, weights=(Bytes(f"{value}".encode()),))
    with pytest.raises(
        AudioError, match=r"^the encoder ears gives NaN or infinite .* scale and sample_rate in its TOML"
    ):
        own.extract(waveform(0.5))


def test_bytes_that_are_not_a_graph_give_a_one_line_error(ears: EncoderConfig) -> None:
    with pytest.raises(SedpipeError, match=r"^ears.onnx cannot be opened as the encoder ears"):
        replace(ears, weights=(Bytes(b"not a graph"),)).extract(waveform(0.5))


def test_longer_clips_have_more_frames_at_the_same_rate(ears: EncoderConfig) -> None:
    longer = ears.fitted_to(44_100, 30.0)
    assert (longer.sample_rate, longer.n_frames) == (RATE, 600)


@pytest.mark.parametrize("clip", [np.zeros((2, 5), np.float32), np.zeros(0, np.float32)])
def test_anything_but_a_mono_waveform_is_refused(ears: EncoderConfig, clip: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"waveform must have shape \(samples,\)"):
        ears.extract(clip)
