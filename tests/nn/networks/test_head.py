import pytest
import torch
import torch.nn.functional as F  # noqa: N812 (its usual name)
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.encoders.front_end import encoders_front_end
from sedpipe.io.settings.presets import load_preset
from sedpipe.nn.networks.crnn import CRNNConfig
from sedpipe.nn.networks.head import Head, HeadConfig
from sedpipe.nn.networks.registry import build_network
from sedpipe.nn.pooling import POOLING_FUNCTIONS, PoolingConfig

SPEC = FeatureSpec(encoders_front_end("yamnet"))


def head(config: HeadConfig | None = None, pooling: PoolingConfig | None = None, n_classes: int = 4) -> Head:
    torch.manual_seed(0)
    return Head(config or HeadConfig(), pooling or PoolingConfig("linear", (5, 5)), n_classes, SPEC).eval()


def test_the_shipped_preset_has_the_size_of_the_head_that_was_measured() -> None:
    preset = load_preset("head")
    model = build_network(preset.network, preset.pooling, 10, SPEC)
    assert isinstance(model, Head)
    dense = 1024 * 128 + 128
    gru = 2 * 3 * (128 * 64 + 64 * 64 + 2 * 64)
    assert sum(parameter.numel() for parameter in model.parameters()) == dense + gru + (128 * 10 + 10)


def test_the_head_is_a_dense_layer_a_gru_and_a_sigmoid() -> None:
    model, x, n_frames = head(), torch.rand(2, 125, 1024), torch.tensor([125, 60])
    model.standardise_with(torch.full((1024,), 0.5), torch.tensor([0.6] * 256 + [0.0] * 768))  # jointly 0.3
    usual = torch.nn.GRU(128, 64, batch_first=True, bidirectional=True)
    usual.load_state_dict(model.gru.state_dict())
    with torch.inference_mode():
        found = model(x, n_frames).frame_probs
        for clip, length in enumerate((125, 60)):
            hidden, _ = usual(F.relu(F.linear((x[clip, :length] - 0.5) / 0.3, model.reduce.weight, model.reduce.bias)))
            expected = torch.sigmoid(F.linear(hidden, model.classify.weight, model.classify.bias))
            torch.testing.assert_close(found[clip, :length], expected, rtol=0, atol=1e-5)


def test_each_of_several_encoders_has_its_own_scale() -> None:
    spec = FeatureSpec(encoders_front_end("yamnet,aisfx"))
    model = Head(HeadConfig(), PoolingConfig("linear", ()), 4, spec)
    model.standardise_with(torch.zeros(1536), torch.cat([torch.full((1024,), 0.5), torch.full((512,), 4.0)]))
    torch.testing.assert_close(model.scale, torch.cat([torch.full((1024,), 2.0), torch.full((512,), 0.25)]))


def test_without_a_gru_frames_are_independent() -> None:
    model, x = head(HeadConfig(gru_units=0)), torch.rand(1, 125, 1024)
    order = torch.randperm(125)
    with torch.inference_mode():
        one, two = model(x, torch.tensor([125])), model(x[:, order], torch.tensor([125]))
    torch.testing.assert_close(two.frame_probs, one.frame_probs[:, order])


@pytest.mark.parametrize("function", POOLING_FUNCTIONS)
@pytest.mark.parametrize("hierarchy", [(), (5, 5)])
def test_every_pooling_gives_all_layers_finite_gradients(function: str, hierarchy: tuple[int, ...]) -> None:
    model = head(pooling=PoolingConfig(function, hierarchy)).train()
    model(torch.rand(3, 125, 1024), torch.tensor([125, 50, 3])).clip_probs.sum().backward()
    assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in model.parameters())


def test_an_untrained_head_outputs_the_initial_probability() -> None:
    model = head(HeadConfig(initial_probability=0.02))
    with torch.inference_mode():
        probs = model(torch.rand(2, 125, 1024), torch.tensor([125, 125])).frame_probs
    assert probs.median() == pytest.approx(0.02, abs=0.01)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"units": 0}, "units must be positive"),
        ({"gru_units": -1}, "gru_units not negative"),
        ({"dropout": 1.0}, r"dropout must be in \[0, 1\)"),
        ({"initial_probability": 0.0}, r"initial_probability must be in \(0, 1\)"),
    ],
)
def test_invalid_settings_are_refused(change: dict[str, float], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        HeadConfig(**change)


def test_networks_refuse_features_that_they_do_not_take() -> None:
    with pytest.raises(
        ValueError,
        match=r"crnn learns from a spectrogram, .* encoder:yamnet gives: networks that do are head, attention_head$",
    ):
        build_network(CRNNConfig(), PoolingConfig(), 4, SPEC)
    with pytest.raises(ValueError, match="network head learns from embeddings of an encoder, not from a spectrogram"):
        build_network(HeadConfig(), PoolingConfig(), 4, FeatureSpec())
