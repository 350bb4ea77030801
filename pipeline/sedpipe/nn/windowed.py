"""A clip processed in several windows: where they lie, and how their probabilities are combined.

Time is counted in steps; each step is an output frame.

- :class:`Windows`: windows of one length over a clip
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Windows:
    """Windows of one length; the last one ends with the clip.

    Parameters
    ----------
    n_steps : int
        Number of steps of the clip.
    covered : int
        Number of steps of a window; the whole clip, if that has fewer.
    hop : int
        Number of steps from one window to the next.

    Examples
    --------
    >>> Windows(10, 4, 2).starts, Windows(9, 4, 3).starts, Windows(3, 4, 2).starts
    ([0, 2, 4, 6], [0, 3, 5], [0])
    """

    n_steps: int
    covered: int
    hop: int

    @property
    def starts(self) -> list[int]:
        """First step of each window."""
        last = max(self.n_steps - self.covered, 0)
        regular = list(range(0, last + 1, max(self.hop, 1)))
        return regular if regular[-1] == last else [*regular, last]

    def cut(self, x: Tensor, step: int, length: int) -> Tensor:
        """(B, n_steps * step, ...) -> (B, windows, length, ...): input of each window, zeros beyond the clip's end."""
        lacking = self.starts[-1] * step + length - x.shape[1]
        if lacking > 0:
            x = torch.cat([x, x.new_zeros(x.shape[0], lacking, *x.shape[2:])], dim=1)
        return torch.stack([x[:, start * step : start * step + length] for start in self.starts], dim=1)

    def heard(self, n_steps: Tensor) -> Tensor:
        """Return which windows (B, windows) begin within the first ``n_steps`` (B,) of their clip."""
        return torch.tensor(self.starts, device=n_steps.device) < n_steps.unsqueeze(1)

    def spread(self, probs: Tensor, heard: Tensor) -> Tensor:
        """(B, windows, K) -> (B, n_steps, K): the mean over the windows at a step that count; 0 where none does."""
        steps = torch.arange(self.n_steps, device=probs.device)
        starts = torch.tensor(self.starts, device=probs.device).unsqueeze(1)
        covers = ((steps >= starts) & (steps < starts + self.covered)).to(probs.dtype)
        counts = heard.to(probs.dtype)
        sums = torch.einsum("bw,ws,bwk->bsk", counts, covers, probs)
        return sums / (counts @ covers).clamp(min=1).unsqueeze(-1)

    def mean(self, values: Tensor, heard: Tensor) -> Tensor:
        """(B, windows, V) -> (B, V): the mean over the windows that count."""
        counts = heard.to(values.dtype).unsqueeze(-1)
        return (values * counts).sum(dim=1) / counts.sum(dim=1).clamp(min=1)
