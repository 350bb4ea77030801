"""The probabilities that a trained network gives.

- :func:`predict`: frame and clip probabilities of all clips of some batches
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch

from sedpipe.errors import SedpipeError
from sedpipe.nn.networks.network import Network
from sedpipe.nn.precision import exactly
from sedpipe.nn.sending import sent
from sedpipe.training.batch import Batch


def predict(model: Network, batches: Iterable[Batch]) -> tuple[np.ndarray, np.ndarray]:
    """Return ``frame_probs`` (N, T', K) and ``clip_probs`` (N, K) of all clips of ``batches``, float32.

    Nothing sounds in digital silence (:meth:`Network.digital_silence`): frame probabilities are 0 there.

    Raises
    ------
    SedpipeError
        If a probability is NaN or infinite, which can happen even if all weights are finite.
    """
    model.eval()
    frame_probs, clip_probs = [], []
    with torch.inference_mode(), exactly():
        for batch in batches:
            x, n_frames = sent(batch.x, model.mean.device), batch.n_frames
            prediction = model(x, n_frames)
            if not (prediction.frame_probs.isfinite().all() and prediction.clip_probs.isfinite().all()):
                raise SedpipeError(
                    "the network's probabilities are NaN or infinite", hint="its weights are damaged: train it again"
                )
            nothing = model.digital_silence(x).unsqueeze(-1)
            frame_probs.append(prediction.frame_probs.masked_fill(nothing, 0).cpu().numpy())
            clip_probs.append(prediction.clip_probs.cpu().numpy())
    return np.concatenate(frame_probs), np.concatenate(clip_probs)
