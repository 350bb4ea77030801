import io
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from sedpipe.nn.networks.crnn import CRNN, CRNNConfig
from sedpipe.nn.networks.network import Prediction
from sedpipe.nn.pooling import PoolingConfig
from sedpipe.training.augment import AugmentConfig
from sedpipe.training.batch import Batch
from sedpipe.training.config import TrainingConfig
from sedpipe.training.fit import Fit, LossError
from sedpipe.training.inference import predict
from sedpipe.training.late import LateValue
from sedpipe.training.processes import make_fabric
from specs import of

torch.set_num_threads(1)
CONFIG = TrainingConfig(batch_size=4, epochs=6, learning_rate=0.01, patience=3)
STRONG = replace(
    CONFIG,
    schedule="cosine",
    averaging=0.9,
    label_smoothing=0.1,
    augment=AugmentConfig(
        shift=True, mixup_alpha=0.3, time_masks=1, time_mask_frames=5, frequency_masks=1, frequency_mask_bands=3
    ),
)
NETWORK = CRNNConfig(maps=(4,), pools=((4, 4),), conv_maps=4, gru_units=4, dropout=0.3)


class Told(torch.nn.Module):
    """Predicts what the batch dictates, so that a test controls every validation loss."""

    content = "decibels"

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(1))
        self.step = torch.nn.Parameter(torch.zeros(1))

    def forward(self, x, n_frames):
        probs = self.step.sigmoid().expand(len(x), 1) if self.training else x[:, 0]
        return Prediction(x, [], probs)

    def penalty(self):
        return 0.0

    def keep_in_range(self):
        pass


def batch(*losses: float) -> Batch:
    """Return clips with label 1, for which :class:`Told` has these losses."""
    x = torch.exp(-torch.tensor(losses)).reshape(-1, 1, 1)
    return Batch(x, torch.ones(len(losses), 1), torch.ones(len(losses)), ["clip"] * len(losses))


def told_fit(validation_losses, config) -> tuple[Fit, list[float]]:
    """Return a fit over these validation losses until it stops, and its weight after each epoch."""
    fit, weights = Fit(Told(), config, 0, make_fabric("cpu")), []
    for loss in validation_losses:
        if fit.stopped:
            break
        fit.run_epoch([batch(1.0)], [batch(loss)])
        weights.append(fit.model.step.item())
    return fit, weights


def crnn_fit(seed: int = 0, config: TrainingConfig = CONFIG, initial: int = 0) -> Fit:
    torch.manual_seed(initial)
    return Fit(CRNN(NETWORK, PoolingConfig("linear", (5,)), 2, of(40, 16)), config, seed, make_fabric("cpu"))


def some_batches(n_batches: int = 3) -> list[Batch]:
    g = torch.Generator().manual_seed(1)
    return [
        Batch(
            torch.randn(4, 40, 16, generator=g),
            torch.randint(2, (4, 2), generator=g).float(),
            torch.tensor([40, 40, 31, 8]),
            ["a", "b", "c", "d"],
        )
        for _ in range(n_batches)
    ]


def run(fit: Fit, epochs: int) -> Fit:
    for _ in range(epochs):
        fit.run_epoch(some_batches(), some_batches(1))
    return fit


def stored(state) -> dict:
    """Return a state as it is read back from a file."""
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    return torch.load(file, weights_only=True)


def same(one, other) -> bool:
    """Return whether two states are bitwise equal, through nested tables and lists."""
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


@pytest.mark.parametrize("losses", [[0.9] * 4, [0.9, 0.8, 0.7, 0.6]])
def test_a_continued_fit_runs_the_requested_number_of_epochs(losses):
    """Its patience ran out after two of 50 epochs: two more are run, whether or not they bring a lower loss."""
    config = replace(CONFIG, epochs=50, patience=1)
    fit = Fit(Told(), config, 0, make_fabric("cpu"), in_all=4)
    for loss in losses:
        assert not fit.stopped
        fit.run_epoch([batch(1.0)], [batch(loss)])
    assert (bool(fit.stopped), fit.epoch, fit.most_epochs) == (True, 4, 4)


def test_a_fit_continued_within_its_plan_keeps_the_planned_learning_rate():
    """Its patience ran out after two of 50 epochs: two more continue the cosine of 50."""
    config = replace(CONFIG, epochs=50, patience=1, schedule="cosine")
    ended, _ = told_fit([1.0, 1.1], config)
    assert (ended.stopped, ended.epoch) == ("patience", 2)
    fit, rates = Fit(Told(), config, 0, make_fabric("cpu"), in_all=4), []
    fit.load_state(stored(ended.state()))
    while not fit.stopped:
        fit.run_epoch([batch(1.0)], [batch(1.2)])
        rates.append(fit._optimiser.param_groups[0]["lr"] / config.learning_rate)
    assert rates == pytest.approx([0.5 * (1 + math.cos(math.pi * epoch / 50)) for epoch in (2, 3)])


def test_losses_are_means_over_clips_not_over_batches():
    fit = Fit(Told(), CONFIG, 0, make_fabric("cpu"))
    record = fit.run_epoch([batch(1.0)], [batch(0.1, 0.2, 0.3), batch(1.0)])
    assert record.validation_loss == pytest.approx(0.4)
    assert record.training_loss == pytest.approx(-math.log(0.5))
    assert (record.epoch, fit.epoch) == (1, 1)


def test_training_stops_when_patience_has_run_out_since_the_best_epoch():
    fit, _ = told_fit([0.5, 0.4, 0.45, 0.4, 0.41, 0.1], replace(CONFIG, epochs=100))
    assert (fit.stopped, fit.epoch, fit.best_epoch) == ("patience", 5, 2)  # an equal loss is no improvement
    assert fit.best_loss == pytest.approx(0.4)


def test_training_stops_at_the_last_epoch():
    fit, _ = told_fit([0.5, 0.4, 0.3, 0.2], replace(CONFIG, epochs=3))
    assert (fit.stopped, fit.epoch, fit.best_epoch) == ("epochs", 3, 3)


def test_zero_epochs_leave_the_network_unchanged():
    fit, _ = told_fit([0.5], replace(CONFIG, epochs=0))
    fit.restore_best()
    assert (fit.stopped, fit.epoch, fit.best_loss) == ("epochs", 0, math.inf)
    assert fit.model.step.item() == 0


def test_the_best_epochs_weights_are_restored():
    fit, weights = told_fit([0.5, 0.3, 0.4, 0.45], CONFIG)
    assert len(set(weights)) == 4
    assert fit.model.step.item() == weights[3]
    fit.restore_best()
    assert fit.model.step.item() == weights[1]


@pytest.mark.parametrize("done", [1, 2, 5])
def test_a_resumed_fit_is_bitwise_equal_to_an_uninterrupted_one(done):
    undisturbed = run(crnn_fit(), 6)
    resumed = crnn_fit(initial=7)
    resumed.load_state(stored(run(crnn_fit(), done).state()))
    torch.rand(11)  # the new process may have drawn other random numbers
    run(resumed, 6 - done)
    assert same(resumed.state(), undisturbed.state())
    resumed.restore_best()
    undisturbed.restore_best()
    assert same(resumed.model.state_dict(), undisturbed.model.state_dict())


@pytest.mark.parametrize("config", [CONFIG, STRONG])
@pytest.mark.parametrize("step", [1, 2, 3])
def test_a_fit_resumed_within_an_epoch_is_bitwise_equal_to_an_uninterrupted_one(step, config):
    undisturbed, killed = run(crnn_fit(config=config), 2), run(crnn_fit(config=config), 1)
    for done in killed.steps(some_batches()):
        if done == step:
            state = stored(killed.state())
            break
    resumed = crnn_fit(initial=7, config=config)
    resumed.load_state(state)
    assert (resumed.epoch, resumed.step) == (1, step)
    torch.rand(11)
    resumed.run_epoch(some_batches()[step:], some_batches(1))
    assert same(resumed.state(), undisturbed.state())


def test_the_judge_gets_the_validation_frames_in_order_and_its_scores_are_stored():
    fit, seen = crnn_fit(), []

    def judge(frame_probs, clip_probs):
        seen.append(frame_probs)
        return {"f1": 0.5}

    for _ in fit.steps(some_batches()):
        pass
    assert fit.end_epoch(some_batches(), judge).scores == {"f1": 0.5}
    np.testing.assert_array_equal(seen[0], predict(fit.model, some_batches())[0])
    assert stored(fit.state())["records"][0]["scores"] == {"f1": 0.5}


def test_losses_read_late_are_the_same_and_nan_is_reported_before_a_state_is_stored(monkeypatch):
    here = crnn_fit()
    for _ in here.steps(some_batches()):
        pass
    expected = stored(here.state())
    monkeypatch.setattr(LateValue, "costs_nothing", False)
    late, (first, second, third) = crnn_fit(), some_batches()
    for _ in late.steps([first, second, third]):
        pass
    assert same(expected, stored(late.state()))

    late = crnn_fit()
    steps = late.steps([first, second._replace(x=second.x * torch.nan), third])
    next(steps)
    next(steps)
    with pytest.raises(LossError, match=r"^the loss is nan at step 2 of epoch 1$"):
        late.state()
    late = crnn_fit()
    with pytest.raises(LossError, match=r"^the loss is nan at step 2 of epoch 1$"):
        list(late.steps([first, second._replace(x=second.x * torch.nan), third]))
    late = crnn_fit()
    with pytest.raises(LossError, match=r"^the loss is nan at step 3 of epoch 1$"):
        list(late.steps([first, second, third._replace(x=third.x * torch.nan)]))


def test_a_nan_loss_ends_the_fit_before_it_changes_a_weight():
    fit, (first, second, _) = crnn_fit(), some_batches()
    steps = fit.steps([first, second._replace(x=second.x * torch.nan)])
    next(steps)
    before = stored(fit.model.classify.state_dict())
    with pytest.raises(LossError, match=r"^the loss is nan at step 2 of epoch 1$"):
        next(steps)
    assert same(before, dict(fit.model.classify.state_dict()))
    fit = Fit(Told(), CONFIG, 0, make_fabric("cpu"))
    with pytest.raises(LossError, match=r"^the validation loss is nan after epoch 1$"):
        fit.run_epoch([batch(1.0)], [batch(math.nan)])


def test_patience_is_counted_across_an_interruption():
    first, _ = told_fit([0.5, 0.4, 0.45], replace(CONFIG, epochs=100))
    fit = Fit(Told(), replace(CONFIG, epochs=100), 0, make_fabric("cpu"))
    fit.load_state(stored(first.state()))
    assert not fit.stopped
    for loss in (0.46, 0.47):
        fit.run_epoch([batch(1.0)], [batch(loss)])
    assert (fit.stopped, fit.best_epoch) == ("patience", 2)


def test_a_cosine_schedule_starts_at_the_learning_rate_and_ends_near_zero():
    fit, rates = Fit(Told(), replace(CONFIG, schedule="cosine", epochs=2), 0, make_fabric("cpu"), 3), []
    for _ in range(2):
        for _ in fit.steps([batch(1.0)] * 3):
            rates.append(fit._optimiser.param_groups[0]["lr"])
        fit.end_epoch([batch(1.0)])
    assert rates == pytest.approx([0.005 * (1 + math.cos(math.pi * done / 6)) for done in range(6)])


def test_the_averaged_weights_are_validated_and_kept_and_training_continues_with_the_latest():
    class Learns(Told):
        """Predicts from its weight in validation, too."""

        def forward(self, x, n_frames):
            return Prediction(x, [], self.step.sigmoid().expand(len(x), 1))

    fit = Fit(Learns(), replace(CONFIG, averaging=0.9), 0, make_fabric("cpu"))
    values = [0.0]
    for _ in fit.steps([batch(1.0)] * 30):
        values.append(fit.model.step.item())
    average = 0.0
    for n, value in enumerate(values[1:], start=1):
        decay = min(0.9, n / (n + 10))
        average = decay * average + (1 - decay) * value
    record = fit.end_epoch([batch(1.0)])
    assert record.validation_loss == pytest.approx(math.log1p(math.exp(-average)), rel=1e-5)
    assert fit.model.step.item() == values[-1]
    fit.restore_best()
    assert fit.model.step.item() == pytest.approx(average, rel=1e-5)
    assert average != pytest.approx(values[-1], rel=1e-2)


def learnt_alpha(function: str, begins: float) -> torch.Tensor:
    """Return the parameters that pooling has learned after two epochs, over 10 output frames."""
    torch.manual_seed(0)
    model = CRNN(NETWORK, PoolingConfig(function, ()), 2, of(40, 16))
    torch.nn.init.constant_(model.alpha, begins)
    fit = Fit(model, replace(CONFIG, epochs=2), 0, make_fabric("cpu"))
    for _ in range(2):
        fit.run_epoch(some_batches(), some_batches(1))
    return model.alpha.detach()


def test_cap_keeps_alpha_within_its_bound_and_rap_draws_it_towards_the_average():
    assert learnt_alpha("cap", 50.0).tolist() == pytest.approx([math.log(9)] * 2, abs=0.1)
    assert (learnt_alpha("cap", 50.0) <= math.log(9) + 1e-6).all()
    assert (learnt_alpha("rap", 8.0) < learnt_alpha("auto", 8.0)).all()


def test_labels_are_smoothed_towards_one_half():
    fit = Fit(Told(), replace(CONFIG, label_smoothing=0.2), 0, make_fabric("cpu"))
    clips = Batch(torch.zeros(2, 1, 1), torch.tensor([[1.0], [0.0]]), torch.ones(2), ["a", "b"])
    torch.testing.assert_close(fit._augmented(clips).y, torch.tensor([[0.9], [0.1]]))


def test_the_seed_determines_dropout():
    once, again, other = (run(crnn_fit(seed), 1).model.state_dict() for seed in (0, 0, 1))
    assert same(once, again)
    assert not same(once, other)


def test_standardisation_is_not_trained():
    fit = crnn_fit()
    fit.model.standardise_with(torch.full((16,), 0.5), torch.full((16,), 2.0))
    run(fit, 2)
    assert fit.model.mean.tolist() == [0.5] * 16
    assert fit.model.scale.tolist() == [0.5] * 16


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch_size": 0}, "batch_size and patience must be positive"),
        ({"patience": 0}, "batch_size and patience must be positive"),
        ({"epochs": -1}, "epochs must not be negative"),
        ({"learning_rate": 0.0}, "learning_rate must be between 0 and 1, got 0.0"),
        ({"learning_rate": float("nan")}, "learning_rate must be between 0 and 1, got nan"),
    ],
)
def test_invalid_training_settings_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        replace(CONFIG, **changes)


def test_a_step_limit_ends_a_fit_within_an_epoch() -> None:
    fit = Fit(Told(), replace(CONFIG, epochs=3, patience=9, epoch_steps=4, steps=10), 0, make_fabric("cpu"), 7)
    seen = []
    while not fit.stopped:
        seen.append((fit.steps_done, fit.steps_due))
        fit.run_epoch([batch(1.0)] * fit.steps_due, [batch(1.0)])
    assert seen == [(0, 4), (4, 4), (8, 2)]
    assert fit.stopped == "epochs"


def test_a_fit_continued_beyond_its_step_limit_counts_all_steps() -> None:
    config = replace(CONFIG, epochs=9, patience=9, epoch_steps=4, steps=10)
    fit, seen = Fit(Told(), config, 0, make_fabric("cpu"), 7, in_all=5), []
    while not fit.stopped:
        seen.append((fit.steps_done, fit.steps_due))
        fit.run_epoch([batch(1.0)] * fit.steps_due, [batch(1.0)])
    assert seen == [(0, 4), (4, 4), (8, 2), (10, 4), (14, 4)]
    assert fit.steps_done == 18


def test_a_continued_fit_follows_the_cosine_schedule_planned_up_to_its_step_limit() -> None:
    """Its patience ran out after two epochs of two steps, of nine steps planned: two more epochs go on as planned."""
    config = replace(CONFIG, schedule="cosine", epochs=9, patience=1, epoch_steps=2, steps=9)
    ended = Fit(Told(), config, 0, make_fabric("cpu"), 7)
    for loss in (1.0, 1.1):
        ended.run_epoch([batch(1.0)] * 2, [batch(loss)])
    assert (ended.stopped, ended.steps_done) == ("patience", 4)
    fit, rates = Fit(Told(), config, 0, make_fabric("cpu"), 7, in_all=4), []
    fit.load_state(stored(ended.state()))
    while not fit.stopped:
        for _ in fit.steps([batch(1.0)] * fit.steps_due):
            rates.append(fit._optimiser.param_groups[0]["lr"] / config.learning_rate)
        fit.end_epoch([batch(1.2)])
    assert rates == pytest.approx([0.5 * (1 + math.cos(math.pi * step / 9)) for step in (4, 5, 6, 7)])


def test_the_cosine_schedule_spans_exactly_the_steps_of_the_limit() -> None:
    config = replace(CONFIG, schedule="cosine", epochs=100, epoch_steps=4, steps=6)
    fit, rates = Fit(Told(), config, 0, make_fabric("cpu"), 7), []
    while not fit.stopped:
        for _ in fit.steps([batch(1.0)] * fit.steps_due):
            rates.append(fit._optimiser.param_groups[0]["lr"] / config.learning_rate)
        fit.end_epoch([batch(1.0)])
    assert rates == pytest.approx([0.5 * (1 + math.cos(math.pi * step / 6)) for step in range(6)])
