"""What is known of a batch beyond which classes sound in a clip: when they do, of some of its clips.

It goes through augmentation with the features, and then counts in the loss frame by frame.

- :class:`Located`: frames, and of which clips they are known
- :func:`frames_of_events`: events of a clip -> its frames
- :func:`frame_loss`: what is told beside the loss of clips
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from sedpipe.events import Event, merged
from sedpipe.frames import FrameGrid
from sedpipe.labels import LabelSet

_SMALLEST_PROBABILITY = 1e-7  # keeps the logarithm of the loss finite


class Located(NamedTuple):
    """When classes sound, of those clips of a batch where it is known.

    Parameters
    ----------
    frames : Tensor [shape=(B, T, K)]
        How much of each input frame a class sounds for, in [0, 1]; of other clips anything.
    known : Tensor [shape=(B,)]
        Whether it is known of a clip, bool.
    """

    frames: Tensor
    known: Tensor

    def rearranged(self, source: Tensor) -> Located:
        """Frame ``source`` (B, T) of each clip at each place."""
        return Located(self.frames.gather(1, source[:, :, None].expand_as(self.frames)), self.known)

    def superposed(self, others: Tensor, chosen: Tensor) -> Located:
        """Of the ``chosen`` clips (B,), what sounds in them or in their partners; known where it is of both."""
        together = torch.maximum(self.frames, self.frames[others])
        both = self.known & self.known[others]
        return Located(torch.where(chosen[:, None, None], together, self.frames), torch.where(chosen, both, self.known))

    def mixed(self, others: Tensor, shares: Tensor) -> Located:
        """Each clip with a share (B,), its partner with the rest; known where it is of both."""
        frames = torch.lerp(self.frames[others], self.frames, shares[:, None, None])
        return Located(frames, self.known & self.known[others])


def frames_of_events(events: Iterable[Event], labels: LabelSet, grid: FrameGrid, n_frames: int) -> np.ndarray:
    """How much of each frame a class sounds for.

    Parameters
    ----------
    events : iterable of Event
        Of one clip, in seconds; of a class they may overlap.
    labels : LabelSet
        K classes.
    grid : FrameGrid
        Where the frames lie.
    n_frames : int
        T.

    Returns
    -------
    ndarray [shape=(T, K)]
        In [0, 1], float32.

    Examples
    --------
    >>> events = [Event(0.5, 2.25, "Dog"), Event(2.0, 2.5, "Dog")]
    >>> frames_of_events(events, LabelSet(("Dog",)), FrameGrid(1, 1), 4)[:, 0].tolist()
    [0.5, 1.0, 0.5, 0.0]
    """
    edges, filled = grid.edges(n_frames), np.zeros((n_frames, len(labels)), np.float32)
    for event in merged(events):  # joined, so that no moment counts twice
        heard = np.minimum(edges[1:], event.offset) - np.maximum(edges[:-1], event.onset)
        filled[:, labels.index(event.label)] += np.maximum(heard, 0) / grid.frame_duration
    return np.minimum(filled, 1)


def frame_loss(frame_probs: Tensor, located: Located, n_frames: Tensor, time_factor: int) -> Tensor:
    """Binary cross-entropy of frame probabilities, of the clips whose events are known.

    A clip counts by the mean over its frames and classes, the batch by the mean over all its clips: beside the loss of
    clips, which is such a mean too, a frame-by-frame teacher of a few clips is heard as much as they are of the batch.

    Parameters
    ----------
    frame_probs : Tensor [shape=(B, T', K)]
        In [0, 1].
    located : Located
        On the T input frames.
    n_frames : Tensor [shape=(B,)]
        Input frames that count.
    time_factor : int
        Input frames of an output frame.

    Returns
    -------
    Tensor [shape=()]
        0 where no clip is located.
    """
    lacking = frame_probs.shape[1] * time_factor - located.frames.shape[1]
    frames = functional.pad(located.frames, (0, 0, 0, max(lacking, 0)))[:, : frame_probs.shape[1] * time_factor]
    n_clips, n_output, n_classes = frame_probs.shape
    targets = frames.reshape(n_clips, n_output, time_factor, n_classes).mean(dim=2)
    first = torch.arange(frame_probs.shape[1], device=frame_probs.device) * time_factor
    valid = (first < n_frames.to(first.device).unsqueeze(1)).float()
    bounded = frame_probs.float().clamp(_SMALLEST_PROBABILITY, 1 - _SMALLEST_PROBABILITY)
    each = -(targets * bounded.log() + (1 - targets) * (-bounded).log1p()).mean(dim=2)
    of_clips = (each * valid).sum(dim=1) / valid.sum(dim=1).clamp(min=1)
    loss: Tensor = (of_clips * located.known).mean()
    return loss
