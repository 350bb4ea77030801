"""The losses of weak labels and of known frames: pure functions of probabilities and targets.

- :func:`clip_loss`: loss of clip probabilities (Eq. A-3 of the paper)
- :func:`parts_loss`: the same for parts of clips, which have the labels of their clip
- :func:`frame_loss`: loss of frame probabilities where it is known when events sound
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from sedpipe.nn.networks.network import Taught
from sedpipe.nn.sending import sent
from sedpipe.training.located import Located

_SMALLEST_PROBABILITY = 1e-7  # keeps the logarithm of the loss finite


def clip_loss(clip_probs: Tensor, targets: Tensor) -> Tensor:
    """Return the binary cross-entropy of clip probabilities (B, K): mean over clips and classes (Eq. A-3), float32."""
    return _cross_entropy(clip_probs, targets).mean()


def parts_loss(taught: Taught, targets: Tensor) -> Tensor:
    """Return the same for parts of clips, with the clips' labels (B, K): mean over parts that count, and classes."""
    each = _cross_entropy(taught.probs, targets.unsqueeze(1)).mean(dim=2)
    return (each * taught.counts).sum() / taught.counts.sum().clamp(min=1)


def frame_loss(frame_probs: Tensor, located: Located, n_frames: Tensor, time_factor: int) -> Tensor:
    """Return the binary cross-entropy of frame probabilities for the clips whose events are known.

    The loss of a clip is the mean over its frames and classes, that of the batch the mean over all of its clips, as is
    the loss of clips that it is added to. So the weight of frame targets is the share of clips that have them.

    Parameters
    ----------
    frame_probs : Tensor [shape=(B, T', K)]
        Frame probabilities in [0, 1].
    located : Located
        Targets of the T input frames.
    n_frames : Tensor [shape=(B,)]
        Number of input frames that count, without padding.
    time_factor : int
        Number of input frames per output frame.

    Returns
    -------
    Tensor [shape=()]
        Loss; 0 if events are known for no clip.
    """
    lacking = frame_probs.shape[1] * time_factor - located.frames.shape[1]
    frames = functional.pad(located.frames, (0, 0, 0, max(lacking, 0)))[:, : frame_probs.shape[1] * time_factor]
    n_clips, n_output, n_classes = frame_probs.shape
    targets = frames.reshape(n_clips, n_output, time_factor, n_classes).mean(dim=2)
    first = torch.arange(frame_probs.shape[1], device=frame_probs.device) * time_factor
    valid = (first < sent(n_frames, first.device).unsqueeze(1)).float()
    each = _cross_entropy(frame_probs, targets).mean(dim=2)
    of_clips = (each * valid).sum(dim=1) / valid.sum(dim=1).clamp(min=1)
    loss: Tensor = (of_clips * located.known).mean()
    return loss


def _cross_entropy(probs: Tensor, targets: Tensor) -> Tensor:
    bounded = probs.float().clamp(_SMALLEST_PROBABILITY, 1 - _SMALLEST_PROBABILITY)
    # written out, since torch's own function raises an error instead of returning nan if a probability is nan
    return -(targets * bounded.log() + (1 - targets) * (-bounded).log1p())
