import copy

import numpy as np
import pytest
import torch
from sedpipe.io.settings.presets import load_preset
from sedpipe.nn import blocks, gate
from sedpipe.nn.networks.crnn import CRNN
from specs import of
from torch import nn

torch.set_num_threads(1)
POOLS = [(1, 1), (2, 2), (1, 5), (3, 1)]


def normalisation(maps: int, *, training: bool = True) -> nn.BatchNorm2d:
    """Return a normalisation in a state that it may have during training."""
    module = nn.BatchNorm2d(maps).train(training)
    nn.init.normal_(module.weight)
    nn.init.normal_(module.bias)
    module.running_mean.normal_()
    module.running_var.uniform_(0.5, 2)
    return module


def maps(n_clips: int = 3, n_maps: int = 12) -> torch.Tensor:
    return torch.randn(n_clips, n_maps, 6, 10) * 3 + 1


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize("training", [True, False])
def test_values_and_gradients_match_torchs_in_double_precision(pool, training):
    quick = normalisation(12, training=training)
    exact = copy.deepcopy(quick).double()
    z = maps().requires_grad_()
    z64 = z.detach().double().requires_grad_()
    out, expected = gate.normalised_gate(z, quick, pool, 0.0), gate.plain(z64, exact, pool, 0.0)
    above = torch.randn_like(out)
    out.backward(above)
    expected.backward(above.double())
    pairs = [
        (out, expected),
        (z.grad, z64.grad),
        (quick.weight.grad, exact.weight.grad),
        (quick.bias.grad, exact.bias.grad),
        *((quick.get_buffer(name), exact.get_buffer(name)) for name in ("running_mean", "running_var")),
    ]
    for mine, theirs in pairs:
        torch.testing.assert_close(mine.double(), theirs, rtol=1e-5, atol=1e-5)
    assert quick.num_batches_tracked == exact.num_batches_tracked == int(training)


def test_the_fast_kernel_is_used_only_where_it_applies():
    assert gate.is_quick(maps(), (2, 2))
    assert not gate.is_quick(maps().double(), (2, 2))
    assert not gate.is_quick(maps(), (4, 2))  # six frames do not make whole patches
    assert not gate.is_quick(torch.empty(3, 12, 6, 10, device="meta"), (2, 2))


def test_a_block_can_be_exported_and_gives_the_same_output():
    layer = blocks.GatedBlock(1, 4, (2, 2), "before_gate", 0.5).eval()
    x = torch.randn(2, 1, 8, 6)
    exported = torch.export.export(layer, (x,), strict=False).module()
    torch.testing.assert_close(exported(x), layer(x), rtol=1e-5, atol=1e-5)


def test_maps_in_bfloat16_are_processed_in_float32():
    z, module = maps().bfloat16(), normalisation(12)
    expected = gate.normalised_gate(z.float(), copy.deepcopy(module), (2, 2), 0.0)
    assert torch.equal(gate.normalised_gate(z, module, (2, 2), 0.0), expected)


def test_the_memory_format_does_not_matter():
    z, module = maps(), normalisation(12)
    last = z.contiguous(memory_format=torch.channels_last)
    assert torch.equal(
        gate.normalised_gate(z, copy.deepcopy(module), (2, 2), 0.0), gate.normalised_gate(last, module, (2, 2), 0.0)
    )


def gradients(preset: str) -> tuple[float, dict[str, torch.Tensor]]:
    """Return loss and gradients of a shipped network without dropout, after one backward pass of two clips.

    Neither clip is padded: where padding makes neighbours equal, max pooling may choose either of them.
    """
    torch.manual_seed(0)
    chosen = load_preset(preset)
    model = CRNN(chosen.network, chosen.pooling, 3, of(100, 80))
    for module in model.modules():
        if hasattr(module, "dropout") and not isinstance(module, nn.GRU):
            module.dropout = 0.0
    clip_probs = model(torch.randn(2, 100, 80), torch.tensor([100, 100])).clip_probs
    loss = -(clip_probs.log() * torch.tensor([[1.0, 0, 0], [0, 1, 0]])).sum()
    loss.backward()
    return loss.item(), {name: parameter.grad for name, parameter in model.named_parameters()}


@pytest.mark.parametrize("preset", ["small", "demo"])
def test_a_whole_network_has_the_same_gradients_as_with_plain_torch(preset, monkeypatch):
    loss, quick = gradients(preset)
    monkeypatch.setattr(blocks, "normalised_gate", gate.plain)
    plain_loss, plain = gradients(preset)
    assert loss == pytest.approx(plain_loss, abs=1e-5)
    for name, gradient in quick.items():
        torch.testing.assert_close(gradient, plain[name], rtol=0, atol=1e-5, msg=lambda m, n=name: f"{n}: {m}")


def dropped(rate: float, pool: tuple[int, int] = (1, 1), seed: int = 1, z: torch.Tensor | None = None):
    """Return the maps after dropout, the gradient of their input, and the maps without dropout."""
    torch.manual_seed(0)
    z = (torch.randn(4, 32, 50, 20) if z is None else z).requires_grad_()
    module = normalisation(z.shape[1])
    whole = gate.normalised_gate(z.detach(), copy.deepcopy(module), (1, 1), 0.0)
    torch.manual_seed(seed)
    kept = gate.normalised_gate(z, module, pool, rate)
    kept.sum().backward()
    return kept.detach(), z.grad, whole


@pytest.mark.parametrize("rate", [0.1, 0.2, 0.5])
def test_dropout_drops_its_share_and_scales_the_rest(rate):
    kept, _, whole = dropped(rate)
    stays = kept != 0
    n = stays.numel()
    assert abs((~stays).float().mean().item() - rate) < 4 * (rate * (1 - rate) / n) ** 0.5
    torch.testing.assert_close(kept[stays], whole[stays] / (1 - rate))


def test_values_are_dropped_independently_of_their_neighbours():
    stays = (dropped(0.5)[0] != 0).float() - 0.5
    n = stays.numel()
    for axis in range(4):
        correlation = 4 * (stays * stays.roll(1, axis)).mean().item()
        assert abs(correlation) < 4 / n**0.5
    by_map = (stays + 0.5).mean(dim=(0, 2, 3))
    assert (by_map - 0.5).abs().max() < 4 * (0.25 / (n / stays.shape[1])) ** 0.5


def test_two_calls_drop_independently_of_each_other():
    first, second = ((dropped(0.5, seed=seed)[0] != 0).float() - 0.5 for seed in (1, 2))
    assert abs(4 * (first * second).mean().item()) < 4 / first.numel() ** 0.5


@pytest.mark.parametrize("pool", POOLS[1:])
def test_dropped_values_count_as_zeros_in_the_pooling(pool):
    z = torch.randn(2, 8, 12, 10)
    kept, _, _ = dropped(0.4, z=z.clone())
    pooled, gradient, _ = dropped(0.4, pool, z=z.clone())
    assert torch.equal(pooled, nn.functional.max_pool2d(kept, pool))  # the same values are dropped, pooled or not
    assert (gradient != 0).any()


def test_outside_training_nothing_is_dropped():
    assert (gate.normalised_gate(maps(), normalisation(12, training=False), (1, 1), 0.5) != 0).all()


def test_gradients_with_dropout_use_the_same_mask_as_the_output():
    z = torch.randn(2, 8, 12, 10)
    kept, gradient, whole = dropped(0.3, z=z.clone())
    torch.manual_seed(0)  # as in ``dropped``
    module = normalisation(8).double()
    z64 = z.double().requires_grad_()
    mask = (kept != 0).double() / 0.7
    (gate.plain(z64, module, (1, 1), 0.0) * mask).sum().backward()
    torch.testing.assert_close(gradient.double(), z64.grad, rtol=1e-5, atol=1e-5)
    assert kept.shape == whole.shape


def test_the_result_depends_on_the_seed_and_not_on_the_number_of_threads():
    results = []
    for n_threads in (1, 2, 3, 1):
        torch.set_num_threads(n_threads)
        results.append(dropped(0.3, (2, 2))[:2])
    torch.set_num_threads(1)
    for kept, gradient in results[1:]:
        assert torch.equal(kept, results[0][0])
        assert torch.equal(gradient, results[0][1])
    assert not torch.equal(dropped(0.3, (2, 2), seed=2)[0], results[0][0])


def test_without_dropout_no_random_number_is_drawn():
    z, module, before = maps(), normalisation(12), torch.get_rng_state()
    gate.normalised_gate(z, module, (1, 1), 0.0)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("pool", [(1, 1), (2, 2)])
def test_a_nan_is_not_hidden_by_the_pooling(pool):
    z = maps()
    z[0, 0, 0, 0] = float("nan")
    assert gate.normalised_gate(z, normalisation(12), pool, 0.0)[:, 0].isnan().all()


def test_very_large_values_do_not_overflow_the_sigmoid():
    module = normalisation(2, training=False)
    with torch.no_grad():
        module.weight.fill_(1)
    z = torch.tensor([1.0, 1e30]).reshape(1, 2, 1, 1) * torch.tensor([1.0, -1.0]).reshape(2, 1, 1, 1)
    out = gate.normalised_gate(z, module, (1, 1), 0.0)
    torch.testing.assert_close(out, gate.plain(z, module, (1, 1), 0.0))


def test_the_sigmoid_is_accurate_to_about_a_ten_millionth():
    x = np.linspace(-40, 40, 20001, dtype=np.float32)
    mine = np.array([gate.kernels.sigmoid(value) for value in x])
    np.testing.assert_allclose(mine, 1 / (1 + np.exp(-x.astype(np.float64))), rtol=0, atol=1.5e-7)
