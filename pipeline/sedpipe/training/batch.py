"""The clips of one step: features, weak labels and what else is known about them.

- :class:`Batch`: features and labels for one step, of training, validation or prediction
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from sedpipe.nn.sending import sent
from sedpipe.training.located import Located


class Batch(NamedTuple):
    """Features ``x`` (B, T, F), weak labels ``y`` (B, K), numbers of frames that count ``n_frames`` (B,), clip names.

    ``whole`` is the size of the whole batch, if these clips are only one process's part of it; by default they are
    all of it. ``located`` is what is known about when classes sound, if the training uses it.
    """

    x: Tensor
    y: Tensor
    n_frames: Tensor
    clip_ids: list[str]
    whole: int | None = None
    located: Located | None = None

    def on_device(self, device: torch.device) -> Batch:
        """Return the batch with features and labels on ``device``; frame counts stay in CPU memory, to be read."""
        located = None if self.located is None else Located(*(sent(part, device) for part in self.located))
        return self._replace(x=sent(self.x, device), y=sent(self.y, device), located=located)
