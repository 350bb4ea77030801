import numpy as np
import pytest
import torch
from sedpipe.nn.networks.gccaps import GCCaps, GCCapsConfig, Routing, squashed
from sedpipe.nn.pooling import PoolingConfig
from specs import of

torch.set_num_threads(1)
TINY = GCCapsConfig(blocks=1, maps=4, channels=2, capsule_size=2, class_capsule_size=3)


def test_a_squashed_vector_keeps_its_direction_and_is_shorter_than_one() -> None:
    vectors = torch.tensor([[3.0, 4.0], [0.0, 0.0], [300.0, -400.0]])
    made = squashed(vectors)
    assert made[0].tolist() == pytest.approx([0.6 * 25 / 26, 0.8 * 25 / 26], abs=1e-6)
    assert made[1].tolist() == [0, 0]
    assert 0.999 < made[2].norm() < 1


def test_routing_matches_the_algorithm_of_sabour_frosst_and_hinton() -> None:
    torch.manual_seed(0)
    routing = Routing(n_classes=3, n_capsules=5, size=2, class_size=4, rounds=3)
    capsules = torch.randn(1, 1, 5, 2)
    weight, given = routing.weight.detach().numpy().astype(float), capsules[0, 0].numpy().astype(float)
    votes = np.array([[weight[k, n] @ given[n] for n in range(5)] for k in range(3)])
    logits = np.zeros((3, 5))
    for _ in range(3):
        shares = np.exp(logits) / np.exp(logits).sum(axis=0)
        sums = (shares[..., None] * votes).sum(axis=1)
        squares = (sums**2).sum(axis=1, keepdims=True)
        outcome = squares / (1 + squares) * sums / np.sqrt(squares)
        logits = logits + (votes * outcome[:, None]).sum(axis=2)
    np.testing.assert_allclose(routing(capsules)[0, 0].detach().numpy(), outcome, atol=1e-5)


def test_attention_weights_are_sigmoids_divided_by_their_sum() -> None:
    torch.manual_seed(0)
    model = GCCaps(TINY, PoolingConfig("attention", (), "time"), 3, of(12, 8)).eval()
    torch.nn.init.normal_(model.attend.weight)
    seen = []
    model.attend.register_forward_hook(lambda module, given, made: seen.append(made.sigmoid()))
    prediction = model(torch.randn(2, 12, 8), torch.tensor([12, 7]))
    counts = torch.tensor([[True] * 6, [True] * 4 + [False] * 2])
    weights = seen[0] * counts.unsqueeze(-1)
    torch.testing.assert_close(
        prediction.clip_probs, (weights * prediction.frame_probs).sum(1) / weights.sum(1), atol=1e-5, rtol=0
    )


def test_under_autocast_probabilities_are_not_rounded_to_bfloat16() -> None:
    torch.manual_seed(0)
    model = GCCaps(TINY, PoolingConfig("attention", (), "time"), 3, of(120, 8)).eval()
    torch.nn.init.uniform_(model.classify.weight, 2, 3)  # near-certain probabilities
    x, whole = torch.randn(2, 120, 8), torch.tensor([120, 120])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        probs = model(x, whole).frame_probs
    assert (probs < 1).all()
    assert not torch.equal(probs, probs.bfloat16().float())


def test_routing_weights_start_with_the_glorot_bound_that_keras_would_use():
    torch.manual_seed(0)
    weight = Routing(n_classes=17, n_capsules=64, size=4, class_size=8, rounds=3).weight
    bound = (6 / (17 * 64 * (4 + 8))) ** 0.5
    assert round(bound, 4) == 0.0214
    assert 0.99 * bound < weight.abs().max() <= bound
