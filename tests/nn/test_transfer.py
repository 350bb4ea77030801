import pytest
import torch
from sedpipe.features.spec import FeatureSpec
from sedpipe.features.waveform import WaveformConfig
from sedpipe.labels import LabelSet
from sedpipe.nn.networks.crnn import CRNN, CRNNConfig
from sedpipe.nn.networks.mean import Mean
from sedpipe.nn.networks.mlms import MLMS, MLMSConfig
from sedpipe.nn.networks.multiscale import Multiscale, MultiscaleConfig
from sedpipe.nn.networks.network import LAST_LAYERS, Network
from sedpipe.nn.pooling import PoolingConfig
from sedpipe.nn.transfer import begin_with
from specs import of

SIZES = CRNNConfig(maps=(4,), pools=((2, 4),), conv_maps=8, gru_units=4, dropout=0.5)
KNOWN, OTHER = LabelSet(("Dog", "Rain", "Siren")), LabelSet(("Siren", "Clock", "Dog"))


def network(labels: LabelSet, seed: int, pooling: PoolingConfig | None = None, config: CRNNConfig = SIZES) -> CRNN:
    torch.manual_seed(seed)
    model = CRNN(config, pooling or PoolingConfig("linear", (5,)), len(labels), of(40, 16))
    model.standardise_with(torch.full((16,), float(seed)), torch.full((16,), 2.0 + seed))
    return model


def test_with_the_same_classes_the_output_is_the_same() -> None:
    old, new = network(KNOWN, 1), network(KNOWN, 2)
    begin_with(new, KNOWN, old.state_dict(), KNOWN)
    x, n_frames = torch.randn(2, 40, 16), torch.tensor([40, 17])
    with torch.inference_mode():
        torch.testing.assert_close(new.eval()(x, n_frames).frame_probs, old.eval()(x, n_frames).frame_probs)


@pytest.mark.parametrize("function", ["linear", "attention", "auto"])
def test_classes_of_both_networks_keep_their_probabilities_at_any_position(function: str) -> None:
    how = PoolingConfig(function, (5,), "time")
    old, new, chance = (network(labels, seed, how) for labels, seed in ((KNOWN, 1), (OTHER, 2), (OTHER, 2)))
    if function == "auto":
        torch.nn.init.uniform_(old.alpha)
    begin_with(new, OTHER, old.state_dict(), KNOWN)
    x, n_frames = torch.randn(2, 40, 16), torch.tensor([40, 17])
    with torch.inference_mode():
        was, now = (model.eval()(x, n_frames) for model in (old, new))
    torch.testing.assert_close(now.frame_probs[..., [0, 2]], was.frame_probs[..., [2, 0]])
    torch.testing.assert_close(now.clip_probs[:, [0, 2]], was.clip_probs[:, [2, 0]])
    assert torch.equal(new.classify.weight[1], chance.classify.weight[1])


def test_the_alpha_of_another_pooling_is_clipped_to_the_range_of_this_one() -> None:
    """With an alpha below 0, ``power`` would prefer the quietest frames, which its own training never leads to."""
    old, new = (network(KNOWN, 1, PoolingConfig(function, (5,))) for function in ("auto", "power"))
    torch.nn.init.constant_(old.alpha, -3.0)
    begin_with(new, KNOWN, old.state_dict(), KNOWN)
    assert new.alpha is not None
    assert new.alpha.tolist() == [0.0, 0.0, 0.0]


def test_layers_that_the_other_network_lacks_keep_their_random_weights() -> None:
    old, attends = network(KNOWN, 1), PoolingConfig("attention", (5, 2), "time", "learned")
    new, chance = network(KNOWN, 2, attends), network(KNOWN, 2, attends)
    begin_with(new, KNOWN, old.state_dict(), KNOWN)
    assert torch.equal(new.attend.weight, chance.attend.weight)
    assert torch.equal(new.classify.weight, old.classify.weight)


def test_the_error_for_other_sizes_names_the_layer_that_differs() -> None:
    new = network(KNOWN, 2, config=CRNNConfig(maps=(4,), pools=((2, 4),), conv_maps=8, gru_units=6))
    with pytest.raises(ValueError, match=r"the layer gru\.weight_ih_l0 is 18 x 32 in .*, and is 12 x 32 in"):
        begin_with(new, KNOWN, network(KNOWN, 1).state_dict(), KNOWN)
    with pytest.raises(ValueError, match="and is not there in the model to start from"):
        begin_with(network(KNOWN, 2), KNOWN, {}, KNOWN)


def test_freezing_keeps_all_but_the_last_layers_unchanged_in_training() -> None:
    model = network(KNOWN, 1)
    model.freeze()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    model.train()
    adam = torch.optim.Adam(model.parameters(), lr=0.1)
    x, n_frames = torch.randn(4, 40, 16), torch.full((4,), 40)
    first = model(x, n_frames).clip_probs
    assert torch.equal(first, model(x, n_frames).clip_probs)  # no dropout
    first.sum().backward()
    adam.step()
    changed = {name for name, tensor in model.state_dict().items() if not torch.equal(tensor, before[name])}
    assert changed == {"classify.weight", "classify.bias"}
    assert {name.partition(".")[0] for name in changed} <= set(LAST_LAYERS)


def in_windows(kind: str, labels: LabelSet, seed: int) -> Network:
    """Return a network whose last layers are not the usual ones."""
    torch.manual_seed(seed)
    none = PoolingConfig("average", ())
    if kind == "mean":
        return Mean([network(labels, seed), network(labels, seed + 10)], len(labels), of(40, 16))
    if kind == "multiscale":
        return Multiscale(MultiscaleConfig(lengths_s=(0.8, 0.4), maps=(4,), step_s=0.2), none, len(labels), of(40, 16))
    spec = FeatureSpec(WaveformConfig(sample_rate=1000, hop_length=20, n_frames=50))
    return MLMS(MLMSConfig(lengths=(64, 486), maps=(4, 4, 4), units=4), none, len(labels), spec)


@pytest.mark.parametrize("kind", ["mean", "multiscale", "mlms"])
def test_classes_are_matched_by_name_in_windowed_networks_and_in_members(kind: str) -> None:
    old, new = in_windows(kind, KNOWN, 1), in_windows(kind, OTHER, 5)
    begin_with(new, OTHER, old.state_dict(), KNOWN)
    shape = (50, 20) if kind == "mlms" else (40, 16)
    x, n_frames = torch.randn(2, *shape), torch.tensor([shape[0], shape[0] - 9])
    with torch.inference_mode():
        was, now = (model.eval()(x, n_frames) for model in (old, new))
    torch.testing.assert_close(now.frame_probs[..., [0, 2]], was.frame_probs[..., [2, 0]])
    torch.testing.assert_close(now.clip_probs[:, [0, 2]], was.clip_probs[:, [2, 0]])


@pytest.mark.parametrize("kind", ["mean", "multiscale", "mlms"])
def test_freezing_leaves_exactly_the_layers_with_a_row_per_class_trainable(kind: str) -> None:
    model = in_windows(kind, KNOWN, 1)
    model.freeze()
    trained = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    assert trained
    rows = [model.get_parameter(name).shape[0] for name in trained]
    assert set(rows) == {len(KNOWN)}
    assert len(trained) == sum(parameter.shape[0] == len(KNOWN) for parameter in model.parameters())


def test_all_parts_of_an_unfrozen_network_are_in_training_mode() -> None:
    model = network(KNOWN, 1).eval().train()
    assert all(part.training for part in model.modules())
