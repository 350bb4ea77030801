from pathlib import Path

import pytest
from sedpipe.clips import ClipFormat
from sedpipe.errors import SettingsError
from sedpipe.io.settings.presets import preset_names
from sedpipe.io.settings.systems import features_command, load_system, settings_of, spec_of, system_names

CLIPS = ClipFormat()


@pytest.mark.parametrize("name", system_names())
def test_a_shipped_system_has_a_preset_a_title_and_plausible_scores(name: str) -> None:
    called, system = load_system(name)
    settings = settings_of(system, 1, "cpu")
    assert called == name
    assert settings.preset in preset_names()
    assert system.title
    for published in (system.testing, system.evaluation):
        scores = (published.f1, published.macro_f1, published.tagging_f1)
        assert all(0 < score < 1 for score in scores if score is not None)
        assert published.error_rate is None or 0.5 < published.error_rate < 1.5


def test_published_systems_have_their_published_features_and_ours_the_default_ones() -> None:
    for name, (rate, bands) in {"kong-gru": (32_000, 64), "mcfee-cnn": (44_100, 128), "small": (44_100, 80)}.items():
        front_end = spec_of(load_system(name)[1], CLIPS).front_end
        assert (front_end.sample_rate, spec_of(load_system(name)[1], CLIPS).shape[1]) == (rate, bands)
    assert features_command(load_system("kong-gru")[1]) == ("--front-end", "kong")
    assert features_command(load_system("small")[1]) == ()


def test_single_and_hierarchical_pooling_are_two_systems_with_the_same_network() -> None:
    single, both = (settings_of(load_system(name)[1], 1, "cpu") for name in ("small-single", "small"))
    assert (single.pooling.hierarchy, both.pooling.hierarchy) == ((), (5, 5))
    assert single.network == both.network


def test_a_users_system_is_named_after_its_file(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text('title = "mine"\npreset = "small"\nrecipe = "strong"\nencoder = "yamnet"\nhop_s = 0.08\n')
    name, system = load_system(str(path))
    assert (name, system.recipe) == ("own", "strong")
    assert features_command(system) == ("--encoder", "yamnet", "--hop", "0.08")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('preset = "small"', "title"),
        ('title = "x"\npreset = "small"\nresipe = "strong"', "unknown key 'resipe'"),
        ('title = "x"\npreset = "small"\n[testing]\nf2 = 0.5', "unknown key 'f2'"),
    ],
)
def test_a_system_with_missing_or_unknown_keys_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "own.toml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=said):
        load_system(str(path))


def test_an_invalid_or_unknown_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a b.toml").write_text('title = "x"\npreset = "small"')
    with pytest.raises(SettingsError, match="expected a name of letters"):
        load_system(str(tmp_path / "a b.toml"))
    with pytest.raises(SettingsError, match="did you mean 'surrey'"):
        load_system("surry")
