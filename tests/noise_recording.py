"""Recordings of noise, in which an untrained network finds some events."""

from pathlib import Path

import numpy as np
import soundfile
from tiny_dataset import FRONT_END


def noise(path: Path, seconds: float = 6.0) -> Path:
    """Write a recording of noise, which is different for each name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = np.random.default_rng(sum(map(ord, path.name))).uniform(-0.9, 0.9, round(seconds * FRONT_END.sample_rate))
    soundfile.write(path, samples, FRONT_END.sample_rate)
    return path
