"""What a user's own front end gets from the base class; the one here computes the peak of each frame."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sedpipe.features.framed import FramedFrontEnd


@dataclass(frozen=True)
class Peaks(FramedFrontEnd):
    """Largest sample of each frame."""

    gain: float = 1.0

    name: ClassVar[str] = "peaks"
    content: ClassVar[str] = "bands"
    padding: ClassVar[float] = -1.0

    @property
    def n_features(self) -> int:
        return 1

    def frames_of(self, samples: np.ndarray, n_frames: int) -> np.ndarray:
        parts = np.split(samples, range(self.hop_length, len(samples), self.hop_length))
        return self.gain * np.array([[part.max()] for part in parts])


@given(st.integers(1, 5), st.integers(1, 8), st.integers(1, 50))
def test_frames_that_begin_in_the_clip_are_computed_and_the_others_padded(
    hop: int, n_frames: int, n_samples: int
) -> None:
    waveform = np.arange(1, n_samples + 1, dtype=np.float64)
    features, counted = Peaks(8000, hop, n_frames, 2.0).extract(waveform)
    assert counted == min(n_frames, -(-n_samples // hop))
    heard = min(n_samples, hop * n_frames)
    assert features[:counted, 0].tolist() == [2.0 * min(heard, hop * (k + 1)) for k in range(counted)]
    assert (features[counted:] == -1).all()
    assert features.dtype == np.float32


def test_fields_are_settings_and_are_kept_when_fitting_to_other_clips() -> None:
    fitted = Peaks(gain=0.5).fitted_to(16_000, 3.0)
    assert fitted == Peaks(16_000, 320, 150, 0.5)
    assert fitted.settings == {"sample_rate": 16_000, "hop_length": 320, "n_frames": 150, "gain": 0.5}


@pytest.mark.parametrize("change", [{"sample_rate": 0}, {"hop_length": 1.5}, {"n_frames": "8"}])
def test_sizes_must_be_positive_integers(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="must be a whole number of at least 1"):
        Peaks(**change)  # type: ignore[arg-type]
