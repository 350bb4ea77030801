import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import sedpipe
import torch
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.settings.presets import load_preset
from sedpipe.nn.networks.crnn import CRNN, CRNNConfig
from sedpipe.nn.pooling import POOLING_FUNCTIONS, PoolingConfig, frame_weights, pool
from sedpipe.training.batch import Batch
from sedpipe.training.config import TrainingConfig
from sedpipe.training.fit import Fit
from sedpipe.training.inference import predict
from sedpipe.training.processes import make_fabric
from specs import of

torch.set_num_threads(1)
PRESETS = Path(sedpipe.__file__).parent / "presets"
TINY = CRNNConfig(maps=(4, 4), pools=((2, 2), (2, 2)), conv_maps=8, gru_units=4)


def tiny(function="linear", hierarchy=(5,), axis="classes", **changes) -> CRNN:
    """Return a network from 40 frames of 16 bands to 10 frames of 3 classes, in evaluation mode."""
    torch.manual_seed(0)
    return CRNN(replace(TINY, **changes), PoolingConfig(function, hierarchy, axis), 3, of(40, 16)).eval()


def n_parameters(model: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def gru_parameters(n_in: int, units: int) -> int:
    """Count the parameters of three gates in two directions: input and recurrent weights, and two biases."""
    return 2 * 3 * (n_in * units + units * units + 2 * units)


@pytest.mark.parametrize("name", ["paper", "small"])
def test_shipped_presets_turn_500_frames_into_125_then_25_and_5_segments(name):
    preset = load_preset(name)
    model = CRNN(preset.network, preset.pooling, 17, FeatureSpec()).eval()
    with torch.inference_mode():
        prediction = model(torch.randn(1, 500, 80), torch.tensor([500]))
    assert prediction.frame_probs.shape == (1, 125, 17)
    assert [tuple(part.shape) for part in prediction.segment_probs] == [(1, 25, 17), (1, 5, 17)]
    assert prediction.clip_probs.shape == (1, 17)


def test_the_papers_network_has_the_expected_number_of_parameters():
    preset = load_preset("paper")
    model = CRNN(preset.network, preset.pooling, 17, FeatureSpec())
    gated = (9 * 1 * 128 + 2 * 128) + 7 * (9 * 64 * 128 + 2 * 128)
    expected = gated + (9 * 64 * 256 + 256) + gru_parameters(5 * 256, 128) + (256 * 17 + 17)
    assert n_parameters(model) == expected
    assert round(expected / 1e6, 2) == 1.75


def test_cdurs_network_has_the_published_size_and_pools_frequency_away():
    preset = load_preset("cdur")
    model = CRNN(preset.network, preset.pooling, 17, FeatureSpec())
    convolutions = 9 * (1 * 32 + 32 * 128 + 3 * 128 * 128) + 2 * (1 + 32 + 3 * 128)
    expected = convolutions + gru_parameters(128, 128) + (256 * 17 + 17)
    assert n_parameters(model) == expected
    assert round(expected / 1e6, 2) == 0.68  # as published
    assert model.convolutions(torch.randn(1, 1, 500, 80)).shape == (1, 128, 125, 1)


def test_he_initialisation_changes_only_convolutions_and_the_last_layer():
    torch.manual_seed(0)
    usual = tiny()
    torch.manual_seed(0)
    he = tiny(initialisation="he")
    changed = {name for name, value in usual.state_dict().items() if not torch.equal(value, he.state_dict()[name])}
    assert changed
    assert all(name.startswith(("convolutions.", "classify.")) and name.endswith("weight") for name in changed)
    bound = math.sqrt(6 / he.classify.in_features)
    assert 1 / math.sqrt(he.classify.in_features) < he.classify.weight.abs().max() <= bound


@pytest.mark.parametrize("convolution", ["gated", "leaky"])
def test_every_option_of_the_network_gives_probabilities_and_gradients(convolution):
    changes = {"depths": (1, 2), "pool_power": 4, "input_normalisation": True, "conv_maps": 0}
    model = tiny(convolution=convolution, **changes).train()
    prediction = model(torch.randn(3, 40, 16), torch.tensor([40, 40, 21]))
    assert ((prediction.frame_probs >= 0) & (prediction.frame_probs <= 1)).all()
    prediction.clip_probs.sum().backward()
    assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in model.parameters())


def test_with_input_normalisation_the_level_and_spread_of_a_band_do_not_matter():
    model = tiny(input_normalisation=True, dropout=0.0).train()
    x, whole = torch.randn(4, 40, 16), torch.full((4,), 40)
    moved = x * torch.linspace(1, 5, 16) + torch.linspace(-60, 20, 16)
    torch.testing.assert_close(model(x, whole).clip_probs, model(moved, whole).clip_probs, rtol=0, atol=1e-3)


@pytest.mark.parametrize(("variant", "millions"), [("B", 0.97), ("C", 1.75), ("D", 1.16)])
def test_the_variants_described_in_the_papers_preset_can_be_built(tmp_path, variant, millions):
    text = (PRESETS / "paper.toml").read_text()
    key, line = re.search(rf"^#   {variant}  .*:\s+((?:conv_pool|pools) = .*)$", text, re.MULTILINE)[1].split(" = ")
    changed, n = re.subn(rf"^{key} = .*$", f"{key} = {line}", text, flags=re.MULTILINE)
    assert n == 1
    (tmp_path / "variant.toml").write_text(changed)
    preset = load_preset(str(tmp_path / "variant.toml"))
    with torch.device("meta"):
        model = CRNN(preset.network, preset.pooling, 17, FeatureSpec())
    assert preset.network != load_preset("paper").network
    assert preset.network.time_factor == 4
    assert round(n_parameters(model) / 1e6, 2) == millions


@pytest.mark.parametrize("axis", ["classes", "time"])
@pytest.mark.parametrize("function", POOLING_FUNCTIONS)
@pytest.mark.parametrize("hierarchy", [(), (5,)])
def test_all_predictions_are_probabilities(function, hierarchy, axis):
    model = tiny(function, hierarchy, axis)
    prediction = model(100 * torch.randn(3, 40, 16), torch.tensor([40, 3, 17]))
    for probs in (prediction.frame_probs, *prediction.segment_probs, prediction.clip_probs):
        assert ((probs >= 0) & (probs <= 1 + 1e-6)).all()
    assert (prediction.clip_probs > 0).all()


@pytest.mark.parametrize("function", POOLING_FUNCTIONS)
def test_clips_are_pooled_from_their_valid_frames(function):
    model = tiny(function)
    with torch.inference_mode():
        prediction = model(torch.randn(2, 40, 16), torch.tensor([40, 21]))
    if function != "attention":
        valid = torch.arange(10) < torch.tensor([[10], [6]])  # the sixth output frame holds input frame 20
        weights = frame_weights(
            function, prediction.frame_probs, valid, alpha=model.alpha if model.alpha is None else model.alpha.detach()
        )
        assert torch.equal(prediction.clip_probs, pool(function, prediction.frame_probs, weights, (5,))[0])
    assert (model.attend is not None) == (function == "attention")
    assert (model.alpha is not None) == POOLING_FUNCTIONS[function].learns_alpha


def test_learned_segment_weights_add_a_trained_dense_layer_per_stage():
    pooling = PoolingConfig("linear", (5, 2), "time", "learned")
    model = CRNN(TINY, pooling, 3, of(40, 16))
    assert n_parameters(model) - n_parameters(tiny()) == 2 * (8 * 3 + 3)
    prediction = model(torch.randn(4, 40, 16), torch.tensor([40, 3, 17, 40]))
    assert [tuple(part.shape) for part in prediction.segment_probs] == [(4, 2, 3), (4, 1, 3)]
    prediction.clip_probs.sum().backward()
    assert model.attend_segments[0].weight.grad.abs().sum() > 0


@pytest.mark.parametrize("segment_weights", ["corrected", "learned"])
def test_the_content_of_padding_does_not_change_the_output(segment_weights):
    torch.manual_seed(0)
    pooling = PoolingConfig("attention", (5,), "time", segment_weights)
    model = CRNN(replace(TINY, dropout=0.0), pooling, 3, of(40, 16))  # in training, with the statistics of the batch
    x, n_frames = torch.randn(3, 40, 16), torch.tensor([40, 21, 3])
    other = x.clone()
    other[1, 21:], other[2, 3:] = -100, torch.nan
    one, two = model(x, n_frames), model(other, n_frames)
    assert torch.equal(one.frame_probs, two.frame_probs)
    assert torch.equal(one.clip_probs, two.clip_probs)


def test_the_length_of_padding_hardly_changes_the_output():
    """Only its last frames differ slightly: the convolutions see the maps of padding beside them instead of zeros."""
    x = torch.randn(1, 80, 16)
    with torch.inference_mode():
        torch.manual_seed(0)
        padded = CRNN(TINY, PoolingConfig("linear", ()), 3, of(80, 16)).eval()
        short = CRNN(TINY, PoolingConfig("linear", ()), 3, of(40, 16)).eval()
        short.load_state_dict(padded.state_dict())
        one = padded(x, torch.tensor([40])).frame_probs[0, :10]
        other = short(x[:, :40], torch.tensor([40])).frame_probs[0]
    assert (one - other).abs().max() < 0.01


def test_an_output_frame_is_valid_if_it_contains_one_frame_of_the_clip():
    assert tiny().output_frames(torch.tensor([0, 1, 4, 5, 40], dtype=torch.int32)).tolist() == [0, 1, 1, 2, 10]


def test_standardisation_is_stored_with_the_weights():
    x, whole = torch.randn(2, 40, 16) * 7 - 60, torch.tensor([40, 40])
    model, mean, deviation = tiny(), torch.linspace(-70, -50, 16), torch.linspace(5, 9, 16)
    by_hand = model((x - mean) / deviation, whole)
    model.standardise_with(mean, deviation)
    stored = CRNN(TINY, PoolingConfig("linear", (5,)), 3, of(40, 16)).eval()
    stored.load_state_dict(model.state_dict())
    torch.testing.assert_close(stored(x, whole).frame_probs, by_hand.frame_probs, rtol=1e-4, atol=1e-5)
    assert "mean" not in dict(model.named_parameters())  # so no optimiser changes it


def test_a_constant_band_gives_finite_probabilities():
    model = tiny()
    model.standardise_with(torch.full((16,), -100.0), torch.zeros(16))
    assert model(torch.full((1, 40, 16), -100.0), torch.tensor([40])).clip_probs.isfinite().all()


def test_under_mixed_precision_probabilities_are_still_float32():
    with torch.autocast("cpu", dtype=torch.bfloat16):
        prediction = tiny("attention")(torch.randn(1, 40, 16), torch.tensor([40]))
    assert prediction.frame_probs.dtype == prediction.clip_probs.dtype == torch.float32


@pytest.mark.parametrize(
    ("n_frames", "n_mels", "hierarchy", "message"),
    [
        (3, 16, (), r"the network pools 4 frames into one, but a clip has only 3"),
        (
            40,
            18,
            (),
            r"pooling over frequency reduces bands by a factor of 4, which must divide the 18 of the input",
        ),
        (40, 16, (5, 5), r"hierarchy 5,5 does not fit 10 frames: stage 2 would group 5 of 2; 5 fits, and so does none"),
        (40, 16, (11,), r"hierarchy 11 does not fit 10 frames: stage 1 would group 11 of 10; none fits"),
    ],
)
def test_a_network_that_does_not_fit_its_input_is_refused(n_frames, n_mels, hierarchy, message):
    with pytest.raises(ValueError, match=message):
        CRNN(TINY, PoolingConfig("linear", hierarchy), 3, of(n_frames, n_mels))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"maps": (4,)}, "expected one pool per block, got 1 blocks and 2 pools"),
        ({"maps": (), "pools": ()}, "expected one pool per block, got 0 blocks"),
        ({"maps": (4, 0)}, "must be positive"),
        ({"pools": ((2, 2), (0, 2))}, "must be positive"),
        ({"conv_pool": (1, 0)}, "must be positive"),
        ({"conv_maps": -1}, "conv_maps not negative"),
        ({"depths": (1, 0)}, "must be positive"),
        ({"depths": (1, 10**9)}, "at most 256 convolutions"),
        ({"maps": (4,) * 200, "pools": ((1, 1),) * 200}, "at most 256 convolutions"),
        ({"depths": (1,)}, "expected one depth per block, got 2 blocks and 1 depths"),
        ({"pool_power": 3}, "must be 0 or an even number, got 3"),
        ({"convolution": "dense"}, "must be one of gated, leaky, got 'dense'"),
        ({"gru_units": 0}, "must be positive"),
        ({"normalisation": "group"}, "must be one of before_gate, after_gate, block, got 'group'"),
        ({"dropout": 1.0}, r"dropout must be in \[0, 1\), got 1.0"),
        ({"dropout": float("nan")}, r"dropout must be in \[0, 1\), got nan"),
    ],
)
def test_invalid_settings_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        replace(TINY, **changes)


def test_invalid_pooling_settings_are_refused():
    with pytest.raises(ValueError, match=r"pooling must be one of max, .*, got 'mean'"):
        PoolingConfig("mean")
    with pytest.raises(ValueError, match="attention_axis must be 'classes' or 'time', got 'frequency'"):
        PoolingConfig("attention", (), "frequency")
    with pytest.raises(ValueError, match="segment_weights must be one of corrected, original, learned, got 'mean'"):
        PoolingConfig("linear", (5, 5), segment_weights="mean")
    with pytest.raises(ValueError, match="max pooling takes the largest value"):
        PoolingConfig("max", (5, 5), segment_weights="learned")


def learn(function: str, clips: list[list[tuple[int, int]]]) -> tuple[float, np.ndarray, np.ndarray, np.ndarray]:
    """Overfit a tiny network on clips with events (class, first of eight frames); return loss, targets, both probs."""
    g = torch.Generator().manual_seed(0)
    x, y = torch.randn(len(clips), 40, 16, generator=g), torch.zeros(len(clips), 2)
    for clip, events in enumerate(clips):
        for label, first in events:
            x[clip, first : first + 8, 8 * label : 8 * label + 8] += 4
            y[clip, label] = 1
    n_frames = torch.full((len(clips),), 40)
    batches = [Batch(*(part[first : first + 8] for part in (x, y, n_frames)), []) for first in range(0, len(clips), 8)]
    torch.manual_seed(0)
    model = CRNN(replace(TINY, maps=(8, 8), dropout=0.0), PoolingConfig(function, (5,)), 2, of(40, 16))
    fit = Fit(model, TrainingConfig(batch_size=8, epochs=100, learning_rate=0.01, patience=100), 0, make_fabric("cpu"))
    while not fit.stopped and fit.best_loss > 0.1:
        fit.run_epoch(batches, batches)
    return fit.best_loss, y.numpy(), *predict(model, batches)


def inside_and_outside(frame_probs, clips) -> tuple[list[float], list[float]]:
    """Mean probability of each event's class in its two output frames, and in the other frames of its clip."""
    inside, outside = [], []
    for clip, events in enumerate(clips):
        for label, first in events:
            sounds = np.isin(np.arange(10), (first // 4, first // 4 + 1))
            inside.append(frame_probs[clip, sounds, label].mean())
            outside.append(frame_probs[clip, ~sounds, label].mean())
    return inside, outside


def test_a_tiny_network_overfits_four_clips_and_locates_each_event():
    clips = [[(0, 4)], [(1, 24)], [(0, 24), (1, 4)], []]
    loss, targets, frame_probs, clip_probs = learn("max", clips)
    assert loss < 0.1
    assert ((clip_probs > 0.5) == targets.astype(bool)).all()
    inside, outside = inside_and_outside(frame_probs, clips)
    assert all(high > low + 0.15 for high, low in zip(inside, outside, strict=True))


def test_hierarchical_linear_softmax_finds_events_from_weak_labels():
    g = np.random.default_rng(0)
    clips = [[(label, 4 * int(g.integers(8))) for label in (0, 1) if g.random() < 0.5] for _ in range(24)]
    loss, _, frame_probs, _ = learn("linear", clips)
    inside, outside = inside_and_outside(frame_probs, clips)
    assert loss < 0.1
    assert np.mean(inside) > np.mean(outside) + 0.2
