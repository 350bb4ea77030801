"""Published systems, as built from their presets and front ends, against their known sizes."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from sedpipe.clips import ClipFormat
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.settings.front_ends import load_front_end
from sedpipe.io.settings.presets import load_preset
from sedpipe.nn.networks.mlms import SampleLevel
from sedpipe.nn.networks.network import Network
from sedpipe.nn.networks.registry import build_network
from sedpipe.nn.summary import layers
from torch.utils.flop_counter import FlopCounterMode

N_CLASSES = 17


def gru(n_in: int, units: int) -> int:
    """Count a bidirectional GRU's parameters: three gates, input and recurrent weights, two biases."""
    return 2 * 3 * (n_in * units + units * units + 2 * units)


def dense(n_in: int, n_out: int = N_CLASSES) -> int:
    return n_in * n_out + n_out


def convolutions(*widths: int, area: int = 9, bias: bool = True, norm: int = 2) -> int:
    """Count the parameters of successive convolutions: weights, a bias per map if ``bias``, and normalisation."""
    return sum(area * a * b + (b if bias else 0) + norm * b for a, b in pairwise(widths))


MILSED = 2 + convolutions(1, 16, 16, 32, 32, 64, 64, 128, 128) + convolutions(128, 256, area=8)
CNN9 = 2 * 64 + convolutions(1, 64, 64, 128, 128, 256, 256, 512, 512, bias=False)
GATED = 9 * 128 + 256 + 7 * (9 * 64 * 128 + 256)  # normalised before the gate, no bias
AFTER_GATE = 9 * 128 + 128 + 128 + 5 * (9 * 64 * 128 + 128 + 128)
DOUBLED_GRU = 2 * 2 * 3 * (256 * 128 + 128 * 128 + 128)  # one bias, as in Keras
CDUR = 9 * (1 * 32 + 32 * 128 + 3 * 128 * 128) + 2 * (1 + 32 + 3 * 128)
TALNET = convolutions(1, 32, 32, 64, 64, 128, 128, 256, 256, 512, 512)
VGG = convolutions(1, 32, 32, 64, 64, 128, 128, 256, 256, bias=False)
MLMS8 = {  # window length in samples: base, convolutions of 256 maps, last factors, millions of parameters (sheet)
    16384: (2, 10, (2,), 1.86),
    24576: (2, 10, (3,), 1.99),
    27648: (2, 7, (3, 3, 3), 1.99),
    32768: (2, 11, (2,), 1.99),
    39366: (3, 6, (2,), 1.72),
    65536: (2, 12, (2,), 2.12),
    118098: (3, 7, (2,), 1.92),
    156250: (5, 4, (2,), 1.85),
}


def sample_level(length: int) -> int:
    """Count the parameters of one of MLMS's networks from the sheet's list of layers."""
    base, n_some, last, _ = MLMS8[length]
    kernels = [base, base, base, *(base,) * n_some, *last, 1]
    maps = [128, 128, 128, *(256,) * (n_some + len(last) - 1), 512, 512]
    layers = zip([1, *maps], maps, kernels, strict=False)
    return sum(kernel * a * b + b + 2 * b for a, b, kernel in layers) + dense(512)


@dataclass(frozen=True)
class Published:
    """Expected sizes: millions of parameters on the sheet, parameters of the layers, number of output frames."""

    front_end: str
    in_millions: float | None
    parameters: int
    frames: int


SYSTEMS = {
    # auto-pooling adds a parameter per class; the original drops the last frames, fewer than 16, and outputs 26
    "mcfee-cnn": Published("mcfee", 0.56, MILSED + dense(256) + N_CLASSES, 27),
    "mcfee-crnn": Published("mcfee", None, MILSED + gru(256, 128) + 2 * gru(256, 128) + dense(256) + N_CLASSES, 27),
    "kong-gru": Published("kong", None, CNN9 + gru(512, 256) + 2 * dense(512), 125),
    # the original has one more layer normalisation (1,024 parameters), which is never called
    "kong-transformer": Published("kong", None, CNN9 + 4 * dense(512, 512) + 2 * dense(512), 125),
    "surrey": Published("surrey", 1.27, GATED + 9 * 64 * 256 + 256 + DOUBLED_GRU + 2 * dense(256), 241),
    "wang": Published("wang", 0.94, convolutions(1, 32, 64, 128, area=25, norm=0) + gru(1024, 100) + dense(200), 100),
    "talnet": Published("wang", None, TALNET + gru(1024, 512) + dense(1024), 100),
    "gccaps": Published(
        "gccaps", 0.45, AFTER_GATE + 9 * 64 * 64 + 64 + 2 * 4 + N_CLASSES * 64 * 8 * 4 + dense(256), 31
    ),
    "emsi-like": Published("", None, 4 * (VGG + dense(256)), 20),
    # the sum of the sheet's eight networks, and two classifiers on the maps of their last three layers
    "mlms": Published(
        "mlms",
        None,
        sum(sample_level(length) for length in MLMS8) + 2 * (dense(8 * 1280, 4096) + dense(4096, 4096) + dense(4096)),
        10,
    ),
    "cdur-64": Published("cdur", 0.68, CDUR + gru(128, 128) + dense(256), 125),
}


def spec_of(name: str, clip_s: float = 10.0) -> FeatureSpec:
    clips, front_end = ClipFormat(clip_s), SYSTEMS[name].front_end
    return FeatureSpec(load_front_end(Path(front_end), clips)) if front_end else FeatureSpec.of_clips(clips)


def built(name: str, spec: FeatureSpec, device: str = "meta") -> Network:
    preset = load_preset(name)
    with torch.device(device):
        return build_network(preset.network, preset.pooling, N_CLASSES, spec)


@pytest.fixture(params=SYSTEMS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_the_number_of_parameters_matches_the_layers_and_the_sheet(name: str) -> None:
    n_parameters = sum(parameter.numel() for parameter in built(name, spec_of(name)).parameters())
    assert n_parameters == SYSTEMS[name].parameters
    assert SYSTEMS[name].in_millions in (None, round(n_parameters / 1e6, 2))


def test_multiply_adds_match_torchs_count(name: str) -> None:
    spec = spec_of(name, 1.0)  # short: torch counts the steps of a GRU one by one
    model = built(name, spec).eval()
    x, n_frames = torch.empty(1, *spec.shape, device="meta"), torch.empty(1, dtype=torch.int64, device="meta")
    with FlopCounterMode(display=False) as counted:
        model(x, n_frames)
    told = sum(layer.multiply_adds for layer in layers(model, spec))
    assert told == pytest.approx(counted.get_total_flops() / 2, rel=1e-3)


@pytest.mark.parametrize("name", [name for name in SYSTEMS if name not in ("cdur-64", "mlms")])
def test_published_networks_work_on_our_features_too(name: str) -> None:
    spec = FeatureSpec.of_clips(ClipFormat(1.0))
    model = built(name, spec).eval()
    x, n_frames = torch.empty(1, *spec.shape, device="meta"), torch.empty(1, dtype=torch.int64, device="meta")
    prediction = model(x, n_frames)
    assert prediction.frame_probs.shape == (1, -(-50 // model.time_factor), N_CLASSES)
    assert prediction.clip_probs.shape == (1, N_CLASSES)


def test_output_frames_match_the_publication_and_the_document_lists_the_sizes(name: str) -> None:
    spec = spec_of(name)
    model = built(name, spec)
    assert -(-spec.shape[0] // model.time_factor) == SYSTEMS[name].frames
    told = f"{sum(layer.multiply_adds for layer in layers(model, spec)) / 1e9:.2f} G"
    parameters = f"{sum(parameter.numel() for parameter in model.parameters()) / 1e6:.2f} M"
    document = (Path(__file__).parents[3] / "docs/table3.md").read_text(encoding="utf-8")
    front_end = f"`{SYSTEMS[name].front_end}`" if SYSTEMS[name].front_end else "ours"
    assert f"| `{name}` | {front_end} | {parameters} | {told} |" in document


@pytest.mark.parametrize("length", MLMS8)
def test_each_network_of_mlms_has_the_sheets_parameters_and_outputs_a_single_frame(length: int) -> None:
    with torch.device("meta"):
        network = SampleLevel(length, (128, 256, 512), 0.5, N_CLASSES).eval()
    n_parameters = sum(parameter.numel() for parameter in network.parameters())
    assert n_parameters == sample_level(length)
    assert round(n_parameters / 1e6, 2) == MLMS8[length][3]
    hidden = torch.empty(1, 1, length, device="meta")
    for layer in network.layers:
        hidden = layer(hidden)
    assert hidden.shape == (1, 512, 1)
