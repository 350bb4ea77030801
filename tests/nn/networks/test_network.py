"""What every network provides, shown on a minimal one."""

from collections.abc import Callable
from typing import ClassVar

import numpy as np
import pytest
import torch
from sedpipe.features.logmel import LogMelConfig
from sedpipe.features.spec import FeatureSpec
from sedpipe.features.waveform import WaveformConfig
from sedpipe.nn.networks.network import Network, Prediction
from sedpipe.nn.pooling import PoolingConfig
from sedpipe.nn.summary import layers
from specs import of
from torch import Tensor


class Means(Network):
    """Mean of every ``time_factor`` frames, then the head."""

    def __init__(self, pooling: PoolingConfig, spec: FeatureSpec, time_factor: int = 4) -> None:
        super().__init__(pooling, 3, spec, time_factor)
        self.add_head(spec.shape[1], initial_probability=0.1)

    def forward(self, x: Tensor, n_frames: Tensor) -> Prediction:
        silent = self.without_padding(self.standardised(x), n_frames)
        return self.pooled(silent.unflatten(1, (-1, self.time_factor)).mean(dim=2), n_frames)


@pytest.mark.parametrize(("n_frames", "n_output"), [(150, 38), (500, 125), (1500, 375), (50, 13)])
def test_the_time_factor_need_not_divide_the_number_of_frames(n_frames: int, n_output: int) -> None:
    model = Means(PoolingConfig("linear", (5,)), of(n_frames, 8))
    prediction = model(torch.randn(2, n_frames, 8), torch.tensor([n_frames, 1]))
    assert prediction.frame_probs.shape == (2, n_output, 3)
    assert prediction.segment_probs[0].shape == (2, -(-n_output // 5), 3)
    assert prediction.clip_probs.shape == (2, 3)


def test_a_last_output_frame_that_the_clip_only_partly_fills_counts_in_full() -> None:
    model = Means(PoolingConfig("average", ()), of(6, 8))
    prediction = model(torch.randn(1, 6, 8), torch.tensor([6]))
    torch.testing.assert_close(prediction.clip_probs, prediction.frame_probs.mean(dim=1))
    assert model.output_frames(torch.tensor([4, 5, 6])).tolist() == [1, 2, 2]


def test_the_content_of_padding_does_not_change_the_output() -> None:
    model = Means(PoolingConfig("attention", (3,), segment_weights="learned"), of(22, 8))
    x = torch.randn(1, 22, 8)
    other = x.clone()
    other[:, 9:] = torch.nan
    one, two = model(x, torch.tensor([9])), model(other, torch.tensor([9]))
    assert torch.equal(one.clip_probs, two.clip_probs)


@pytest.mark.parametrize(("dtype", "floor"), [("float32", 1e-10), ("float16", 1e-10), ("float16", 3e-8)])
def test_digital_silence_is_where_all_bands_of_all_input_frames_are_at_the_minimum(dtype: str, floor: float) -> None:
    front_end = LogMelConfig(n_frames=50, floor=floor)
    hop, faint = front_end.hop_length, np.full(10, 2e-4, np.float32)
    samples = np.zeros(front_end.n_samples, np.float32)
    samples[20 * hop : 20 * hop + 10] = faint
    features, n_frames = front_end.extract(samples)
    x = torch.from_numpy(features.astype(dtype)).float()[None]
    silent = Means(PoolingConfig("linear", ()), FeatureSpec(front_end)).digital_silence(x)[0]
    (sounds,) = torch.nonzero(~silent, as_tuple=True)
    assert (n_frames, len(silent)) == (50, 13)
    assert 5 in sounds
    assert len(sounds) <= 2  # output frames, of four frames each, whose windows reach the click


class OwnDecibels(WaveformConfig):
    """Front end of a user's own: its value for silence is unknown, and its padding is 0."""

    content: ClassVar[str] = "decibels"


@pytest.mark.parametrize("kind", [WaveformConfig, OwnDecibels])
def test_no_digital_silence_is_detected_in_features_other_than_our_log_mel(kind: type[WaveformConfig]) -> None:
    model = Means(PoolingConfig("linear", ()), FeatureSpec(kind(8_000, 80, 8_000)), 4)
    assert not model.digital_silence(torch.full((2, 100, 80), -70.0)).any()


def test_no_digital_silence_is_detected_in_decibels_relative_to_the_clip() -> None:
    front_end = LogMelConfig(n_frames=50, range_db=80)
    model = Means(PoolingConfig("linear", ()), FeatureSpec(front_end))
    assert not model.digital_silence(torch.full((2, 50, 80), -80.0)).any()


def test_before_training_every_class_has_the_initial_probability() -> None:
    model = Means(PoolingConfig("average", ()), of(20, 8))
    frame_probs = model(torch.zeros(1, 20, 8), torch.tensor([20])).frame_probs
    torch.testing.assert_close(frame_probs, torch.full((1, 5, 3), 0.1))


def test_the_head_has_only_the_layers_that_its_pooling_needs() -> None:
    names = {
        function: {name.split(".")[0] for name, _ in Means(PoolingConfig(function), of(500, 4)).named_parameters()}
        for function in ("linear", "attention", "auto")
    }
    assert names == {"linear": {"classify"}, "attention": {"classify", "attend"}, "auto": {"classify", "alpha"}}


def test_standardised_features_have_mean_0_and_deviation_1_and_constant_ones_stay_finite() -> None:
    model = Means(PoolingConfig("average", ()), of(400, 3))
    x = torch.randn(1, 400, 3) * torch.tensor([5.0, 0.1, 0.0]) + torch.tensor([-60.0, 3.0, 7.0])
    model.standardise_with(x.mean(dim=(0, 1)), x.std(dim=(0, 1)))
    made = model.standardised(x)[..., :2]
    torch.testing.assert_close(made.mean(dim=1), torch.zeros(1, 2), atol=1e-4, rtol=0)
    torch.testing.assert_close(made.std(dim=1), torch.ones(1, 2), atol=1e-4, rtol=0)
    assert model.standardised(x).isfinite().all()


@pytest.mark.parametrize(
    ("spec", "time_factor", "message"),
    [
        (of(3, 4), 4, "pools 4 frames into one, but a clip has only 3"),
        (of(40, 4), 0, "pools 0 frames into one"),
        (FeatureSpec(WaveformConfig(44_100, 1, 44_100)), 4, "makes 11025 frames a second, at most 1000 can be used"),
        (FeatureSpec(LogMelConfig(n_frames=40)), 4, "hierarchy 5,5 does not fit 10 frames"),
    ],
)
def test_a_network_that_does_not_fit_its_features_is_refused(spec: FeatureSpec, time_factor: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Means(PoolingConfig(), spec, time_factor)


def test_under_autocast_probabilities_are_float32() -> None:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        prediction = Means(PoolingConfig("average", ()), of(20, 8))(torch.zeros(1, 20, 8), torch.tensor([20]))
    assert prediction.frame_probs.dtype == prediction.clip_probs.dtype == torch.float32


class Windows(Network):
    """Processes a clip of 40 frames in windows of 16, one every 8; their outputs for a frame are averaged."""

    def __init__(self, pooling: PoolingConfig, spec: FeatureSpec) -> None:
        super().__init__(pooling, 3, spec)
        self.layer = torch.nn.Linear(spec.shape[1], 5)
        self.add_head(5)

    def forward(self, x: Tensor, n_frames: Tensor) -> Prediction:
        silent = self.without_padding(self.standardised(x), n_frames)
        windows = silent.unfold(1, 16, 8).transpose(2, 3)  # (B, windows, length, F)
        heard = self.layer(windows.flatten(0, 1)).unflatten(0, windows.shape[:2])
        joined, counts = silent.new_zeros(len(x), x.shape[1], 5), silent.new_zeros(x.shape[1], 1)
        for index, begin in enumerate(range(0, x.shape[1] - 8, 8)):
            joined[:, begin : begin + 16] += heard[:, index]
            counts[begin : begin + 16] += 1
        return self.pooled(joined / counts, n_frames)


def test_a_network_may_process_a_clip_in_several_windows() -> None:
    model = Windows(PoolingConfig("linear", (5,)), of(40, 8)).eval()
    x, n_frames = torch.randn(2, 40, 8), torch.tensor([40, 25])
    with torch.inference_mode():
        found = model(x, n_frames)
        whole = model.pooled(model.layer(model.without_padding(x, n_frames)), n_frames)  # frame by frame, no windows
    torch.testing.assert_close(found.clip_probs, whole.clip_probs)
    assert found.frame_probs.shape == (2, 40, 3)
    assert sum(row.multiply_adds for row in layers(model, of(40, 8))) == 4 * 16 * 8 * 5 + 40 * 5 * 3


def test_batches_of_other_sizes_than_the_compiled_one_are_not_compiled_again() -> None:
    compiled: list[int] = []

    def remember(graph: torch.fx.GraphModule, inputs: list[Tensor]) -> Callable[..., object]:
        compiled.append(len(inputs))
        return graph.forward

    model = Means(PoolingConfig("linear", (5,)), of(20, 8)).eval()
    whole = torch.full((4,), 20)
    with torch.inference_mode():
        expected = model(torch.ones(4, 20, 8), whole)
        model.compile_for(4)
        model.compile(backend=remember)  # as by default, except that it is counted
        first = model(torch.ones(4, 20, 8), whole)
        n_compiled = len(compiled)
        for size in (3, 1, 4):
            model(torch.ones(size, 20, 8), whole[:size])
    assert 0 < n_compiled == len(compiled)
    torch.testing.assert_close(first.clip_probs, expected.clip_probs)
