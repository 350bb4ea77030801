import math

import pytest
import torch
from sedpipe.training.schedule import SCHEDULES, Schedule, plateaus

LOSSES = [1.0, 0.8, 0.9, 0.85, 0.81, 0.82, 0.7, 0.71, 0.72, 0.73, 0.74, 0.75]


def test_a_constant_schedule_keeps_the_initial_rate_and_all_schedules_start_with_it() -> None:
    assert {Schedule("constant", 1, 0.5).share(LOSSES, done, 12) for done in (0, 5.5, 30)} == {1.0}
    assert {Schedule(name, 3, 0.1).share([], 0.0, 10.0) for name in SCHEDULES} == {1.0}


def test_the_cosine_schedule_ends_at_zero_and_stays_there() -> None:
    schedule = Schedule("cosine", 1, 0.5)
    assert schedule.share(LOSSES, 3.0, 12.0) == pytest.approx(0.5 * (1 + math.cos(math.pi / 4)))
    assert schedule.share(LOSSES, 12.0, 12.0) == schedule.share(LOSSES, 15.0, 12.0) == 0.0


def test_the_step_schedule_decays_only_after_every_given_number_of_epochs() -> None:
    schedule = Schedule("step", 2, 0.9)
    shares = [schedule.share(LOSSES, done, 12.0) for done in (0.0, 1.9, 2.0, 3.99, 4.0, 7.0)]
    assert shares == pytest.approx([1, 1, 0.9, 0.9, 0.81, 0.729])


@pytest.mark.parametrize("every", [1, 2, 3, 4])
def test_plateaus_match_torchs_scheduler(every: int) -> None:
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(optimiser, factor=0.1, patience=every - 1, threshold=0, eps=0)
    for count, loss in enumerate(LOSSES, start=1):
        theirs.step(loss)
        ours = Schedule("plateau", every, 0.1).share(LOSSES[:count], count, 100.0)
        assert ours == pytest.approx(optimiser.param_groups[0]["lr"])


def test_a_loss_that_keeps_falling_has_no_plateau() -> None:
    assert plateaus([3.0, 2.0, 1.0, 0.5], 1) == 0
    assert plateaus([], 3) == 0
