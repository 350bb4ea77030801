import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sedpipe.nn.hierarchical_pooling import HierarchicalPooling
from sedpipe.nn.pooling import POOLING_FUNCTIONS, frame_weights, pool

PLAIN = [name for name, function in POOLING_FUNCTIONS.items() if not function.attends and not function.learns_alpha]


def probs(n_frames: int, n_classes: int = 3, seed: int = 0) -> torch.Tensor:
    return torch.rand(2, n_frames, n_classes, generator=torch.Generator().manual_seed(seed))


def pooling(name: str, hierarchy: tuple[int, ...] = ()) -> HierarchicalPooling:
    return HierarchicalPooling(name, hierarchy, n_classes=3 if POOLING_FUNCTIONS[name].learns_alpha else None)


def attention_of(name: str, like: torch.Tensor) -> torch.Tensor | None:
    attends = POOLING_FUNCTIONS[name].attends
    return torch.randn(like.shape, generator=torch.Generator().manual_seed(1)) if attends else None


@pytest.mark.parametrize("name", list(POOLING_FUNCTIONS))
def test_the_module_pools_as_networks_do(name: str) -> None:
    frame_probs, valid = probs(50), torch.ones(2, 50, dtype=torch.bool)
    attention, module = attention_of(name, frame_probs), pooling(name, (5, 5))
    weights = frame_weights(name, frame_probs, valid, attention, "classes", module.alpha)
    clip_probs, segments = pool(name, frame_probs, weights, (5, 5))
    ours, on_the_way = module.stages(frame_probs, attention=attention)
    torch.testing.assert_close(ours, clip_probs, rtol=0, atol=0)
    assert [part.shape[1] for part in on_the_way] == [part.shape[1] for part in segments] == [10, 2]


@pytest.mark.parametrize("name", list(POOLING_FUNCTIONS))
def test_masked_frames_have_no_effect(name: str) -> None:
    frame_probs = probs(30)
    mask = (torch.arange(30) < 17).expand(2, -1)
    attention, module = attention_of(name, frame_probs), pooling(name, (5, 2))
    other = torch.where(mask.unsqueeze(-1), frame_probs, 1 - frame_probs)
    torch.testing.assert_close(module(other, mask, attention), module(frame_probs, mask, attention))
    none = torch.where(mask.unsqueeze(-1), 0, torch.nan)
    of_none = None if attention is None else attention + none
    torch.testing.assert_close(module(frame_probs + none, mask, of_none), module(frame_probs, mask, attention))


@settings(max_examples=30)
@given(st.integers(1, 40), st.sampled_from(PLAIN), st.lists(st.integers(2, 6), max_size=2).map(tuple))
def test_clip_probabilities_lie_within_the_range_of_any_number_of_frames(
    n_frames: int, name: str, hierarchy: tuple[int, ...]
) -> None:
    frame_probs = probs(n_frames, seed=n_frames)
    clip_probs = HierarchicalPooling(name, hierarchy)(frame_probs)
    assert (clip_probs >= frame_probs.amin(1) - 1e-6).all()
    assert (clip_probs <= frame_probs.amax(1) + 1e-6).all()


def test_average_pooling_is_the_mean_and_hierarchical_max_pooling_the_maximum() -> None:
    frame_probs = probs(13)
    torch.testing.assert_close(HierarchicalPooling("average")(frame_probs), frame_probs.mean(1))
    torch.testing.assert_close(HierarchicalPooling("max", (4,))(frame_probs), frame_probs.amax(1))


def test_with_the_originally_printed_weights_the_hierarchy_has_no_effect() -> None:
    frame_probs = probs(50)
    flat = HierarchicalPooling("linear")(frame_probs)
    torch.testing.assert_close(HierarchicalPooling("linear", (5, 5), original_weights=True)(frame_probs), flat)
    assert not torch.allclose(HierarchicalPooling("linear", (5, 5))(frame_probs), flat)


def test_alpha_gets_a_gradient_and_is_in_the_state_dict() -> None:
    module = pooling("auto", (5,))
    module(probs(20)).sum().backward()
    assert module.alpha is not None
    assert module.alpha.grad is not None
    assert module.alpha.grad.abs().sum() > 0
    assert list(module.state_dict()) == ["alpha"]


def test_in_training_cap_clips_its_alpha_and_rap_has_a_penalty() -> None:
    module = pooling("cap", (5,))
    assert module.alpha is not None
    torch.nn.init.constant_(module.alpha, 9.0)
    module.eval()(probs(26))
    assert module.alpha.tolist() == [9.0] * 3
    module.train()(probs(26))
    assert module.alpha.tolist() == pytest.approx([3.2189] * 3, abs=1e-4)  # ln 25, as published
    assert pooling("rap", ()).penalty().detach() == pytest.approx(0.03)
    assert pooling("linear", ()).penalty() == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"function": "linaer"}, r"got 'linaer' \(did you mean 'linear'\?\)"),
        ({"function": "auto"}, "auto pooling learns a parameter for each class: give n_classes"),
        ({"hierarchy": (1,)}, r"groups of at least 2, got \(1,\)"),
        ({"attention_axis": "frames"}, "must be 'classes' or 'time'"),
    ],
)
def test_invalid_options_are_refused(options: dict, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        HierarchicalPooling(**options)


def test_wrong_shapes_and_missing_attention_are_refused() -> None:
    with pytest.raises(ValueError, match=r"expected frame_probs of shape \(B, T, K\), got \(20, 3\)"):
        HierarchicalPooling()(probs(20)[0])
    with pytest.raises(ValueError, match=r"expected a mask of shape \(2, 20\)"):
        HierarchicalPooling()(probs(20), torch.ones(2, 19))
    with pytest.raises(ValueError, match="needs the attention layer's output"):
        HierarchicalPooling("attention")(probs(20))


@pytest.mark.parametrize("name", [name for name in POOLING_FUNCTIONS if POOLING_FUNCTIONS[name].learns_alpha])
def test_one_backward_pass_through_two_forward_passes_adds_their_gradients(name: str) -> None:
    module = pooling(name, (5,)).train()
    (module(probs(20)).sum() + module(probs(20, seed=1)).sum()).backward()
    apart = pooling(name, (5,)).train()
    for seed in (0, 1):
        apart(probs(20, seed=seed)).sum().backward()
    torch.testing.assert_close(module.alpha.grad, apart.alpha.grad)


def test_the_number_of_segments_is_rounded_up_in_every_stage() -> None:
    _, segments = HierarchicalPooling("linear", (5, 5)).stages(probs(26))
    assert [part.shape[1] for part in segments] == [6, 2]


@pytest.mark.parametrize(("hierarchy", "most"), [((), 0.5), ((5, 5), 0.91)])
def test_at_the_bound_of_cap_a_single_frame_gives_the_documented_probability(
    hierarchy: tuple[int, ...], most: float
) -> None:
    module = HierarchicalPooling("cap", hierarchy, n_classes=1).train()
    with torch.no_grad():
        module.alpha.fill_(99.0)
        assert module(torch.eye(125)[60].reshape(1, 125, 1)).item() == pytest.approx(most, abs=0.005)


@pytest.mark.parametrize(("hierarchy", "signs"), [((), [1, -1, -1]), ((5,), [1, -1, 1])])
def test_the_gradient_of_linear_softmax_has_the_documented_signs(hierarchy: tuple[int, ...], signs: list[int]) -> None:
    """Frames: one of a loud segment, one of a quiet one, and the quietest of the latter, below half of its segment."""
    frame_probs = torch.tensor([0.9] * 5 + [0.1] * 4 + [0.01]).reshape(1, 10, 1).requires_grad_()
    HierarchicalPooling("linear", hierarchy)(frame_probs).sum().backward()
    assert frame_probs.grad[0, [0, 5, 9], 0].sign().tolist() == signs
