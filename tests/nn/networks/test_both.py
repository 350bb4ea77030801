from dataclasses import replace

import pytest
import torch
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.encoders.front_end import encoders_front_end, named_front_end
from sedpipe.io.settings.presets import load_preset
from sedpipe.nn.networks.both import BothNetwork, BothNetworkConfig
from sedpipe.nn.networks.crnn import CRNN, CRNNConfig
from sedpipe.nn.networks.registry import build_network
from sedpipe.nn.pooling import POOLING_FUNCTIONS, PoolingConfig

SPEC = FeatureSpec(named_front_end("logmel,yamnet"))
TINY = BothNetworkConfig(maps=(4, 4), pools=((2, 2), (2, 5)), conv_maps=4, gru_units=4, encoder_units=8, dropout=0.0)


def both(pooling: PoolingConfig | None = None, **changes: object) -> BothNetwork:
    torch.manual_seed(0)
    return BothNetwork(replace(TINY, **changes), pooling or PoolingConfig("linear", (5, 5)), 3, SPEC)


def test_its_convolutions_process_the_spectrogram_as_in_the_crnn() -> None:
    model = both().eval()
    crnn = CRNN(
        CRNNConfig(maps=(4, 4), pools=((2, 2), (2, 5)), conv_maps=4, gru_units=4), PoolingConfig(), 3, FeatureSpec()
    )
    crnn.convolutions.load_state_dict(model.convolutions.state_dict())
    spectrogram = torch.randn(2, 500, 80)
    seen: list[torch.Tensor] = []
    model.convolutions.register_forward_hook(lambda _, inputs, output: seen.append(output))
    crnn.eval().convolutions.register_forward_hook(lambda _, inputs, output: seen.append(output))
    x = torch.cat([spectrogram.reshape(2, 125, 320), torch.rand(2, 125, 1024)], dim=-1)
    with torch.inference_mode():
        model(x, torch.tensor([125, 60]))
        crnn(spectrogram, torch.tensor([500, 240]))
    torch.testing.assert_close(seen[0], seen[1])


def test_each_band_has_its_own_scale_and_an_encoder_a_single_one() -> None:
    model = both()
    model.standardise_with(torch.zeros(1344), torch.cat([torch.arange(1.0, 321.0), torch.tensor([0.6, 0, 0, 0] * 256)]))
    torch.testing.assert_close(model.scale[:320], 1 / torch.arange(1.0, 321.0))
    torch.testing.assert_close(model.scale[320:], torch.full((1024,), 1 / 0.3))


def test_the_output_depends_on_both_spectrogram_and_embeddings() -> None:
    model, n_frames = both().eval(), torch.tensor([125])
    x = torch.randn(1, 125, 320 + 1024)
    with torch.inference_mode():
        before = model(x, n_frames).frame_probs
        for part in (slice(0, 320), slice(320, None)):
            other = x.clone()
            other[..., part] = torch.randn_like(other[..., part])
            assert not torch.allclose(model(other, n_frames).frame_probs, before, atol=1e-4)


@pytest.mark.parametrize("function", POOLING_FUNCTIONS)
def test_every_pooling_gives_all_layers_finite_gradients(function: str) -> None:
    model = both(PoolingConfig(function, (5,))).train()
    model(torch.randn(3, 125, 1344), torch.tensor([125, 50, 3])).clip_probs.sum().backward()
    assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in model.parameters())


def test_the_shipped_preset_fits_log_mel_beside_one_or_two_encoders() -> None:
    preset = load_preset("both")
    for names in ("logmel,yamnet", "logmel,yamnet,aisfx"):
        spec = FeatureSpec(named_front_end(names))
        assert build_network(preset.network, preset.pooling, 10, spec).time_factor == 1


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"pools": ((1, 2), (2, 5))}, "make one frame of 2, and each frame of the features holds 4"),
        ({"pools": ((2, 3), (2, 5))}, "by a factor of 15, which must divide the 80"),
    ],
)
def test_pools_that_do_not_fit_are_refused(change: dict[str, object], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        both(**change)


@pytest.mark.parametrize("change", [{"encoder_units": 0}, {"encoder_dropout": 1.0}, {"input_normalisation": True}])
def test_invalid_settings_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"encoder_units must be positive|does not support input_normalisation"):
        replace(TINY, **change)


def test_embeddings_alone_are_refused_and_the_error_names_networks_that_take_them() -> None:
    with pytest.raises(
        ValueError, match=r"both learns from log-mel and embeddings together, not from embeddings of.*are head, "
    ):
        build_network(TINY, PoolingConfig(), 3, FeatureSpec(encoders_front_end("yamnet")))


def test_digital_silence_is_detected_from_the_spectrogram_alone() -> None:
    x = torch.cat([torch.full((1, 125, 320), -100.0), torch.rand(1, 125, 1024)], dim=-1)
    x[0, 40, 7] = -60
    assert torch.nonzero(~both().digital_silence(x)[0]).flatten().tolist() == [40]
