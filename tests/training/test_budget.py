from dataclasses import replace

from sedpipe.training.budget import FEWEST_VALIDATIONS, within
from sedpipe.training.config import TrainingConfig

CONFIG = TrainingConfig(batch_size=4, epochs=30, patience=6)


def spent(config: TrainingConfig, step_s: float, validation_s: float) -> float:
    return config.steps * step_s + config.epochs * validation_s


def test_steps_and_validations_use_most_of_the_budget_and_hardly_exceed_it() -> None:
    for seconds in (50.0, 600.0, 9_000.0):
        for step_s in (0.02, 1.0, 7.0):
            for validation_s in (0.1, 3.0, 10.0):
                config = within(CONFIG, seconds, step_s, validation_s, 25)
                assert spent(config, step_s, validation_s) <= seconds + validation_s
                assert spent(config, step_s, validation_s) >= 0.7 * seconds - step_s - validation_s


def test_a_network_is_validated_after_every_epoch_if_there_is_time_for_ten() -> None:
    config = within(CONFIG, 2_000, 1.0, 5.0, 25)
    assert (config.epoch_steps, config.patience) == (25, 6)
    assert config.epochs == -(-config.steps // 25) > FEWEST_VALIDATIONS


def test_a_budget_smaller_than_an_epoch_still_has_several_validations() -> None:
    config = within(CONFIG, 20, 1.0, 0.1, 25)
    assert 15 < config.steps < 20
    assert config.epochs >= FEWEST_VALIDATIONS - 1
    assert config.patience == -(-6 * 25 // config.epoch_steps)


def test_the_learning_rate_waits_for_as_many_clips_as_with_whole_epochs() -> None:
    plateau = within(replace(CONFIG, schedule="plateau", decay_epochs=3), 20, 1.0, 0.1, 25)
    assert plateau.decay_epochs == -(-3 * 25 // plateau.epoch_steps) > 3
    assert within(replace(CONFIG, schedule="cosine"), 20, 1.0, 0.1, 25).decay_epochs == CONFIG.decay_epochs


def test_the_smallest_budget_is_one_step_and_one_validation_and_the_last_epoch_may_be_short() -> None:
    config = within(CONFIG, 1, 60.0, 2_000.0, 25)
    assert (config.steps, config.epoch_steps, config.epochs) == (1, 1, 1)
    assert within(CONFIG, 100, 1.0, 0.0001, 7).steps % 7
