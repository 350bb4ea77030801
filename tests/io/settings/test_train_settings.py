from dataclasses import replace
from pathlib import Path

import pytest
from sedpipe.errors import SettingsError
from sedpipe.features.front_end import CONTENTS
from sedpipe.io.settings import train_settings as room
from sedpipe.io.settings.presets import load_preset
from sedpipe.io.settings.train_settings import Asked, train_settings
from sedpipe.nn.networks.crnn import CRNNConfig
from sedpipe.nn.networks.registry import kind_of
from sedpipe.nn.networks.talnet import TALNetConfig


def test_settings_not_asked_for_are_those_of_the_preset() -> None:
    preset, settings = load_preset("cdur"), train_settings(Asked(2, "cdur", device="cpu"))
    assert (settings.network, settings.pooling, settings.training) == (preset.network, preset.pooling, preset.training)
    assert (settings.preset, settings.recipe, settings.threads) == ("cdur", "paper", 2)


def test_settings_asked_for_replace_those_of_the_preset() -> None:
    asked = Asked(1, "small", "strong", "attention", (5,), "learned", seed=3, device="cpu", epochs=2, batch_size=4)
    settings = train_settings(asked)
    assert (settings.pooling.function, settings.pooling.hierarchy, settings.pooling.segment_weights) == (
        "attention", (5,), "learned"
    )  # fmt: skip
    assert (settings.training.epochs, settings.training.batch_size, settings.seed) == (2, 4, 3)
    assert settings.training.averaging > 0  # the recipe's
    assert settings.default_run() == "small-strong-attention-5-learned-seed3"


def test_an_empty_hierarchy_selects_single_pooling_and_none_that_of_the_preset() -> None:
    assert train_settings(Asked(1, "small", hierarchy=(), device="cpu")).pooling.hierarchy == ()
    assert train_settings(Asked(1, "small", device="cpu")).pooling.hierarchy == (5, 5)


@pytest.mark.parametrize(("device", "preset"), [("cpu", "small"), ("cuda", "paper")])
def test_without_a_preset_the_device_determines_one(device: str, preset: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "choose_device", lambda wanted: device)
    assert train_settings(Asked(1)).preset == preset


@pytest.mark.parametrize(
    ("content", "preset"),
    [("decibels", "small"), ("bands", "small"), ("embedding", "head"), ("both", "both"), ("samples", "mlms")],
)
def test_without_a_preset_the_features_determine_one_whose_network_takes_them(content: str, preset: str) -> None:
    settings = train_settings(Asked(1, device="cpu"), content=content)
    assert settings.preset == preset
    assert content in kind_of(settings.network.name).takes
    assert train_settings(Asked(1, "cdur", device="cpu"), content=content).preset == "cdur"


def test_every_kind_of_features_has_a_preset() -> None:
    assert all(
        content in kind_of(train_settings(Asked(1, device="cpu"), content=content).network.name).takes
        for content in CONTENTS
    )


def test_a_named_network_has_the_presets_sizes_if_it_is_the_presets_and_its_default_sizes_if_not() -> None:
    small, talnet = load_preset("small").network, load_preset("talnet").network
    assert small != CRNNConfig()
    assert train_settings(Asked(1, "small", network="crnn", device="cpu")).network == small
    assert train_settings(Asked(1, "talnet", network="crnn", device="cpu")).network == CRNNConfig()
    assert train_settings(Asked(1, "talnet", network="talnet", device="cpu")).network == talnet
    assert train_settings(Asked(1, "small", network="talnet", device="cpu")).network == TALNetConfig()


def test_an_unknown_network_is_refused_with_a_suggestion() -> None:
    with pytest.raises(SettingsError, match=r"--network\.name: network 'crn' is not one of .*did you mean 'crnn'"):
        train_settings(Asked(1, "small", network="crn", device="cpu"))


def test_values_that_cannot_be_combined_give_a_one_line_error() -> None:
    with pytest.raises(SettingsError, match="max pooling takes the largest value"):
        train_settings(Asked(1, "small", pooling="max", segment_weights="learned", device="cpu"))


def test_a_users_preset_is_named_after_its_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("[training]\nepochs = 3\n")
    settings = train_settings(Asked(1, str(path), device="cpu"))
    assert (settings.preset, settings.training.epochs) == ("mine", 3)


def test_a_pooling_is_refused_for_a_network_that_pools_no_frames() -> None:
    assert train_settings(Asked(1, "emsi-like", device="cpu")).network.name == "multiscale"
    with pytest.raises(SettingsError, match="the network multiscale pools no frames"):
        train_settings(Asked(1, "emsi-like", pooling="linear", device="cpu"))


def test_a_teacher_cannot_be_combined_with_mixed_supervision_of_recipe_or_option(tmp_path: Path) -> None:
    recipe = tmp_path / "mine.toml"
    recipe.write_text('[training]\nsupervision = "mixed"\n')
    asked = Asked(1, "small", str(recipe), device="cpu", teacher="round-0@0123456789abcdef")
    with pytest.raises(SettingsError, match=r"of recipe mine or small.* cannot be combined"):
        train_settings(asked)
    with pytest.raises(SettingsError, match="--supervision mixed cannot be combined"):
        train_settings(replace(asked, recipe="paper", supervision="mixed"))
    assert train_settings(replace(asked, supervision="weak")).training.supervision == "weak"
