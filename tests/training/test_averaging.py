import pytest
import torch
from sedpipe.training.averaging import MovingAverage
from torch import nn


def network(value: float) -> nn.Module:
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    set_all(model, value)
    return model


def set_all(model: nn.Module, value: float) -> None:
    with torch.no_grad():
        for tensor in model.state_dict().values():
            tensor.fill_(value)


def weights(model: nn.Module) -> torch.Tensor:
    return torch.cat([tensor.flatten().double() for tensor in model.state_dict().values()])


@pytest.mark.parametrize("n_steps", [1, 2, 10, 199])
def test_the_average_is_exponential_after_a_warm_up(n_steps: int) -> None:
    model = network(0.0)
    average = MovingAverage(model, 0.9)
    expected = 0.0
    for n in range(1, n_steps + 1):
        set_all(model, float(n % 7))
        average.update(model)
        decay = min(0.9, n / (n + 10))
        expected = decay * expected + (1 - decay) * (n % 7)
    with average.applied_to(model):
        torch.testing.assert_close(model[0].weight, torch.full((2, 2), expected), rtol=1e-5, atol=1e-5)
        assert model[1].num_batches_tracked == n_steps % 7  # a count is not averaged


def test_constant_weights_are_their_own_average() -> None:
    model = network(0.5)
    average = MovingAverage(model, 0.99)
    for _ in range(50):
        average.update(model)
    with average.applied_to(model):
        assert torch.equal(model[0].bias, torch.full((2,), 0.5))


def test_the_models_own_weights_are_restored_even_after_an_error() -> None:
    model = network(1.0)
    average = MovingAverage(model, 0.9)
    set_all(model, 3.0)
    before = weights(model)
    try:
        with average.applied_to(model):
            assert not torch.equal(weights(model), before)
            raise KeyError
    except KeyError:
        pass
    assert torch.equal(weights(model), before)


def test_an_average_resumed_from_its_state_is_bitwise_equal() -> None:
    whole, model = MovingAverage(network(0.0), 0.9), network(0.0)
    halves = MovingAverage(network(0.0), 0.9)
    for n in range(20):
        set_all(model, n / 3)
        whole.update(model)
        if n == 10:
            resumed = MovingAverage(network(0.0), 0.9)
            resumed.load_state({"n_updates": 10, "values": {k: v.clone() for k, v in halves.state()["values"].items()}})
            halves = resumed
        halves.update(model)
    for name, value in whole.state()["values"].items():
        assert torch.equal(value, halves.state()["values"][name])
