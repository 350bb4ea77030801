import numpy as np
import pytest
from sedpipe.steps.chance import remark_on_chance

TARGETS = np.random.default_rng(0).random((60, 3)) < 0.3


def drawn(seed: int, gains: tuple[float, ...]) -> np.ndarray:
    noise = np.random.default_rng(seed).standard_normal(TARGETS.shape)
    return 1 / (1 + np.exp(-(noise + TARGETS * np.array(gains))))


def test_a_model_that_draws_lots_is_said_to_have_learnt_nothing_as_often_as_promised() -> None:
    told = [remark_on_chance(drawn(seed, (0, 0, 0)), TARGETS) is not None for seed in range(200)]
    assert np.mean(told) >= 0.95 - 2 * np.sqrt(0.05 * 0.95 / 200)


@pytest.mark.parametrize("gains", [(3, 3, 3), (0, 3, 0)])
def test_a_model_that_knows_one_class_has_learnt_something(gains: tuple[float, ...]) -> None:
    assert all(remark_on_chance(drawn(seed, gains), TARGETS) is None for seed in range(20))


def test_what_is_ranked_the_wrong_way_round_is_no_knowledge() -> None:
    assert "area under the ROC curve 0.0" in str(remark_on_chance(drawn(0, (-5, -5, -5)), TARGETS))


def test_where_every_clip_holds_a_class_or_none_does_nothing_can_be_told() -> None:
    assert remark_on_chance(drawn(0, (0, 0, 0))[:, :2], np.tile([0, 1], (60, 1))) is None
    assert remark_on_chance(np.zeros((0, 2)), np.zeros((0, 2))) is None


def test_the_same_probability_everywhere_is_chance() -> None:
    assert remark_on_chance(np.full(TARGETS.shape, 0.2), TARGETS) == (
        "no sign of learning: clips of testing with a class are not ranked above those without it "
        "(mean area under the ROC curve 0.50 on 60 clips, chance 0.50)"
    )


@pytest.mark.parametrize(
    ("n_clips", "n_classes", "told"),
    [
        (4, 1, "too few clips in testing to tell whether the model has learned anything: "),  # 1/6 at best
        (6, 1, "too few clips in testing"),  # 1/20, which is not below 0.05
        (8, 1, "no sign of learning: "),  # 1/70
        (8, 4, "too few clips in testing"),  # of which each has a quarter of 0.05
        (10, 4, "no sign of learning: "),  # 1/252
    ],
)
def test_where_no_ranking_could_show_it_the_model_is_not_blamed(n_clips: int, n_classes: int, told: str) -> None:
    targets = np.tile(np.arange(n_clips)[:, None] % 2, (1, n_classes))
    assert str(remark_on_chance(1.0 - targets, targets)).startswith(told)
    knows = remark_on_chance(targets + 0.01 * np.arange(n_clips)[:, None], targets)
    assert (knows is None) == told.startswith("no sign")
