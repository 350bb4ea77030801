from dataclasses import asdict
from pathlib import Path

import pytest
from sedpipe.detection.clip_thresholds import ClipThresholds
from sedpipe.detection.postprocess import PostProcessing
from sedpipe.errors import SettingsError
from sedpipe.io.settings.presets import Preset, load_preset, preset_names
from sedpipe.nn.networks.crnn import CRNNConfig
from sedpipe.nn.pooling import PoolingConfig
from sedpipe.training.config import TrainingConfig


def preset(tmp_path: Path, text: str) -> Preset:
    path = tmp_path / "own.toml"
    path.write_bytes(text.encode())
    return load_preset(str(path))


def test_the_paper_preset_has_the_papers_training_and_the_default_network():
    paper = load_preset("paper")
    assert paper == Preset("paper", CRNNConfig(), PoolingConfig(), TrainingConfig())
    as_published = {"batch_size": 128, "epochs": 100, "learning_rate": 1e-3, "patience": 10}
    assert {name: value for name, value in asdict(paper.training).items() if name in as_published} == as_published
    assert paper.training == TrainingConfig(**as_published)  # and nothing that the paper does not mention
    assert (paper.pooling.function, paper.pooling.hierarchy) == ("linear", (5, 5))


def test_every_shipped_preset_can_be_loaded_by_name():
    assert {"paper", "small"} <= set(preset_names())
    for name in preset_names():
        preset = load_preset(name)
        assert preset.name == name
        assert not isinstance(preset.network, CRNNConfig) or preset.network.time_factor == 4


def test_a_users_preset_names_only_what_differs_from_the_defaults(tmp_path):
    own = preset(tmp_path, "[network]\nconv_pool = [1, 5]\n[pooling]\nhierarchy = []\n[training]\nepochs = 0\n")
    assert own == Preset("own", CRNNConfig(conv_pool=(1, 5)), PoolingConfig(hierarchy=()), TrainingConfig(epochs=0))
    assert preset(tmp_path, "") == Preset("own", CRNNConfig(), PoolingConfig(), TrainingConfig())


def test_a_preset_may_contain_its_published_post_processing(tmp_path):
    own = preset(tmp_path, "[own_rule]\nthreshold = 0.3\ngap_s = 0.4\n").own_rule
    assert own == PostProcessing(0.3, gap_s=0.4)
    assert load_preset("paper").own_rule is None
    assert load_preset("surrey").own_rule["threshold"] == 0.3
    for wrong in ("threshold = 2.0", "threshold = 0.3\nfoo_s = 1.0", "gap_s = 1.0"):
        with pytest.raises(SettingsError, match=r"own\.toml: own_rule: "):
            preset(tmp_path, f"[own_rule]\n{wrong}\n")


def test_a_preset_may_name_its_network(tmp_path):
    assert preset(tmp_path, "[network]\nname = 'crnn'\ngru_units = 8\n").network == CRNNConfig(gru_units=8)


def test_sizes_are_tuples_so_that_settings_can_be_hashed(tmp_path):
    network = preset(tmp_path, "[network]\nmaps = [4, 4]\npools = [[1, 2], [2, 1]]\n").network
    assert network.maps == (4, 4)
    assert network.pools == ((1, 2), (2, 1))
    assert hash(network)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[netwrok]\n", r"found 'netwrok', expected the tables \[network\], .* \(did you mean 'network'\?\)"),
        ("epochs = 5\n", r"found 'epochs', expected the tables"),
        ("network = 5\n", r"network: expected a table, found 5"),
        ("[[network]]\n", r"network: expected a table, found \[\{\}\]"),
        ("[training]\nepoch = 5\n", r"training: unknown key 'epoch' \(did you mean 'epochs'\?\)"),
        ("[training]\nzzz = 5\n", r"training: unknown key 'zzz': known are batch_size, epochs"),
        ("[training]\nepochs = '5'\n", r"training\.epochs: found '5', expected a whole number"),
        ("[training]\nepochs = 5.5\n", r"training\.epochs: found 5\.5, expected a whole number"),
        ("[training]\nepochs = true\n", r"training\.epochs: found True, expected a whole number"),
        ("[training]\nepochs = 2020-01-01\n", r"training\.epochs: found '2020-01-01'"),
        ("[training]\nepochs = -1\n", r"training: .*epochs must not be negative"),
        ("[training]\nlearning_rate = nan\n", r"training\.learning_rate: found nan, expected a finite number"),
        ("[network]\nmaps = [64, '64']\n", r"network\.maps\.1: found '64'"),
        ("[network]\npools = [[2, 2, 2]]\n", r"network\.pools\.0"),
        ("[network]\nmaps = [64]\n", r"network: .*expected one pool per block, got 1 blocks and 4 pools"),
        ("[network]\nname = 'crn'\n", r"network\.name: network 'crn' is not one of crnn.*did you mean 'crnn'"),
        ("[network]\nname = 5\n", r"network\.name: expected a name in quotes, found 5"),
        ("[network]\ndropout = 1\n", r"network: .*dropout must be in \[0, 1\), got 1"),
        ("[pooling]\nfunction = 'mean'\n", r"pooling: .*pooling must be one of max, average"),
        ("[training]\nlearning_rate = 1\n", r"training: .*learning_rate must be between 0 and 1, got 1"),
    ],
)
def test_an_invalid_preset_is_refused_with_the_place_of_the_mistake(tmp_path, text, message):
    with pytest.raises(SettingsError, match=rf"own\.toml: {message}"):
        preset(tmp_path, text)


def test_a_missing_preset_gives_a_one_line_error(tmp_path):
    with pytest.raises(SettingsError, match=r"^preset 'smal' is not one of .*paper.*\(did you mean 'small'\?\)$"):
        load_preset("smal")
    with pytest.raises(SettingsError, match=r"^cannot read .*none\.toml: No such file or directory$"):
        load_preset(str(tmp_path / "none.toml"))
    with pytest.raises(SettingsError, match=r"^cannot read \.\./presets/small: No such file or directory$"):
        load_preset("../presets/small")


def test_thresholds_of_a_preset_may_be_left_to_be_chosen_on_clips(tmp_path: Path) -> None:
    assert load_preset("wang").own_rule == ClipThresholds()
    assert preset(tmp_path, '[own_rule]\nthreshold = "clips"').own_rule == ClipThresholds()
    with pytest.raises(SettingsError, match="own_rule: "):
        preset(tmp_path, '[own_rule]\nthreshold = "clips"\ngap_s = 0.1')
