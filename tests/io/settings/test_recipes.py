from dataclasses import asdict
from pathlib import Path

import pytest
from sedpipe.errors import SettingsError
from sedpipe.io.settings.presets import load_preset, preset_names
from sedpipe.io.settings.recipes import load_recipe, recipe_names
from sedpipe.training.augment import AugmentConfig
from sedpipe.training.config import TrainingConfig


def written(tmp_path: Path, text: str) -> str:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    return str(path)


def test_shipped_recipes_fit_every_preset() -> None:
    assert recipe_names() == ["paper", "robust", "strong"]
    for preset in preset_names():
        training = load_preset(preset).training
        for recipe in recipe_names():
            changed = load_recipe(recipe).applied_to(training)
            assert (changed.epochs, changed.patience) == (training.epochs, training.patience)


@pytest.mark.parametrize("preset", ["paper", "small", "cdur"])
def test_the_paper_recipe_changes_nothing(preset: str) -> None:
    training = load_preset(preset).training
    assert load_recipe("paper").applied_to(training) == training
    assert training.augment == AugmentConfig()


def test_a_recipe_sets_its_keys_and_leaves_the_others(tmp_path: Path) -> None:
    recipe = load_recipe(written(tmp_path, '[training]\nschedule = "cosine"\n[training.augment]\ntime_masks = 2\n'))
    before = TrainingConfig(batch_size=7, patience=3)
    after = recipe.applied_to(before)
    assert recipe.name == "mine"
    assert after.schedule == "cosine"
    assert after.augment == AugmentConfig(time_masks=2)
    changed = {name for name, value in asdict(after).items() if value != asdict(before)[name]}
    assert changed == {"schedule", "augment"}


def test_a_recipes_augmentation_replaces_the_presets_as_a_whole() -> None:
    before = load_preset("cdur-64").training
    after = load_recipe("strong").applied_to(before)
    assert (before.augment.shift, before.augment.time_masks) == (True, 2)
    assert (after.augment.shift, after.augment.time_masks, after.augment.superpose) == (False, 0, 0.3)
    assert (after.order, after.label_smoothing) == (before.order, before.label_smoothing)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[network]\nmaps = [1]\n", r"mine\.toml: found 'network', expected the table \[training\] alone"),
        ('[training]\nschedul = "cosine"\n', "unknown key 'schedul'.*schedule"),
        ('[training]\norder = "sorted"\n', "order must be one of shuffled, balanced, ratio, got 'sorted'"),
        ("[training]\naveraging = 1.0\n", r"must be in \[0, 1\)"),
        ("[training.augment]\nmixup = 0.2\n", "augment: unknown key 'mixup'"),
        ("[training.augment]\ntime_masks = -1\n", "time_masks must not be negative"),
        ("[training\n", "not TOML"),
    ],
)
def test_an_invalid_recipe_gives_a_one_line_error(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(SettingsError, match=complaint):
        load_recipe(written(tmp_path, text))


def test_an_unknown_name_is_refused_with_a_suggestion() -> None:
    with pytest.raises(SettingsError, match=r"recipe 'stronk' is not one of paper, robust, strong.*strong"):
        load_recipe("stronk")
