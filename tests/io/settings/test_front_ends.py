from pathlib import Path

import pytest
from sedpipe.clips import ClipFormat
from sedpipe.errors import SettingsError
from sedpipe.features.front_end import front_end_table
from sedpipe.features.logmel import LogMelConfig
from sedpipe.features.spec import FeatureSpec
from sedpipe.features.waveform import WaveformConfig
from sedpipe.io.encoders.front_end import encoders_front_end
from sedpipe.io.settings.front_ends import FRONT_END_FILES, AskedFeatures, feature_spec, front_end_from, load_front_end


def front_end(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text)
    return path


def test_a_file_changes_the_settings_it_names_and_keeps_the_other_defaults(tmp_path: Path) -> None:
    path = front_end(tmp_path, "sample_rate = 32000\nwindow_length = 1024\nhop_length = 320\nn_fft = 1024\n")
    assert load_front_end(path) == LogMelConfig(sample_rate=32_000, window_length=1024, hop_length=320, n_fft=1024)
    assert load_front_end(front_end(tmp_path, "")) == LogMelConfig()


def test_a_file_may_name_another_front_end(tmp_path: Path) -> None:
    path = front_end(tmp_path, "front_end = 'waveform'\nhop_length = 441")
    assert load_front_end(path) == WaveformConfig(hop_length=441)


def test_a_file_may_name_encoders_and_the_time_between_their_frames(tmp_path: Path) -> None:
    path = front_end(tmp_path, "front_end = 'encoder:yamnet,aisfx'\nhop_s = 0.25")
    assert load_front_end(path) == encoders_front_end("yamnet,aisfx", 0.25)
    assert feature_spec(ClipFormat(), AskedFeatures(encoder="yamnet", hop_s=0.25)).shape == (40, 1024)


def test_the_encoder_table_of_a_model_is_read_and_an_altered_one_is_refused() -> None:
    table = front_end_table(encoders_front_end("yamnet"))
    assert front_end_from(table, "front_end") == encoders_front_end("yamnet")
    for change in ({"yamnet.sha256": "x"}, {"yamnet.window": "15600"}, {"hop_length": None}, {"aisfx.window": 1}):
        with pytest.raises(SettingsError, match=r"^front_end: "):
            front_end_from({**table, **change}, "front_end")
    with pytest.raises(SettingsError, match=r"^front_end: "):
        front_end_from({"front_end": "encoder"}, "front_end")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"encoder": "yamnet", "front_end": Path("mine.toml")}, "--encoder and --front-end cannot be combined"),
        ({"hop_s": 0.1}, "--hop sets the time between frames of encoders"),
        ({"encoder": "yamnet", "n_mels": 64}, "the front end encoder:yamnet has no n_mels"),
    ],
)
def test_options_that_cannot_be_combined_give_a_one_line_error(asked: dict[str, object], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        feature_spec(ClipFormat(), AskedFeatures(**asked))


def test_the_command_line_changes_only_settings_that_the_front_end_has(tmp_path: Path) -> None:
    assert feature_spec(ClipFormat(), AskedFeatures(n_mels=40, dtype="float32")) == FeatureSpec(
        LogMelConfig(n_mels=40), "float32"
    )
    with pytest.raises(SettingsError, match="the front end waveform has no n_mels"):
        feature_spec(ClipFormat(), AskedFeatures(front_end(tmp_path, "front_end = 'waveform'"), n_mels=40))


def test_features_fit_the_clips_of_the_dataset_unless_a_file_sets_them(tmp_path: Path) -> None:
    clips = ClipFormat(3.0, 8000)
    assert feature_spec(clips) == FeatureSpec.of_clips(clips)
    fitted = LogMelConfig(8000, 320, 160, 512, 150, 64)
    assert feature_spec(clips, AskedFeatures(front_end(tmp_path, "n_mels = 64"))).front_end == fitted
    own = front_end(tmp_path, "front_end = 'waveform'\nhop_length = 80\nn_frames = 300")
    waveform = feature_spec(clips, AskedFeatures(own))
    assert waveform.front_end == WaveformConfig(8000, 80, 300)
    assert feature_spec(clips, AskedFeatures(encoder="yamnet")).front_end.n_frames == 38
    with pytest.raises(SettingsError, match="values per clip are too many"):
        feature_spec(ClipFormat(1e6, 44_100))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("n_mel = 64", r"mine\.toml: unknown key 'n_mel' \(did you mean 'n_mels'\?\)"),
        ("n_mels = 0", r"n_mels must be positive, got 0"),
        ("n_mels = '64'", r"mine\.toml\.n_mels: found '64'"),
        ("window_length = 4096", r"window_length must be at most n_fft \(2048\), got 4096"),
        ("n_mels =", r"mine\.toml: not TOML"),
        ("front_end = 'wavefrom'", r"mine\.toml\.front_end: .*\(did you mean 'waveform'\?\)"),
        ("front_end = 5", r"mine\.toml\.front_end: expected a name in quotes, found 5"),
        ("front_end = 'waveform'\nn_mels = 4", r"mine\.toml: unknown key 'n_mels'"),
        ("front_end = 'encoder:yamnet'\nhop = 4000", r"mine\.toml: found hop = 4000, expected nothing but .* hop_s"),
        ("front_end = 'encoder:yamnet'\nhop_s = '1'", r"mine\.toml: found hop_s = '1'"),
        ("front_end = 'encoder:yamnte'", r"'yamnte' is not one of .*\(did you mean 'yamnet'\?\)"),
    ],
)
def test_an_unusable_file_gives_a_one_line_error(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        load_front_end(front_end(tmp_path, text))


def test_a_file_with_its_own_hop_has_the_number_of_frames_of_a_clip(tmp_path: Path) -> None:
    path = front_end(tmp_path, "sample_rate = 16000\nwindow_length = 1024\nhop_length = 664\nn_fft = 1024\nn_mels = 64")
    assert load_front_end(path, ClipFormat()).n_frames == 241  # 10 s; the default of 500 would be 21 s
    assert load_front_end(path, ClipFormat(3.0, 8000)).n_frames == 73


def test_a_file_with_its_own_sample_rate_has_frames_of_the_usual_length(tmp_path: Path) -> None:
    clips = ClipFormat(3.0, 44_100)
    assert load_front_end(front_end(tmp_path, "sample_rate = 8000"), clips) == LogMelConfig(8000, 320, 160, 512, 150)
    raw = load_front_end(front_end(tmp_path, "front_end = 'waveform'\nsample_rate = 8000"), clips)
    assert raw == WaveformConfig(8000, 160, 150)
    for wrong in ("0", "-8000", "true", "'8000'", "8e3"):
        with pytest.raises(SettingsError, match=r"mine\.toml.*sample_rate"):
            load_front_end(front_end(tmp_path, f"sample_rate = {wrong}\nhop_length = 160"), clips)


PUBLISHED = {
    "mcfee": (431, 128),  # 430 in the original, as many as its blocks need
    "kong": (1000, 64),
    "surrey": (241, 64),  # 240 in the original, as in that of GCCaps
    "gccaps": (241, 64),
    "wang": (400, 64),
    "cdur": (500, 64),
    "mlms": (500, 882),
}


@pytest.mark.parametrize("name", FRONT_END_FILES.names)
def test_shipped_front_ends_have_the_expected_shape_and_keep_their_sample_rate(name: str) -> None:
    spec = FeatureSpec(load_front_end(Path(name), ClipFormat()))
    assert spec.shape == PUBLISHED[name]
    assert (
        FeatureSpec(load_front_end(Path(name), ClipFormat(5.0, 8000))).front_end.sample_rate
        == spec.front_end.sample_rate
    )


def test_a_misspelt_front_end_is_refused_with_a_suggestion() -> None:
    with pytest.raises(SettingsError, match=r"front end 'surey' is not one of .*did you mean 'surrey'"):
        load_front_end(Path("surey"))
