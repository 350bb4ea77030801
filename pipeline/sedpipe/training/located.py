"""Frame targets: when classes sound in some clips of a batch, beyond the weak labels.

They go through augmentation together with the features, and then enter the loss frame by frame
(:func:`sedpipe.training.loss.frame_loss`).

- :class:`Located`: frame targets, and the clips for which they are known
- :func:`frames_of_events`: events of a clip -> its frame targets
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from sedpipe.events import Event, merged
from sedpipe.frames import FrameGrid
from sedpipe.labels import LabelSet


class Located(NamedTuple):
    """When classes sound, for those clips of a batch where this is known.

    Parameters
    ----------
    frames : Tensor [shape=(B, T, K)]
        Fraction of each input frame during which a class sounds, in [0, 1]; arbitrary for clips where it is not known.
    known : Tensor [shape=(B,)]
        Whether it is known for each clip, bool.
    """

    frames: Tensor
    known: Tensor

    def rearranged(self, source: Tensor) -> Located:
        """Return the frames in another order: frame ``source`` (B, T) of each clip at each place."""
        return Located(self.frames.gather(1, source[:, :, None].expand_as(self.frames)), self.known)

    def superposed(self, others: Tensor, chosen: Tensor) -> Located:
        """Add to the ``chosen`` clips (B,) what sounds in their partners; known where it is known for both."""
        together = torch.maximum(self.frames, self.frames[others])
        both = self.known & self.known[others]
        return Located(torch.where(chosen[:, None, None], together, self.frames), torch.where(chosen, both, self.known))

    def mixed(self, others: Tensor, shares: Tensor) -> Located:
        """Mix each clip, with a share (B,), with its partner, which has the rest; known where it is known for both."""
        frames = torch.lerp(self.frames[others], self.frames, shares[:, None, None])
        return Located(frames, self.known & self.known[others])


def frames_of_events(events: Iterable[Event], labels: LabelSet, grid: FrameGrid, n_frames: int) -> np.ndarray:
    """Return the fraction of each frame during which a class sounds.

    Parameters
    ----------
    events : iterable of Event
        Events of one clip, in seconds; those of a class may overlap.
    labels : LabelSet
        K classes.
    grid : FrameGrid
        Positions of the frames in time.
    n_frames : int
        Number of frames, T.

    Returns
    -------
    ndarray [shape=(T, K)]
        Fractions in [0, 1], float32.

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
