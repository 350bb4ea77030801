"""The paper's closed forms against autograd, in double precision; equations are numbered as in arXiv:1903.11791."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sedpipe.nn.pooling import frame_weights, pool, pool_stage

torch.set_num_threads(1)
M, N = 5, 25  # frames a segment, frames a clip
CLOSE = {"rtol": 1e-9, "atol": 1e-12}
draws = settings(max_examples=50)
values = st.lists(st.floats(0.001, 1), min_size=N, max_size=N)
ONES = torch.ones(1, N, dtype=torch.bool)


def by_autograd(function, x, w=None, segment_weights="corrected", group=M):
    """Return the gradient of the clip probability by each x_i and, if weights are given, by each w_i."""
    x = torch.tensor(x, dtype=torch.float64).reshape(1, N, 1).requires_grad_()
    if w is None:
        weights = frame_weights(function, x, ONES)
    else:
        weights = torch.tensor(w, dtype=torch.float64).reshape(1, N, 1).requires_grad_()
    clip, _ = pool(function, x, weights, (group,) if group else (), segment_weights=segment_weights)
    assert clip.dtype == torch.float64
    clip.sum().backward()
    by_w = None if w is None else weights.grad.flatten()
    return (torch.zeros(N) if x.grad is None else x.grad.flatten()), by_w


class Clip:
    """Terms of the equations: for each frame's own segment j, and summed over all segments l."""

    def __init__(self, x, w) -> None:
        x, w = (torch.tensor(some, dtype=torch.float64).reshape(-1, M) for some in (x, w))
        self.x, self.w = x, w
        self.sum_w = w.sum(dim=1, keepdim=True)
        self.segment = (w * x).sum(dim=1, keepdim=True) / self.sum_w  # Eq. 3
        self.weight = (w**2).sum(dim=1, keepdim=True) / self.sum_w  # Eq. 4, corrected
        self.sum_weights = self.weight.sum()
        self.clip = (self.weight * self.segment).sum() / self.sum_weights  # Eq. 5

    def a_14(self, dw_dx):
        """Return the gradient for functions whose w_i depends on x_i alone."""
        x, w, segment, weight, y = self.x, self.w, self.segment, self.weight, self.clip
        bracket = (x - segment) * weight + (segment - y) * (2 * w - weight)
        return ((weight * w + bracket * dw_dx) / (self.sum_weights * self.sum_w)).flatten()

    def a_21(self):
        x, segment, y = self.x, self.segment, self.clip
        return ((x * (4 * segment - 2 * y) - 2 * segment**2 + y * segment) / (segment.sum() * self.sum_w)).flatten()

    def a_23(self, denominator):
        x, w, segment, weight, y = self.x, self.w, self.segment, self.weight, self.clip
        return ((weight * (1 + x - 2 * segment + y) + 2 * w * (segment - y)) * w / (denominator * self.sum_w)).flatten()

    def a_25(self):
        return (self.weight * self.w / (self.sum_weights * self.sum_w)).flatten()

    def a_26(self):
        x, w, segment, weight, y = self.x, self.w, self.segment, self.weight, self.clip
        return ((2 * w * (segment - y) + weight * (x + y - 2 * segment)) / (self.sum_weights * self.sum_w)).flatten()


def exp(x) -> list[float]:
    return torch.tensor(x, dtype=torch.float64).exp().tolist()


@draws
@given(values)
def test_equation_6_is_the_gradient_of_single_linear_softmax(x):
    some = torch.tensor(x, dtype=torch.float64)
    y = (some**2).sum() / some.sum()
    torch.testing.assert_close(by_autograd("linear", x, group=None)[0], (2 * some - y) / some.sum(), **CLOSE)


@draws
@given(values)
def test_equations_8_and_a_21_are_the_gradient_of_hierarchical_linear_softmax(x):
    torch.testing.assert_close(by_autograd("linear", x)[0], Clip(x, x).a_21(), **CLOSE)


@draws
@given(values)
def test_equation_a_14_is_the_gradient_for_weights_that_depend_on_their_own_frame_alone(x):
    torch.testing.assert_close(by_autograd("linear", x)[0], Clip(x, x).a_14(1), **CLOSE)
    torch.testing.assert_close(by_autograd("average", x)[0], Clip(x, [1 / N] * N).a_14(0), **CLOSE)
    exponential = Clip(x, exp(x))
    torch.testing.assert_close(by_autograd("exponential", x)[0], exponential.a_14(exponential.w), **CLOSE)


@draws
@given(values)
def test_equation_a_16_is_the_gradient_of_hierarchical_average_pooling(x):
    gradient = by_autograd("average", x)[0]
    torch.testing.assert_close(gradient, torch.full((N,), 1 / N, dtype=torch.float64), **CLOSE)
    torch.testing.assert_close(gradient, Clip(x, [1 / N] * N).a_25(), **CLOSE)


@pytest.mark.parametrize("seed", range(5))
def test_equation_a_19_is_the_gradient_of_hierarchical_max_pooling(seed):
    x = (torch.randperm(N, generator=torch.Generator().manual_seed(seed)).double() + 1) / N
    assert by_autograd("max", x.tolist())[0].tolist() == [float(value == 1) for value in x]


@draws
@given(values)
def test_equation_a_23_with_the_sum_of_segment_weights_is_the_gradient_of_exponential_softmax(x):
    clip = Clip(x, exp(x))
    torch.testing.assert_close(by_autograd("exponential", x)[0], clip.a_23(clip.sum_weights), **CLOSE)


def test_equation_a_23_as_printed_is_not_the_gradient():
    """It divides by the sum of segment predictions, which is a different number."""
    x = torch.linspace(0.05, 0.95, N, dtype=torch.float64).tolist()
    clip = Clip(x, exp(x))
    ratio = clip.a_23(clip.segment.sum()) / by_autograd("exponential", x)[0]
    torch.testing.assert_close(ratio, (clip.sum_weights / clip.segment.sum()).expand(N), **CLOSE)
    assert ratio[0] > 3


@draws
@given(values, values)
def test_equations_a_25_and_a_26_are_the_gradients_of_hierarchical_attention(x, w):
    by_x, by_w = by_autograd("attention", x, w)
    torch.testing.assert_close(by_x, Clip(x, w).a_25(), **CLOSE)
    torch.testing.assert_close(by_w, Clip(x, w).a_26(), rtol=1e-8, atol=1e-11)


@draws
@given(values, values)
def test_the_original_equation_a_1_has_the_gradients_of_single_pooling(x, w):
    hierarchical = by_autograd("attention", x, w, segment_weights="original")
    single = by_autograd("attention", x, w, group=None)
    for one, other in zip(hierarchical, single, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-8, atol=1e-11)


@draws
@given(values)
def test_hierarchical_linear_softmax_is_linear_softmax_stage_by_stage(x):
    """Its segment weight (Eq. 7) is its segment prediction, so no weights need to be carried along."""
    frames = torch.tensor(x, dtype=torch.float64).reshape(1, N, 1)
    segments, weights = pool_stage(frames, frames, M)
    torch.testing.assert_close(weights, segments, **CLOSE)
    torch.testing.assert_close(pool("linear", frames, frames, (M,))[0], pool("linear", segments, segments)[0], **CLOSE)


@draws
@given(values, st.sampled_from(["linear", "exponential", "attention", "auto"]), st.sampled_from([(5,), (5, 5)]))
def test_gradients_of_every_hierarchy_match_finite_differences(x, function, hierarchy):
    alpha = torch.tensor([2.0], dtype=torch.float64, requires_grad=True)
    frames = torch.tensor(x, dtype=torch.float64).reshape(1, N, 1).requires_grad_()
    attention = (torch.tensor(x[::-1], dtype=torch.float64).reshape(1, N, 1) * 2).requires_grad_()

    def clip(frames, attention, alpha):
        return pool(function, frames, frame_weights(function, frames, ONES, attention, "time", alpha), hierarchy)[0]

    assert torch.autograd.gradcheck(clip, (frames, attention, alpha), eps=1e-7, atol=1e-5)
