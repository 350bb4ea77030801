"""What holds for every registered network, with its default sizes."""

import pytest
import torch
from sedpipe.features.front_end import CONTENTS, build_front_end
from sedpipe.features.spec import FeatureSpec
from sedpipe.features.waveform import WaveformConfig
from sedpipe.io.encoders.front_end import encoders_front_end, named_front_end
from sedpipe.nn.networks.crnn import CRNNConfig
from sedpipe.nn.networks.mlms import MLMSConfig
from sedpipe.nn.networks.multiscale import MultiscaleConfig
from sedpipe.nn.networks.network import NetworkConfig
from sedpipe.nn.networks.registry import DEFAULT, NETWORKS, build_network, kind_of
from sedpipe.nn.networks.talnet import TALNetConfig
from sedpipe.nn.pooling import PoolingConfig

POOLING = PoolingConfig("linear", (5,))
SMALLER = {  # their default sizes take seconds
    "mlms": MLMSConfig(lengths=(64, 486), maps=(4, 8, 8), units=8),
    "multiscale": MultiscaleConfig(maps=(4, 4, 8, 8)),
    "talnet": TALNetConfig(maps=(4, 4, 8, 8, 8), gru_units=8),
}


def config_of(name: str) -> NetworkConfig:
    return SMALLER.get(name) or NETWORKS[name].config()


def heard_by(name: str) -> FeatureSpec:
    """Return features of 3 s clips that a network takes as input."""
    front_ends = [build_front_end("logmel"), build_front_end("waveform"), encoders_front_end("yamnet")]
    front_ends.append(named_front_end("logmel,yamnet"))
    specs = [FeatureSpec(front_end.fitted_to(8000, 3.0)) for front_end in front_ends]
    return next(spec for spec in specs if spec.front_end.content in NETWORKS[name].takes)


@pytest.fixture(params=NETWORKS)
def name(request: pytest.FixtureRequest) -> str:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    return str(request.param)


def test_a_network_has_the_name_of_its_config_and_takes_known_contents(name: str) -> None:
    assert NETWORKS[name].config().name == name
    assert set() < set(NETWORKS[name].takes) <= set(CONTENTS)


def test_outputs_are_probabilities_of_the_declared_shapes(name: str) -> None:
    spec = heard_by(name)
    model = build_network(config_of(name), POOLING, 4, spec).eval()
    n_frames, n_features = spec.shape
    with torch.inference_mode():
        prediction = model(torch.randn(2, n_frames, n_features), torch.tensor([n_frames, n_frames // 3]))
    n_output = -(-n_frames // model.time_factor)
    assert prediction.frame_probs.shape == (2, n_output, 4)
    assert prediction.clip_probs.shape == (2, 4)
    for probs in (prediction.frame_probs, *prediction.segment_probs, prediction.clip_probs):
        assert probs.dtype == torch.float32
        assert ((probs >= 0) & (probs <= 1 + 1e-6)).all()


def test_padding_and_other_clips_of_the_batch_do_not_change_a_clips_output(name: str) -> None:
    spec = heard_by(name)
    model = build_network(config_of(name), POOLING, 4, spec).eval()
    n_frames = torch.tensor([spec.shape[0], spec.shape[0] // 2])
    x = torch.randn(2, *spec.shape)
    other = x.clone()
    other[0] *= 3
    other[1, n_frames[1] :] = 1e3
    with torch.inference_mode():
        one, two = model(x, n_frames), model(other, n_frames)
    torch.testing.assert_close(one.clip_probs[1], two.clip_probs[1])
    torch.testing.assert_close(one.frame_probs[1], two.frame_probs[1])


def test_the_seed_determines_the_initial_weights_and_all_of_them_get_gradients(name: str) -> None:
    spec = heard_by(name)
    models = []
    for _ in range(2):
        torch.manual_seed(3)
        models.append(build_network(config_of(name), POOLING, 4, spec))
    assert all(torch.equal(*pair) for pair in zip(*(model.parameters() for model in models), strict=True))
    model = models[0].train()
    prediction = model(torch.randn(3, *spec.shape), torch.full((3,), spec.shape[0]))
    (prediction.clip_probs.sum() + sum(taught.probs.sum() for taught in prediction.taught)).backward()
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in trained)


def test_loading_weights_leaves_nothing_on_the_meta_device(name: str) -> None:
    spec = heard_by(name)
    weights = build_network(config_of(name), POOLING, 4, spec).state_dict()
    with torch.device("meta"):
        empty = build_network(config_of(name), POOLING, 4, spec)
    empty.load_state_dict(weights, assign=True)
    assert not any(tensor.is_meta for tensor in (*empty.parameters(), *empty.buffers()))


def test_features_that_a_network_does_not_take_are_refused() -> None:
    with pytest.raises(
        ValueError,
        match="network crnn learns from a spectrogram, not from the waveform, which the front end wave",
    ):
        build_network(CRNNConfig(), POOLING, 4, FeatureSpec(WaveformConfig()))


def test_a_misspelt_name_gets_a_suggestion() -> None:
    with pytest.raises(ValueError, match=r"network 'crn' is not one of crnn.*did you mean 'crnn'"):
        kind_of("crn")


def test_the_default_network_is_the_crnn() -> None:
    assert DEFAULT == CRNNConfig().name == "crnn"
