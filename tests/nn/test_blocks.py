import math

import pytest
import torch
from sedpipe.nn.blocks import (
    CONVOLUTIONS,
    NORMALISATIONS,
    BlockShape,
    GatedBlock,
    GatedConv,
    LeakyConv,
    PowerPool,
    begin_he,
    begin_xavier,
    leaky_block,
    rectified,
)
from torch import nn

torch.set_num_threads(1)


def test_the_second_half_of_the_maps_gates_the_first():
    conv = GatedConv(1, 1, "after_gate").eval()
    with torch.no_grad():
        conv.convolution.weight.zero_()
        conv.convolution.weight[0, 0, 1, 1] = 3.0  # linear half: three times the pixel
        conv.convolution.bias.copy_(torch.tensor([0.0, -1.0]))  # gate: sigmoid(-1) everywhere
    x = torch.randn(2, 1, 5, 4)
    expected = 3 * x * torch.sigmoid(torch.tensor(-1.0)) / (1 + 1e-5) ** 0.5  # untrained batch norm
    torch.testing.assert_close(conv(x), expected)


def test_a_convolution_sees_one_neighbour_on_each_side_and_keeps_the_size():
    conv = GatedConv(1, 2, "before_gate").eval()
    x = torch.randn(1, 1, 9, 7)
    moved = x.clone()
    moved[0, 0, 4, 3] += 1
    changed = (conv(moved) != conv(x)).any(dim=1)[0]
    assert changed.shape == (9, 7)
    assert changed.nonzero().tolist() == [[t, f] for t in (3, 4, 5) for f in (2, 3, 4)]


@pytest.mark.parametrize(
    ("normalisation", "parameters"),
    [
        ("before_gate", 3 * 8 * 9 + 2 * 8),  # no bias: the normalisation has one
        ("after_gate", 3 * 8 * 9 + 8 + 2 * 4),
        ("block", 3 * 8 * 9 + 8),
    ],
)
def test_a_gated_convolution_from_3_to_4_maps_has_the_expected_parameters(normalisation, parameters):
    assert sum(parameter.numel() for parameter in GatedConv(3, 4, normalisation).parameters()) == parameters


def test_with_normalisation_before_the_gate_the_input_level_does_not_matter():
    conv = GatedConv(2, 3, "before_gate")
    x = torch.randn(4, 2, 8, 8)
    torch.testing.assert_close(conv(x), conv(100 * x), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("normalisation", ["after_gate", "block"])
def test_with_normalisation_after_the_gate_every_map_has_mean_0_and_deviation_1(normalisation):
    block = GatedBlock(2, 3, (1, 1), normalisation, dropout=0)
    y = block(torch.randn(4, 2, 8, 8))
    torch.testing.assert_close(y.mean(dim=(0, 2, 3)), torch.zeros(3), rtol=0, atol=1e-5)
    torch.testing.assert_close(y.std(dim=(0, 2, 3), correction=0), torch.ones(3), rtol=0, atol=2e-2)


@pytest.mark.parametrize("normalisation", NORMALISATIONS)
def test_a_block_keeps_the_largest_value_of_each_patch(normalisation):
    torch.manual_seed(0)
    pooling = GatedBlock(1, 3, (2, 5), normalisation, dropout=0.5).eval()
    plain = GatedBlock(1, 3, (1, 1), normalisation, dropout=0.5).eval()
    plain.load_state_dict(pooling.state_dict())
    x = torch.randn(2, 1, 8, 10)
    patches = plain(x).reshape(2, 3, 4, 2, 2, 5)
    assert torch.equal(pooling(x), patches.amax(dim=(3, 5)))


def test_dropout_acts_only_in_training():
    block = GatedBlock(1, 3, (1, 1), "after_gate", dropout=0.5)
    x = torch.randn(2, 1, 16, 16)
    assert (block(x) == 0).float().mean() == pytest.approx(0.5, abs=0.05)
    block.eval()
    assert torch.equal(block(x), block(x))
    assert (block(x) != 0).all()


@pytest.mark.parametrize("depth", [1, 3])
def test_a_block_may_have_any_number_of_convolutions(depth):
    block = GatedBlock(2, 3, (2, 2), "before_gate", dropout=0, depth=depth)
    assert len(block.layers) == depth
    assert block(torch.randn(1, 2, 8, 8)).shape == (1, 3, 4, 4)


@pytest.mark.parametrize("power", [2, 4])
def test_power_pooling_matches_torchs_and_ignores_signs(power):
    x = torch.rand(2, 3, 8, 10)
    expected = torch.nn.functional.lp_pool2d(x, power, (2, 5))
    torch.testing.assert_close(PowerPool((2, 5), power)(x), expected)
    torch.testing.assert_close(PowerPool((2, 5), power)(-x), expected)  # even powers ignore signs


def test_power_pooling_approaches_the_maximum_as_the_power_grows():
    x = torch.rand(2, 3, 8, 10) + 0.5
    largest = torch.nn.functional.max_pool2d(x, (2, 2))
    away = [(PowerPool((2, 2), power)(x) - largest).abs().max() for power in (2, 4, 16)]
    assert away[0] > away[1] > away[2]


def test_a_patch_of_zeros_has_a_gradient_of_zero():
    x = torch.zeros(1, 1, 2, 2, requires_grad=True)
    PowerPool((2, 2), 4)(x).sum().backward()
    assert torch.equal(x.grad, torch.zeros(1, 1, 2, 2))


def test_a_leaky_convolution_normalises_first_and_has_a_negative_slope_of_a_tenth():
    conv = LeakyConv(1, 2)
    with torch.no_grad():
        conv.convolution.weight.zero_()
        conv.convolution.weight[0, 0, 1, 1], conv.convolution.weight[1, 0, 1, 1] = 1.0, -1.0
    x = torch.randn(4, 1, 8, 8) * 9 + 5
    normal = (x - x.mean()) / (x.var(correction=0) + 1e-5).sqrt()
    expected = torch.cat([normal, -normal], dim=1)
    torch.testing.assert_close(conv(x), torch.where(expected > 0, expected, 0.1 * expected))


def test_a_leaky_block_increases_the_maps_once_and_pools_once():
    block = leaky_block(BlockShape(1, 4, (2, 5), depth=3))
    assert block(torch.randn(1, 1, 8, 10)).shape == (1, 4, 4, 2)
    assert sum(parameter.numel() for parameter in block.parameters()) == 9 * (4 + 2 * 16) + 2 * (1 + 4 + 4)


@pytest.mark.parametrize("kind", CONVOLUTIONS)
@pytest.mark.parametrize("pool_power", [0, 4])
@pytest.mark.parametrize("depth", [1, 2])
def test_every_kind_of_block_has_the_requested_output_shape_and_dropout(kind, pool_power, depth):
    block = CONVOLUTIONS[kind].block(BlockShape(3, 5, (2, 5), depth, pool_power, dropout=0.5))
    assert block(torch.randn(2, 3, 8, 10)).shape == (2, 5, 4, 2)
    dropped = any(not torch.equal(block(x), block(x)) for x in [torch.randn(2, 3, 8, 10)])
    assert dropped == CONVOLUTIONS[kind].drops_out


@pytest.mark.parametrize("kernel", [(3, 3), (1, 5)])
def test_a_rectified_convolution_is_a_padded_convolution_followed_by_a_relu(kernel):
    layer = rectified(1, 2, kernel, "never").eval()
    assert layer[0].kernel_size == kernel
    x = torch.randn(1, 1, 9, 7)
    torch.testing.assert_close(layer(x), nn.functional.conv2d(x, *layer[0].parameters(), padding="same").relu())


@pytest.mark.parametrize(
    ("normalised", "layers"),
    [
        ("before", ["Conv2d", "BatchNorm2d", "ReLU"]),
        ("after", ["Conv2d", "ReLU", "BatchNorm2d"]),
        ("never", ["Conv2d", "ReLU"]),
    ],
)
def test_normalisation_comes_before_or_after_the_relu_as_requested(normalised, layers):
    made = rectified(2, 4, normalised=normalised)
    assert [type(layer).__name__ for layer in made] == layers
    assert made(torch.randn(3, 2, 5, 6)).shape == (3, 4, 5, 6)
    assert rectified(2, 4, bias=False)[0].bias is None


def test_xavier_initialisation_matches_keras():
    torch.manual_seed(0)
    network = nn.ModuleList([nn.Conv2d(4, 8, 3), nn.Linear(30, 50), nn.GRU(6, 5)])
    begin_xavier(network)
    convolution, dense, recurrent = network
    for weight, n_seen in ((convolution.weight, (4 + 8) * 9), (dense.weight, 30 + 50)):
        bound = math.sqrt(6 / n_seen)
        assert 0.9 * bound < weight.abs().max() <= bound
    for part in (convolution.bias, dense.bias, recurrent.bias_ih_l0, recurrent.bias_hh_l0):
        assert not part.any()
    for gate in recurrent.weight_hh_l0.chunk(3):
        torch.testing.assert_close(gate @ gate.T, torch.eye(5))
    for gate in recurrent.weight_ih_l0.chunk(3):
        assert gate.abs().max() <= math.sqrt(6 / (6 + 5))


def test_he_initialisation_has_the_expected_spread_and_keeps_biases():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(64, 200, 3), nn.Linear(100, 200))
    convolution, dense = network
    biases = [part.bias.detach().clone() for part in network]
    begin_he(network)
    assert convolution.weight.std().item() == pytest.approx(math.sqrt(2 / (64 * 9)), rel=0.02)
    bound = math.sqrt(6 / 100)
    assert 0.98 * bound < dense.weight.abs().max() <= bound
    for part, bias in zip(network, biases, strict=True):
        torch.testing.assert_close(part.bias.detach(), bias)
