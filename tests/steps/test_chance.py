import numpy as np
import pytest
from sedpipe.steps.chance import remark_on_chance

TARGETS = np.random.default_rng(0).random((60, 3)) < 0.3


def drawn(seed: int, gains: tuple[float, ...]) -> np.ndarray:
    noise = np.random.default_rng(seed).standard_normal(TARGETS.shape)
    return 1 / (1 + np.exp(-(noise + TARGETS * np.array(gains))))


def test_random_output_is_reported_as_no_learning_at_the_nominal_rate() -> None:
    told = [remark_on_chance(drawn(seed, (0, 0, 0)), TARGETS) is not None for seed in range(200)]
    assert np.mean(told) >= 0.95 - 2 * np.sqrt(0.05 * 0.95 / 200)


@pytest.mark.parametrize("gains", [(3, 3, 3), (0, 3, 0)])
def test_a_model_that_detects_at_least_one_class_gives_no_remark(gains: tuple[float, ...]) -> None:
    assert all(remark_on_chance(drawn(seed, gains), TARGETS) is None for seed in range(20))


def test_an_inverted_ranking_is_reported_as_no_learning() -> None:
    assert "area under the ROC curve 0.0" in str(remark_on_chance(drawn(0, (-5, -5, -5)), TARGETS))


def test_there_is_no_remark_if_no_class_has_both_positive_and_negative_clips() -> None:
    assert remark_on_chance(drawn(0, (0, 0, 0))[:, :2], np.tile([0, 1], (60, 1))) is None
    assert remark_on_chance(np.zeros((0, 2)), np.zeros((0, 2))) is None


def test_a_constant_probability_is_reported_as_no_learning() -> None:
    assert remark_on_chance(np.full(TARGETS.shape, 0.2), TARGETS) == (
        "no sign of learning: clips of testing with a class are not ranked above those without it "
        "(mean area under the ROC curve 0.50 on 60 clips, chance 0.50)"
    )


@pytest.mark.parametrize(
    ("n_clips", "n_classes", "told"),
    [
        (4, 1, "too few clips in testing to tell whether the model has learned anything: "),  # p = 1/6 at best
        (6, 1, "too few clips in testing"),  # p = 1/20, which is not below 0.05
        (8, 1, "no sign of learning: "),  # p = 1/70
        (8, 4, "too few clips in testing"),  # each class is tested at a quarter of 0.05
        (10, 4, "no sign of learning: "),  # p = 1/252
    ],
)
def test_too_few_clips_to_show_learning_are_reported_as_such(n_clips: int, n_classes: int, told: str) -> None:
    targets = np.tile(np.arange(n_clips)[:, None] % 2, (1, n_classes))
    assert str(remark_on_chance(1.0 - targets, targets)).startswith(told)
    knows = remark_on_chance(targets + 0.01 * np.arange(n_clips)[:, None], targets)
    assert (knows is None) == told.startswith("no sign")
