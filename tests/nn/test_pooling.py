import math
import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sedpipe.nn.pooling import SEGMENT_WEIGHTS, PoolingConfig, check_hierarchy, frame_weights, pool, pool_stage
from sedpipe.nn.pooling_functions import POOLING_FUNCTIONS, alpha_penalty, keep_in_range, learned_weights

torch.set_num_threads(1)
HIERARCHIES = [(), (5,), (5, 5), (25,), (5, 5, 5)]


def pooled(function, frame_probs, hierarchy=(), attention=None, valid=None, axis="classes", alpha=3.0, **how):
    """Return clip probabilities (B, K) from frame probabilities (B, T, K)."""
    valid = torch.ones(frame_probs.shape[:2], dtype=torch.bool) if valid is None else valid
    weights = frame_weights(function, frame_probs, valid, attention, axis, torch.as_tensor(alpha))
    return pool(function, frame_probs, weights, hierarchy, **how)[0]


def column(values) -> torch.Tensor:
    """One clip of one class."""
    return torch.as_tensor(values, dtype=torch.float32).reshape(1, -1, 1)


def by_definition(x, w, hierarchy) -> float:
    """Eq. 3, corrected Eq. 4 and Eq. 5 in plain float64, one group at a time."""
    for group in (*hierarchy, None):
        size = group or len(x)
        groups = [slice(first, first + size) for first in range(0, len(x), size)]
        x, w = (
            [sum(w[g] * x[g]) / sum(w[g]) for g in groups],
            [sum(w[g] ** 2) / sum(w[g]) for g in groups],
        )
        x, w = np.array(x), np.array(w)
    return float(x[0])


WEIGHTS_OF = {
    "average": np.ones_like,
    "linear": lambda x: x,
    "exponential": np.exp,
    "auto": lambda x: np.exp(3 * x),
    "power": lambda x: x**3,
}
probabilities = st.lists(st.floats(0, 1, width=32), min_size=25, max_size=25)
positive = st.lists(st.floats(0.0009765625, 1, width=32), min_size=25, max_size=25)


def test_pooling_functions_match_values_computed_by_hand_for_four_frames():
    x = column([0.9, 0.1, 0.1, 0.1])
    assert pooled("max", x).item() == pytest.approx(0.9)
    assert pooled("average", x).item() == pytest.approx(0.3)
    assert pooled("linear", x).item() == pytest.approx((0.81 + 3 * 0.01) / 1.2)
    loud, quiet = math.exp(0.9), math.exp(0.1)
    assert pooled("exponential", x).item() == pytest.approx((0.9 * loud + 0.3 * quiet) / (loud + 3 * quiet))


def test_hierarchical_linear_softmax_matches_values_computed_by_hand_for_four_frames():
    x = column([0.9, 0.1, 0.1, 0.1])
    clip, (segments,) = pool("linear", x, x, (2,))
    assert segments.flatten().tolist() == pytest.approx([0.82, 0.1])
    assert clip.item() == pytest.approx((0.82**2 + 0.1**2) / 0.92)  # 0.742, where single pooling gives 0.700


def test_three_stages_give_segments_of_25_and_5_and_one_clip():
    x = torch.rand(2, 125, 3)
    clip, segments = pool("linear", x, x, (5, 5))
    assert [tuple(part.shape) for part in segments] == [(2, 25, 3), (2, 5, 3)]
    assert clip.shape == (2, 3)


@pytest.mark.parametrize("function", WEIGHTS_OF)
@pytest.mark.parametrize("hierarchy", HIERARCHIES)
def test_each_function_matches_the_papers_formula(function, hierarchy):
    x = np.random.default_rng(0).uniform(0.01, 1, 125)
    expected = by_definition(x, WEIGHTS_OF[function](x), hierarchy)
    assert pooled(function, column(x), hierarchy).item() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("hierarchy", HIERARCHIES)
def test_attention_matches_the_papers_formula(hierarchy):
    g = np.random.default_rng(1)
    x, attention = g.uniform(0, 1, (125, 3)), g.normal(0, 2, (125, 3))
    softmax = np.exp(attention) / np.exp(attention).sum(axis=1, keepdims=True)
    clip = pooled("attention", torch.tensor(x)[None], hierarchy, torch.tensor(attention)[None])
    assert clip[0].tolist() == pytest.approx([by_definition(x[:, k], softmax[:, k], hierarchy) for k in range(3)])


@pytest.mark.parametrize("function", WEIGHTS_OF)
@pytest.mark.parametrize("hierarchy", [(), (5,), (5, 5)])
def test_gradients_match_finite_differences_of_the_papers_formula(function, hierarchy):
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


def test_the_gradient_of_max_reaches_only_the_largest_frame_through_all_stages():
    x = column(np.random.default_rng(3).permutation(125) / 200).requires_grad_()
    pooled("max", x, (5, 5)).backward()
    assert x.grad.flatten().tolist() == [float(frame == x.argmax()) for frame in range(125)]


@settings(max_examples=60)
@given(probabilities)
def test_softmax_pooling_lies_between_mean_and_max(values):
    x = column(values)
    smallest, largest = pooled("average", x).item(), pooled("max", x).item()
    for function in ("linear", "exponential"):
        assert smallest - 1e-6 <= pooled(function, x).item() <= largest + 1e-6


@settings(max_examples=60)
@given(probabilities, st.sampled_from(list(POOLING_FUNCTIONS)), st.sampled_from([(), (5,)]))
def test_every_clip_probability_lies_within_the_range_of_its_frames(values, function, hierarchy):
    x = column(values)
    clip = pooled(function, x, hierarchy, attention=8 * x).item()
    assert min(values) - 1e-6 <= clip <= max(values) + 1e-6


@settings(max_examples=60)
@given(probabilities, st.sampled_from(["max", "average"]), st.sampled_from([(5,), (5, 5)]))
def test_a_hierarchy_makes_no_difference_to_max_and_average_of_full_clips(values, function, hierarchy):
    x = column(values)
    assert pooled(function, x, hierarchy).item() == pytest.approx(pooled(function, x).item(), abs=1e-6)


@settings(max_examples=60)
@given(positive)
def test_hierarchical_linear_softmax_is_linear_softmax_of_each_stage(values):
    x = column(values)
    segments = torch.cat([pooled("linear", part) for part in x.split(5, dim=1)]).reshape(1, 5, 1)
    assert pooled("linear", x, (5,)).item() == pytest.approx(pooled("linear", segments).item(), abs=1e-6)


@settings(max_examples=60)
@given(positive, st.sampled_from(["linear", "exponential", "attention", "auto"]), st.sampled_from([(5,), (5, 5)]))
def test_the_originally_printed_segment_weights_reduce_to_single_pooling(values, function, hierarchy):
    """The paper's erratum: with the mean of the weights (Eq. A-1) a hierarchy changes nothing."""
    x = column(values).double()
    hierarchical = pooled(function, x, hierarchy, 3 * x, segment_weights="original")
    assert hierarchical.item() == pytest.approx(pooled(function, x, (), 3 * x).item(), abs=1e-12)


def test_learned_segment_weights_match_a_value_computed_by_hand():
    x = column([0.9, 0.1, 0.3, 0.5])
    clip, (segments,) = pool("linear", x, x, (2,), segment_weights="learned", learned=[column([0.25, 0.75])])
    assert segments.flatten().tolist() == pytest.approx([0.82, 0.34 / 0.8])
    assert clip.item() == pytest.approx(0.25 * 0.82 + 0.75 * 0.34 / 0.8)


def test_learned_weights_replace_the_segment_weights_in_every_stage():
    x, g = torch.rand(2, 125, 3), torch.Generator().manual_seed(0)
    learned = [torch.rand(2, 25, 3, generator=g), torch.rand(2, 5, 3, generator=g)]
    clip, (segments, longer) = pool("exponential", x, x.exp(), (5, 5), segment_weights="learned", learned=learned)
    by_hand = [(w * v).unflatten(1, (-1, 5)).sum(2) / w.unflatten(1, (-1, 5)).sum(2) for w, v in
               ((x.exp(), x), (learned[0], segments), (learned[1], longer))]  # fmt: skip
    torch.testing.assert_close([segments, longer, clip], [by_hand[0], by_hand[1], by_hand[2].squeeze(1)])


@pytest.mark.parametrize("alpha", [0.0, 1.0, 400.0])
@pytest.mark.parametrize("hierarchy", [(), (5,), (5, 5)])
def test_auto_pooling_ranges_from_average_through_exponential_to_max(alpha, hierarchy):
    x = column(np.random.default_rng(4).permutation(125) / 125)
    same = {0.0: "average", 1.0: "exponential", 400.0: "max"}[alpha]
    expected = pooled(same, x, hierarchy).item()
    assert pooled("auto", x, hierarchy, alpha=alpha).item() == pytest.approx(expected, abs=2e-3 * (alpha > 1) + 1e-6)


def test_auto_pooling_learns_its_alpha():
    x, alpha = torch.tensor([[[0.9, 0.9], [0.1, 0.1]]]), torch.tensor([1.0, 5.0], requires_grad=True)
    weights = frame_weights("auto", x, torch.ones(1, 2, dtype=torch.bool), alpha=alpha)
    assert weights[0, 0].tolist() == pytest.approx([1 / (1 + math.exp(-0.8)), 1 / (1 + math.exp(-4))])
    pool("auto", x, weights)[0].sum().backward()
    assert (alpha.grad > 0).all()  # a higher alpha raises the clip probability


@pytest.mark.parametrize("alpha", [0.0, 1.0, 400.0])
@pytest.mark.parametrize("hierarchy", [(), (5,), (5, 5)])
def test_power_pooling_ranges_from_average_through_linear_to_max(alpha, hierarchy):
    x = column(np.random.default_rng(5).permutation(125) / 125)
    expected = pooled({0.0: "average", 1.0: "linear", 400.0: "max"}[alpha], x, hierarchy).item()
    assert pooled("power", x, hierarchy, alpha=alpha).item() == pytest.approx(expected, abs=0.02 * (alpha > 1) + 1e-6)


@pytest.mark.parametrize(
    ("function", "n_frames", "low", "high"),
    [
        ("auto", 125, -9.0, 9.0),
        ("rap", 125, -9.0, 9.0),
        ("power", 125, 0.0, 9.0),
        ("cap", 26, -math.log(25), math.log(25)),  # as the authors set it for their clips of 26 frames
        ("cap", 125, -math.log(124), math.log(124)),
        ("cap", 2, 0.0, 0.0),
    ],
)
def test_alpha_is_clipped_to_the_range_of_its_function(function, n_frames, low, high):
    alpha = torch.tensor([-9.0, 0.0, 9.0], requires_grad=True)
    keep_in_range(function, alpha, n_frames)
    assert alpha.tolist() == pytest.approx([low, 0.0, high])
    assert alpha.requires_grad


@pytest.mark.parametrize("n_frames", [3, 26, 125])
def test_at_the_bound_of_cap_one_certain_frame_gives_a_clip_probability_of_a_half(n_frames):
    alpha = torch.tensor([50.0])
    keep_in_range("cap", alpha, n_frames)
    x = column([1.0] + [0.0] * (n_frames - 1))
    assert pooled("cap", x, alpha=alpha).item() == pytest.approx(0.5)


def test_only_rap_has_a_penalty_on_the_square_of_its_alpha():
    alpha = torch.tensor([1.0, -2.0], requires_grad=True)
    penalty = alpha_penalty("rap", alpha)
    penalty.backward()
    assert penalty.item() == pytest.approx(0.01 * 5)
    assert alpha.grad.tolist() == pytest.approx([0.02, -0.04])
    assert all(alpha_penalty(name, alpha) == 0 for name in POOLING_FUNCTIONS if name != "rap")


def test_weights_too_small_to_be_squared_still_pool_their_segment():
    x = column([0.5, 0.25])
    values, weights = pool_stage(x, torch.full_like(x, 1e-30), 2)
    assert values.item() == pytest.approx(0.375)
    assert weights.item() == pytest.approx(1e-30)


@settings(max_examples=30)
@given(probabilities, st.sampled_from(list(POOLING_FUNCTIONS)), st.randoms(use_true_random=False))
def test_the_order_of_frames_does_not_matter_in_single_pooling(values, function, random):
    shuffled = list(values)
    random.shuffle(shuffled)
    clips = [pooled(function, column(some), attention=column(some)).item() for some in (values, shuffled)]
    assert clips[0] == pytest.approx(clips[1], abs=1e-6)


@pytest.mark.parametrize("axis", ["classes", "time"])
@pytest.mark.parametrize("function", POOLING_FUNCTIONS)
@pytest.mark.parametrize("hierarchy", [(), (5,), (5, 5)])
def test_the_content_of_padded_frames_does_not_matter(function, hierarchy, axis):
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
def test_a_padded_clip_gives_the_same_result_as_without_its_padding(function, hierarchy, axis):
    x, attention = torch.rand(1, 50, 2), torch.randn(1, 50, 2)
    valid = torch.arange(50)[None] < 20
    padded = pooled(function, x, hierarchy, attention, valid, axis)
    short = pooled(function, x[:, :20], hierarchy, attention[:, :20], axis=axis)
    torch.testing.assert_close(padded, short)


@pytest.mark.parametrize("function", POOLING_FUNCTIONS)
@pytest.mark.parametrize("hierarchy", [(), (5, 5)])
@pytest.mark.parametrize("n_valid", [0, 3, 125])
@pytest.mark.parametrize("axis", ["classes", "time"])
@pytest.mark.parametrize("segment_weights", SEGMENT_WEIGHTS)
def test_frames_of_zeros_give_zero_and_finite_gradients(function, hierarchy, n_valid, axis, segment_weights):
    x, attention = torch.zeros(1, 125, 2, requires_grad=True), torch.zeros(1, 125, 2, requires_grad=True)
    valid = torch.arange(125)[None] < n_valid
    learned = [torch.zeros(1, 25, 2), torch.zeros(1, 5, 2)][: len(hierarchy)]
    clip = pooled(function, x, hierarchy, attention, valid, axis, segment_weights=segment_weights, learned=learned)
    clip.sum().backward()
    assert clip.tolist() == [[0, 0]]
    assert x.grad.isfinite().all()
    assert attention.grad is None or attention.grad.isfinite().all()


@pytest.mark.parametrize("function", POOLING_FUNCTIONS)
def test_a_clip_of_padding_alone_has_probability_zero(function):
    x = torch.rand(1, 25, 2)
    clip = pooled(function, x, (5,), torch.randn(1, 25, 2), torch.zeros(1, 25, dtype=torch.bool))
    assert clip.tolist() == [[0, 0]]


def test_attention_over_classes_sums_to_one_in_each_frame():
    attention = torch.tensor([[[0.0, math.log(3)], [0.0, 0.0]]])
    weights = frame_weights("attention", torch.rand(1, 2, 2), torch.ones(1, 2, dtype=torch.bool), attention)
    torch.testing.assert_close(weights, torch.tensor([[[0.25, 0.75], [0.5, 0.5]]]))


def test_attention_over_time_sums_to_one_over_the_valid_frames_of_each_class():
    attention = torch.tensor([[[0.0, 0.0], [math.log(3), 0.0], [99.0, 99.0]]])
    valid = torch.tensor([[True, True, False]])
    weights = frame_weights("attention", torch.rand(1, 3, 2), valid, attention, "time")
    torch.testing.assert_close(weights, torch.tensor([[[0.25, 0.5], [0.75, 0.5], [0.0, 0.0]]]))


@pytest.mark.parametrize("axis", ["classes", "time"])
def test_extreme_attention_still_gives_every_frame_a_gradient(axis):
    attention = torch.tensor([[[500.0, -500.0], [-500.0, 500.0]]])
    x = torch.full((1, 2, 2), 0.5, requires_grad=True)
    pooled("attention", x, attention=attention, axis=axis).sum().backward()
    assert (x.grad > 0).all()


@pytest.mark.parametrize("function", POOLING_FUNCTIONS)
def test_small_weights_in_half_precision_do_not_vanish_when_squared(function):
    x = torch.full((1, 125, 1), 1e-4, dtype=torch.float16)
    clip = pooled(function, x, (5, 5), attention=x)
    assert clip.dtype == torch.float32
    assert clip.item() == pytest.approx(1e-4, rel=1e-3)


@pytest.mark.parametrize(
    ("hierarchy", "said"),
    [
        ((250,), "hierarchy 250 does not fit 125 frames: stage 1 would group 250 of 125; none fits"),
        ((1,), "hierarchy 1 does not fit 125 frames: a group has 2 members or more; none fits"),
        ((5, 0), "hierarchy 5,0 does not fit 125 frames: a group has 2 members or more; 5 fits, and so does none"),
        ((-5, -5), "a group has 2 members or more"),
        ((5, 5, 5, 5), "stage 4 would group 5 of 1; 5,5,5 fits, and so does none"),
        ((5, 10**12), "stage 2 would group 1000000000000 of 25; 5 fits, and so does none"),
    ],
)
def test_the_error_for_a_hierarchy_that_does_not_fit_names_those_that_do(hierarchy, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        check_hierarchy(hierarchy, 125)
    with pytest.raises(ValueError, match=re.escape(said)):
        pooled("linear", torch.rand(1, 125, 1), hierarchy)


@pytest.mark.parametrize("segment_weights", ["corrected", "original"])
@pytest.mark.parametrize("function", POOLING_FUNCTIONS)
def test_the_last_segment_is_shorter_if_groups_do_not_divide_the_frames(function, segment_weights):
    """With 5,5, 38 frames make 8 segments, the last of 3 frames, then 2, the last of 3 segments: as if padded to 50."""
    g = torch.Generator().manual_seed(0)
    x, attention = (torch.rand(2, 38, 3, generator=g) for _ in range(2))
    more = torch.rand(2, 12, 3, generator=g)
    valid = torch.arange(50).expand(2, 50) < 38
    alpha = torch.ones(3)
    short = frame_weights(function, x, valid[:, :38], attention, "time", alpha)
    long = frame_weights(function, torch.cat([x, more], 1), valid, torch.cat([attention, more], 1), "time", alpha)
    clip, segments = pool(function, x, short, (5, 5), segment_weights=segment_weights)
    as_padded, padded = pool(function, torch.cat([x, more], 1), long, (5, 5), segment_weights=segment_weights)
    assert [part.shape[1] for part in segments] == [8, 2]
    torch.testing.assert_close(clip, as_padded)
    for found, expected in zip(segments, padded, strict=True):
        torch.testing.assert_close(found, expected[:, : found.shape[1]])


def test_a_shorter_last_segment_is_the_mean_of_its_own_frames():
    x = torch.tensor([0.1, 0.3, 0.5, 0.7, 0.9]).reshape(1, 5, 1)
    clip, (segments,) = pool("average", x, torch.ones(1, 5, 1), (2,))
    torch.testing.assert_close(segments.flatten(), torch.tensor([0.2, 0.6, 0.9]))
    torch.testing.assert_close(clip.flatten(), torch.tensor([(0.2 + 0.6 + 0.9) / 3]))


@pytest.mark.parametrize("function", POOLING_FUNCTIONS)
def test_with_the_original_weights_a_hierarchy_has_no_effect_even_if_groups_do_not_divide(function):
    x = torch.rand(2, 38, 3)
    weights = frame_weights(function, x, torch.ones(2, 38, dtype=torch.bool), x, "time", torch.ones(3))
    single, _ = pool(function, x, weights)
    torch.testing.assert_close(pool(function, x, weights, (5, 5), segment_weights="original")[0], single)


def test_unknown_or_missing_arguments_of_pooling_are_refused():
    x, valid = torch.rand(1, 4, 1), torch.ones(1, 4, dtype=torch.bool)
    with pytest.raises(ValueError, match=f"must be one of {', '.join(POOLING_FUNCTIONS)}, got 'mean'"):
        frame_weights("mean", x, valid)
    with pytest.raises(ValueError, match="needs the attention layer's output"):
        frame_weights("attention", x, valid)
    with pytest.raises(ValueError, match="must be 'classes' or 'time', got 'frames'"):
        frame_weights("attention", x, valid, x, "frames")
    with pytest.raises(ValueError, match="auto and power pooling need their alpha"):
        frame_weights("auto", x, valid)
    with pytest.raises(ValueError, match="a group must have at least 1 member, got 0"):
        pool_stage(x, x, 0)
    with pytest.raises(ValueError, match="must be one of corrected, original, learned, got 'mean'"):
        pool("linear", x, x, (2,), segment_weights="mean")
    with pytest.raises(ValueError, match="expected learned weights of 1 stages, got 0"):
        pool("linear", x, x, (2,), segment_weights="learned")


@pytest.mark.parametrize("axis", ["classes", "time"])
def test_learned_weights_of_padding_are_zero_even_if_everything_is_padding(axis):
    weights = learned_weights(torch.randn(2, 3, 2), torch.tensor([[True, False, False], [False] * 3]), axis)
    assert (weights[0, 0] > 0).all()
    assert weights[0, 1:].tolist() == [[0, 0]] * 2
    assert weights[1].tolist() == [[0, 0]] * 3


def test_each_function_requires_exactly_the_inputs_that_it_declares():
    x, valid, attention, alpha = (
        torch.rand(1, 4, 2),
        torch.ones(1, 4, dtype=torch.bool),
        torch.rand(1, 4, 2),
        torch.ones(2),
    )
    for name, function in POOLING_FUNCTIONS.items():
        frame_weights(
            name, x, valid, attention if function.attends else None, alpha=alpha if function.learns_alpha else None
        )
        if function.attends:
            with pytest.raises(ValueError, match="needs the attention layer's output"):
                frame_weights(name, x, valid, None, alpha=alpha)
        if function.learns_alpha:
            with pytest.raises(ValueError, match="need their alpha"):
                frame_weights(name, x, valid, attention)


def test_only_learned_segment_weights_need_a_layer_per_stage():
    stages = {weights: PoolingConfig(hierarchy=(5, 5, 5), segment_weights=weights) for weights in SEGMENT_WEIGHTS}
    learned = {weights: config.n_learned_stages for weights, config in stages.items()}
    assert learned == {"corrected": 0, "original": 0, "learned": 3}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"function": "mean"}, "pooling must be one of"),
        ({"attention_axis": "frames"}, "must be 'classes' or 'time', got 'frames'"),
        ({"segment_weights": "mean"}, "must be one of corrected, original, learned, got 'mean'"),
        ({"function": "max", "segment_weights": "learned"}, "max pooling takes the largest value"),
    ],
)
def test_invalid_pooling_settings_are_refused(wrong, said):
    with pytest.raises(ValueError, match=said):
        PoolingConfig(**wrong)
