"""Mean and deviation of each feature over a split, for standardisation; computed once for the same clips.

A pass over all features takes minutes if there are many, and every run, every cell of a table and every process needs
the same numbers. So they are stored beside the feature store, with a digest of the clips that they were computed from.

- :class:`FeatureStatistics`: mean and deviation
- :func:`feature_statistics`: compute them; :func:`kept_statistics`: read them, or compute and store them
"""

from __future__ import annotations

import hashlib
import io
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from sedpipe.errors import SedpipeError
from sedpipe.io.files.atomic import write_atomically
from sedpipe.io.files.reading import read_bounded
from sedpipe.steps.batches import ClipBatches

ROWS_PER_READ = 64
_MOST_BYTES = 2**28


class FeatureStatistics(NamedTuple):
    """Mean and standard deviation of each feature, over all frames except padding.

    Parameters
    ----------
    mean, deviation : Tensor [shape=(F,)]
        Values of each feature, float32.
    """

    mean: Tensor
    deviation: Tensor


def feature_statistics(batches: ClipBatches) -> FeatureStatistics:
    """Compute the statistics of all clips, summed in float64 in their order."""
    count, total, squares = 0.0, torch.zeros(()), torch.zeros(())
    for batch in batches.in_order(ROWS_PER_READ):
        counted = torch.arange(batch.x.shape[1]) < batch.n_frames.unsqueeze(1)
        frames = batch.x[counted].double()
        count += len(frames)
        total = total + frames.sum(dim=0)
        squares = squares + frames.square().sum(dim=0)
    mean = total / count
    return FeatureStatistics(mean.float(), (squares / count - mean.square()).clamp(min=0).sqrt().float())


def kept_statistics(batches: ClipBatches) -> FeatureStatistics:
    """Return the same, if possible from beside the store; else compute and, if possible, store them there.

    Stored statistics are used only if they are of the audio of these clips.
    """
    path, digest = batches.path.with_suffix(".statistics.npz"), _digest(batches)
    there = _read(path, digest, batches.n_features)
    if there is not None:
        return there
    made = feature_statistics(batches)
    buffer = io.BytesIO()
    np.savez(buffer, clips=np.array(digest), mean=made.mean.numpy(), deviation=made.deviation.numpy())
    with suppress(SedpipeError, OSError), write_atomically(path) as temporary:  # a cache may be read-only, or full
        temporary.write_bytes(buffer.getvalue())
    return made


def _digest(batches: ClipBatches) -> str:
    return hashlib.sha256("\n".join(batches.audio_sha256).encode()).hexdigest()


def _read(path: Path, digest: str, n_features: int) -> FeatureStatistics | None:
    """Return stored statistics; None if they are missing, damaged, or of other clips: then they are computed again."""
    try:
        raw = read_bounded(path, _MOST_BYTES)
        if raw is None:
            return None
        with np.load(io.BytesIO(raw), allow_pickle=False) as there:
            clips, mean, deviation = (there[name] for name in ("clips", "mean", "deviation"))
    except Exception:  # unreadable, or damaged: numpy and zipfile raise a dozen kinds of errors for damaged bytes
        return None
    of_these = clips.shape == () and clips.dtype.kind == "U" and clips.item() == digest
    if not of_these or any(part.shape != (n_features,) or part.dtype != np.float32 for part in (mean, deviation)):
        return None
    if not (np.isfinite(mean).all() and np.isfinite(deviation).all() and (deviation >= 0).all()):
        return None
    return FeatureStatistics(torch.from_numpy(mean), torch.from_numpy(deviation))
