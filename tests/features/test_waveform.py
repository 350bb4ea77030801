import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sedpipe.features.waveform import WaveformConfig


@given(st.integers(1, 7), st.integers(1, 6), st.integers(1, 60))
def test_flattened_frames_are_the_samples_followed_by_zeros(hop: int, n_frames: int, n_samples: int) -> None:
    waveform = np.arange(1, n_samples + 1, dtype=np.float32)
    features, counted = WaveformConfig(8000, hop, n_frames).extract(waveform)
    expected = [*waveform.tolist(), *[0.0] * (hop * n_frames)][: hop * n_frames]
    assert features.ravel().tolist() == expected
    assert counted == min(n_frames, len({index // hop for index in range(n_samples)}))


def test_one_sample_frames_are_kept_when_fitting_to_another_sample_rate() -> None:
    fitted = WaveformConfig(44_100, 1, 441_000).fitted_to(8000, 0.5)
    assert (fitted.hop_length, fitted.n_frames, fitted.n_features) == (1, 4000, 1)


@pytest.mark.parametrize("change", [{"hop_length": 0}, {"n_frames": 2.5}, {"sample_rate": "8000"}])
def test_sizes_must_be_positive_integers(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="must be a whole number of at least 1"):
        WaveformConfig(**change)  # type: ignore[arg-type]
