from copy import deepcopy
from dataclasses import replace

import pytest
import torch
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.encoders.front_end import named_front_end
from sedpipe.nn.networks.both import BothNetworkConfig
from sedpipe.nn.networks.crnn import CRNNConfig
from sedpipe.nn.networks.mean import Mean
from sedpipe.nn.networks.network import Network
from sedpipe.nn.networks.registry import build_network
from sedpipe.nn.pooling import PoolingConfig
from sedpipe.training.batch import Batch
from sedpipe.training.config import TrainingConfig
from sedpipe.training.fit import Fit
from sedpipe.training.located import Located
from sedpipe.training.processes import make_fabric
from specs import of

torch.set_num_threads(1)
TINY = CRNNConfig(maps=(4,), pools=((2, 4),), conv_maps=4, gru_units=4, members=3)
HOW = PoolingConfig("rap", (5,))
X, N_FRAMES = torch.randn(4, 40, 16, generator=torch.Generator().manual_seed(0)), torch.tensor([40, 40, 17, 1])


def made() -> Mean:
    torch.manual_seed(0)
    model = build_network(TINY, HOW, 2, of(40, 16))
    assert isinstance(model, Mean)
    return model


def test_in_evaluation_the_output_is_the_mean_of_members_that_differ() -> None:
    model = made().eval()
    each = [member(X, N_FRAMES) for member in model.networks]
    together = model(X, N_FRAMES)
    assert not torch.equal(each[0].frame_probs, each[1].frame_probs)
    torch.testing.assert_close(together.frame_probs, sum(one.frame_probs for one in each) / 3)
    torch.testing.assert_close(together.segment_probs[0], sum(one.segment_probs[0] for one in each) / 3)
    torch.testing.assert_close(together.clip_probs, sum(one.clip_probs for one in each) / 3)
    assert model.penalty().detach() == pytest.approx(0.02)


def learnt(model: Network, n_steps: int) -> Network:
    """Return the network after some steps on the same batch."""
    y = torch.tensor([[1.0, 0], [0, 1], [1, 1], [0, 0]])
    fit = Fit(model, TrainingConfig(batch_size=4, epochs=1), 0, make_fabric("cpu"))
    list(fit.steps([Batch(X, y, N_FRAMES, ["a", "b", "c", "d"])] * n_steps))
    return model


def test_each_of_three_members_learns_as_it_would_alone() -> None:
    """Adam's steps do not depend on gradients being a third as large, except for its guard against division by zero."""
    torch.manual_seed(0)
    members = [build_network(replace(TINY, members=1, dropout=0.0), HOW, 2, of(40, 16)) for _ in range(3)]
    before = deepcopy(members)
    alone = [learnt(deepcopy(member), 3) for member in members]
    learnt(Mean(members, 2, of(40, 16)), 3)
    for member, one, was in zip(members, alone, before, strict=True):
        for mine, other, begun in zip(member.parameters(), one.parameters(), was.parameters(), strict=True):
            assert (mine - other).abs().mean() < 0.05 * (other - begun).abs().mean()


@pytest.mark.parametrize("supervision", ["weak", "mixed"])
def test_what_a_member_learns_does_not_depend_on_the_other_members(supervision: str) -> None:
    """Nor on their number, also in frame losses and ``rap``'s penalty: each of three has a third of the gradient."""
    torch.manual_seed(0)
    members = [build_network(replace(TINY, members=1, dropout=0.0), HOW, 2, of(40, 16)) for _ in range(3)]
    y = torch.tensor([[1.0, 0], [0, 1], [1, 1], [0, 0]])
    frames = (torch.rand(4, 40, 2, generator=torch.Generator().manual_seed(1)) > 0.5) * y.unsqueeze(1)
    located = Located(frames, torch.tensor([True, True, False, True])) if supervision == "mixed" else None
    alone = deepcopy(members[0])
    for model in (alone, Mean(members, 2, of(40, 16))):
        fit = Fit(model, TrainingConfig(batch_size=4, epochs=1), 0, make_fabric("cpu"))
        list(fit.steps([Batch(X, y, N_FRAMES, ["a", "b", "c", "d"], located=located)]))
    for mine, other in zip(members[0].parameters(), alone.parameters(), strict=True):
        assert mine.grad is not None
        # gradients are about 5e-3, and of convolutions rounded to 1e-6, on other machines or threads in other ways
        torch.testing.assert_close(3 * mine.grad, other.grad, rtol=1e-3, atol=1e-5)


def test_digital_silence_is_detected_as_by_its_members() -> None:
    spec = FeatureSpec(named_front_end("logmel,yamnet"))
    sizes = {"maps": (4,), "pools": ((4, 10),), "conv_maps": 4, "gru_units": 4, "encoder_units": 4}
    one, mean = (build_network(BothNetworkConfig(**sizes, members=n), HOW, 2, spec) for n in (1, 2))
    x = torch.zeros(1, *spec.shape)
    x[:, 25:, : one.n_decibels] = one.silence_db
    assert one.digital_silence(x).sum() == 100
    assert torch.equal(mean.digital_silence(x), one.digital_silence(x))


def test_all_members_are_standardised_with_the_same_statistics() -> None:
    model = made()
    model.standardise_with(torch.full((16,), 3.0), torch.full((16,), 2.0))
    assert all((member.mean == 3).all() and (member.scale == 0.5).all() for member in (model, *model.networks))


@pytest.mark.parametrize("members", [0, -1, 65])
def test_an_invalid_number_of_members_is_refused(members: int) -> None:
    with pytest.raises(ValueError, match=f"members must be from 1 to 64, got {members}"):
        build_network(replace(TINY, members=members), HOW, 2, of(40, 16))
