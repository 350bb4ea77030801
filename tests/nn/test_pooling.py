import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.nn.pooling import POOLING_FUNCTIONS, check_hierarchy, frame_weights, pool, pool_stage

torch.set_num_threads(1)
HIERARCHIES = [(), (5,), (5, 5), (25,), (5, 5, 5)]


def pooled(function, frame_probs, hierarchy=(), attention=None, valid=None, axis="classes"):
    """Clip probabilities (B, K) of frame probabilities (B, T, K)."""
    valid = torch.ones(frame_probs.shape[:2], dtype=torch.bool) if valid is None else valid
    weights = frame_weights(function, frame_probs, valid, attention, axis)
    return pool(function, frame_probs, weights, hierarchy)[0]


def column(values) -> torch.Tensor:
    """One clip of one class."""
    return torch.as_tensor(values, dtype=torch.float32).reshape(1, -1, 1)


def by_definition(x, w, hierarchy) -> float:
    """Eq. 3, corrected Eq. 4 and Eq. 5 in plain float64, one group after the other."""
    for group in (*hierarchy, None):
        size = group or len(x)
        groups = [slice(first, first + size) for first in range(0, len(x), size)]
        x, w = (
            [sum(w[g] * x[g]) / sum(w[g]) for g in groups],
            [sum(w[g] ** 2) / sum(w[g]) for g in groups],
        )
        x, w = np.array(x), np.array(w)
    return float(x[0])


WEIGHTS_OF = {"average": np.ones_like, "linear": lambda x: x, "exponential": np.exp}
probabilities = st.lists(st.floats(0, 1, width=32), min_size=25, max_size=25)
positive = st.lists(st.floats(0.0009765625, 1, width=32), min_size=25, max_size=25)


def test_the_five_functions_on_four_frames_by_hand():
    x = column([0.9, 0.1, 0.1, 0.1])
    assert pooled("max", x).item() == pytest.approx(0.9)
    assert pooled("average", x).item() == pytest.approx(0.3)
    assert pooled("linear", x).item() == pytest.approx((0.81 + 3 * 0.01) / 1.2)
    loud, quiet = math.exp(0.9), math.exp(0.1)
    assert pooled("exponential", x).item() == pytest.approx((0.9 * loud + 0.3 * quiet) / (loud + 3 * quiet))


def test_hierarchical_linear_softmax_on_four_frames_by_hand():
    x = column([0.9, 0.1, 0.1, 0.1])
    clip, (segments,) = pool("linear", x, x, (2,))
    assert segments.flatten().tolist() == pytest.approx([0.82, 0.1])
    assert clip.item() == pytest.approx((0.82**2 + 0.1**2) / 0.92)  # 0.742, where single pooling says 0.700


def test_three_stages_give_segments_of_25_and_5_and_one_clip():
    x = torch.rand(2, 125, 3)
    clip, segments = pool("linear", x, x, (5, 5))
    assert [tuple(part.shape) for part in segments] == [(2, 25, 3), (2, 5, 3)]
    assert clip.shape == (2, 3)


@pytest.mark.parametrize("function", ["average", "linear", "exponential"])
@pytest.mark.parametrize("hierarchy", HIERARCHIES)
def test_each_function_is_the_papers_formula_written_out(function, hierarchy):
    x = np.random.default_rng(0).uniform(0.01, 1, 125)
    expected = by_definition(x, WEIGHTS_OF[function](x), hierarchy)
    assert pooled(function, column(x), hierarchy).item() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("hierarchy", HIERARCHIES)
def test_learned_weights_are_the_papers_formula_written_out(hierarchy):
    g = np.random.default_rng(1)
    x, attention = g.uniform(0, 1, (125, 3)), g.normal(0, 2, (125, 3))
    softmax = np.exp(attention) / np.exp(attention).sum(axis=1, keepdims=True)
    clip = pooled("attention", torch.tensor(x)[None], hierarchy, torch.tensor(attention)[None])
    assert clip[0].tolist() == pytest.approx([by_definition(x[:, k], softmax[:, k], hierarchy) for k in range(3)])


def test_gradient_of_single_linear_softmax_is_equation_6():
    x = column(np.random.default_rng(0).uniform(0.01, 1, 125)).requires_grad_()
    y = pooled("linear", x)
    y.backward()
    expected = (2 * x - y) / x.sum()
    torch.testing.assert_close(x.grad, expected.detach(), rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("group", [5, 25])
def test_gradient_of_hierarchical_linear_softmax_is_equation_8(group):
    x = column(np.random.default_rng(0).uniform(0.01, 1, 125)).requires_grad_()
    y = pooled("linear", x, (group,))
    y.backward()
    groups = x.detach().double().reshape(-1, group)
    sums = groups.sum(dim=1, keepdim=True)
    segment = (groups**2).sum(dim=1, keepdim=True) / sums
    clip = (segment**2).sum() / segment.sum()
    expected = (groups * (4 * segment - 2 * clip) - 2 * segment**2 + clip * segment) / (segment.sum() * sums)
    torch.testing.assert_close(x.grad.flatten().double(), expected.flatten(), rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("function", ["average", "linear", "exponential"])
@pytest.mark.parametrize("hierarchy", [(), (5,), (5, 5)])
def test_gradients_are_finite_differences_of_the_papers_formula(function, hierarchy):
    x = np.random.default_rng(2).uniform(0.05, 0.95, 125)
    leaf = column(x).requires_grad_()
    pooled(function, leaf, hierarchy).backward()

    def slope(frame: int, step: float = 1e-6) -> float:
        up, down = x.copy(), x.copy()
        up[frame] += step
        down[frame] -= step
        values = [by_definition(moved, WEIGHTS_OF[function](moved), hierarchy) for moved in (up, down)]
        return (values[0] - values[1]) / (2 * step)

    assert leaf.grad.flatten().tolist() == pytest.approx([slope(frame) for frame in range(125)], abs=2e-6)


def test_gradient_of_max_goes_to_the_largest_frame_alone_through_every_stage():
    x = column(np.random.default_rng(3).permutation(125) / 200).requires_grad_()
    pooled("max", x, (5, 5)).backward()
    assert x.grad.flatten().tolist() == [float(frame == x.argmax()) for frame in range(125)]


@settings(max_examples=60, deadline=None)
@given(probabilities)
def test_softmax_pooling_lies_between_mean_and_max(values):
    x = column(values)
    smallest, largest = pooled("average", x).item(), pooled("max", x).item()
    for function in ("linear", "exponential"):
        assert smallest - 1e-6 <= pooled(function, x).item() <= largest + 1e-6


@settings(max_examples=60, deadline=None)
@given(probabilities, st.sampled_from(POOLING_FUNCTIONS), st.sampled_from([(), (5,)]))
def test_every_clip_probability_lies_between_the_frames(values, function, hierarchy):
    x = column(values)
    clip = pooled(function, x, hierarchy, attention=8 * x).item()
    assert min(values) - 1e-6 <= clip <= max(values) + 1e-6


@settings(max_examples=60, deadline=None)
@given(probabilities, st.sampled_from(["max", "average"]), st.sampled_from([(5,), (5, 5)]))
def test_a_hierarchy_makes_no_difference_to_max_and_average_of_full_clips(values, function, hierarchy):
    x = column(values)
    assert pooled(function, x, hierarchy).item() == pytest.approx(pooled(function, x).item(), abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(positive)
def test_hierarchical_linear_softmax_is_linear_softmax_of_each_stage(values):
    x = column(values)
    segments = torch.cat([pooled("linear", part) for part in x.split(5, dim=1)]).reshape(1, 5, 1)
    assert pooled("linear", x, (5,)).item() == pytest.approx(pooled("linear", segments).item(), abs=1e-6)


@settings(max_examples=30, deadline=None)
@given(positive, st.sampled_from(["linear", "exponential", "attention"]))
def test_segments_weighted_as_first_printed_are_single_pooling(values, function):
    """The paper's erratum: with the mean of the weights a hierarchy changes nothing."""
    x = column(values)
    weights = frame_weights(function, x, torch.ones(1, 25, dtype=torch.bool), 3 * x)
    segments, _ = pool_stage(x, weights, 5)
    as_first_printed = weights.reshape(1, 5, 5, 1).mean(dim=2)
    single = pool(function, x, weights)[0]
    assert pool(function, segments, as_first_printed)[0].item() == pytest.approx(single.item(), abs=1e-6)


@settings(max_examples=30, deadline=None)
@given(probabilities, st.sampled_from(POOLING_FUNCTIONS), st.randoms(use_true_random=False))
def test_order_of_frames_never_matters_to_single_pooling(values, function, random):
    shuffled = list(values)
    random.shuffle(shuffled)
    clips = [pooled(function, column(some), attention=column(some)).item() for some in (values, shuffled)]
    assert clips[0] == pytest.approx(clips[1], abs=1e-6)


@pytest.mark.parametrize("axis", ["classes", "time"])
@pytest.mark.parametrize("function", POOLING_FUNCTIONS)
@pytest.mark.parametrize("hierarchy", [(), (5,), (5, 5)])
def test_what_lies_in_padded_frames_is_irrelevant(function, hierarchy, axis):
    g = torch.Generator().manual_seed(0)
    x, attention = torch.rand(4, 125, 2, generator=g), torch.randn(4, 125, 2, generator=g)
    valid = torch.arange(125) < torch.tensor([[1], [7], [60], [125]])
    other = torch.where(valid[..., None], x, torch.rand(4, 125, 2, generator=g))
    other_attention = torch.where(valid[..., None], attention, 50 * torch.rand(4, 125, 2, generator=g))
    assert torch.equal(
        pooled(function, x, hierarchy, attention, valid, axis),
        pooled(function, other, hierarchy, other_attention, valid, axis),
    )


@pytest.mark.parametrize("axis", ["classes", "time"])
@pytest.mark.parametrize("function", POOLING_FUNCTIONS)
@pytest.mark.parametrize("hierarchy", [(), (5,)])
def test_a_padded_clip_is_the_clip_without_its_padding(function, hierarchy, axis):
    x, attention = torch.rand(1, 50, 2), torch.randn(1, 50, 2)
    valid = torch.arange(50)[None] < 20
    padded = pooled(function, x, hierarchy, attention, valid, axis)
    short = pooled(function, x[:, :20], hierarchy, attention[:, :20], axis=axis)
    torch.testing.assert_close(padded, short)


@pytest.mark.parametrize("function", POOLING_FUNCTIONS)
@pytest.mark.parametrize("hierarchy", [(), (5, 5)])
@pytest.mark.parametrize("n_valid", [0, 3, 125])
def test_frames_of_zeros_give_zero_and_finite_gradients(function, hierarchy, n_valid):
    x, attention = torch.zeros(1, 125, 2, requires_grad=True), torch.zeros(1, 125, 2, requires_grad=True)
    valid = torch.arange(125)[None] < n_valid
    clip = pooled(function, x, hierarchy, attention, valid)
    clip.sum().backward()
    assert clip.tolist() == [[0, 0]]
    assert x.grad.isfinite().all()
    assert attention.grad is None or attention.grad.isfinite().all()


@pytest.mark.parametrize("function", POOLING_FUNCTIONS)
def test_a_clip_of_padding_alone_has_probability_zero(function):
    x = torch.rand(1, 25, 2)
    clip = pooled(function, x, (5,), torch.randn(1, 25, 2), torch.zeros(1, 25, dtype=torch.bool))
    assert clip.tolist() == [[0, 0]]


def test_attention_over_classes_shares_a_frame_out_among_its_classes():
    attention = torch.tensor([[[0.0, math.log(3)], [0.0, 0.0]]])
    weights = frame_weights("attention", torch.rand(1, 2, 2), torch.ones(1, 2, dtype=torch.bool), attention)
    torch.testing.assert_close(weights, torch.tensor([[[0.25, 0.75], [0.5, 0.5]]]))


def test_attention_over_time_shares_a_class_out_among_the_frames_that_count():
    attention = torch.tensor([[[0.0, 0.0], [math.log(3), 0.0], [99.0, 99.0]]])
    valid = torch.tensor([[True, True, False]])
    weights = frame_weights("attention", torch.rand(1, 3, 2), valid, attention, "time")
    torch.testing.assert_close(weights, torch.tensor([[[0.25, 0.5], [0.75, 0.5], [0.0, 0.0]]]))


@pytest.mark.parametrize("axis", ["classes", "time"])
def test_no_frame_of_a_learned_weight_is_lost_to_the_gradient(axis):
    attention = torch.tensor([[[500.0, -500.0], [-500.0, 500.0]]])
    x = torch.full((1, 2, 2), 0.5, requires_grad=True)
    pooled("attention", x, attention=attention, axis=axis).sum().backward()
    assert (x.grad > 0).all()


@pytest.mark.parametrize("function", POOLING_FUNCTIONS)
def test_small_weights_of_a_half_precision_network_do_not_vanish_when_squared(function):
    x = torch.full((1, 125, 1), 1e-4, dtype=torch.float16)
    clip = pooled(function, x, (5, 5), attention=x)
    assert clip.dtype == torch.float32
    assert clip.item() == pytest.approx(1e-4, rel=1e-3)


@pytest.mark.parametrize("hierarchy", [(4,), (5, 4), (250,), (1,), (0,), (-5, -5), (5, 5, 5, 5)])
def test_groups_that_do_not_divide_the_frames_are_refused(hierarchy):
    with pytest.raises(ValueError, match="groups of at least 2 whose product divides 125 frames, got"):
        check_hierarchy(hierarchy, 125)
    with pytest.raises(ValueError, match="groups of at least 2"):
        pooled("linear", torch.rand(1, 125, 1), hierarchy)


def test_what_pooling_does_not_know_is_refused():
    x, valid = torch.rand(1, 4, 1), torch.ones(1, 4, dtype=torch.bool)
    with pytest.raises(ValueError, match="must be one of max, average, linear, exponential, attention, got 'mean'"):
        frame_weights("mean", x, valid)
    with pytest.raises(ValueError, match="needs the attention layer's output"):
        frame_weights("attention", x, valid)
    with pytest.raises(ValueError, match="must be 'classes' or 'time', got 'frames'"):
        frame_weights("attention", x, valid, x, "frames")
    with pytest.raises(ValueError, match="a group of 3 does not divide 4 frames"):
        pool_stage(x, x, 3)
