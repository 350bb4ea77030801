"""What hierarchical pooling does to a clip probability and to its gradient, by the length of the event.

``python docs/pooling_numbers.py`` prints the tables of docs/pooling.md; ``--draw docs/pooling.svg`` draws the first.

A clip of 125 frames of 80 ms holds one event whose frames have the probability 0.5; all others have 0.05. Values are
means over every place that the event can have. The attention is what a network learns for such a clip: a softmax over
classes that follows the probabilities.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from sedpipe.nn.hierarchical_pooling import HierarchicalPooling
from torch import Tensor

N_FRAMES, FRAME_S = 125, 0.08
INSIDE, OUTSIDE = 0.5, 0.05
FUNCTIONS = ("linear", "exponential", "attention")
SECONDS = (0.3, 0.6, 1.1, 2.0, 4.0, 8.0)
HIERARCHY = (5, 5)


@dataclass(frozen=True)
class Effect:
    """Of one function and one length: single pooling, and through the hierarchy.

    Parameters
    ----------
    clip_prob : float
        The clip probability.
    inside, outside : float
        Gradient of the loss (the clip holds the class) with respect to the logit of a frame inside and outside of the
        event, all frames of a kind together; negative: the frame is pushed up.
    """

    clip_prob: float
    inside: float
    outside: float


def clips(seconds: float) -> tuple[Tensor, Tensor]:
    """Logits (B, 125, 1) of every place of the event, and which frames (B, 125) it covers."""
    length = round(seconds / FRAME_S)
    starts = torch.arange(N_FRAMES - length + 1).unsqueeze(1)
    frames = torch.arange(N_FRAMES)
    covered = (frames >= starts) & (frames < starts + length)
    return torch.where(covered, INSIDE, OUTSIDE).double().unsqueeze(-1).logit(), covered


def effect(function: str, hierarchy: Sequence[int], seconds: float) -> Effect:
    """Clip probability and gradients, means over the places of the event."""
    logits, covered = clips(seconds)
    logits.requires_grad_()
    probs, attention = logits.sigmoid(), None
    if function == "attention":  # a second class takes what the first one leaves, so that the softmax is p itself
        attention = torch.cat([logits.detach(), torch.zeros_like(logits)], dim=-1)
        probs = torch.cat([probs, 1 - probs], dim=-1)
    clip_probs = HierarchicalPooling(function, hierarchy)(probs, attention=attention)[:, 0]
    (gradient,) = torch.autograd.grad(-clip_probs.log().sum(), logits)
    inside, outside = (gradient[..., 0].where(kind, 0).sum(1).mean().item() for kind in (covered, ~covered))
    return Effect(clip_probs.mean().item(), inside, outside)


def table() -> dict[str, dict[float, tuple[Effect, Effect]]]:
    """By function and seconds: single pooling and 5,5."""
    return {
        function: {
            seconds: (effect(function, (), seconds), effect(function, HIERARCHY, seconds)) for seconds in SECONDS
        }
        for function in FUNCTIONS
    }


def rows() -> list[str]:
    """The Markdown rows of both tables, as docs/pooling.md has them."""
    found = table()
    probs = [
        f"| {function} | "
        + " | ".join(f"{one.clip_prob:.3f} → {two.clip_prob:.3f}" for one, two in row.values())
        + " |"
        for function, row in found.items()
    ]
    gradients = [
        f"| {function}, {where} | "
        + " | ".join(f"{getattr(one, where):+.2f} → {getattr(two, where):+.2f}" for one, two in row.values())
        + " |"
        for function, row in found.items()
        for where in ("inside", "outside")
    ]
    return [*probs, *gradients]


def draw(path: str) -> None:
    """The clip probabilities as curves over the length of the event."""
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams.update({"svg.hashsalt": "sedpipe", "svg.fonttype": "none"})  # the same small file each time
    import matplotlib.pyplot as plt

    lengths = [FRAME_S * n for n in range(2, 122, 3)]
    figure, axes = plt.subplots(1, 2, figsize=(8, 3), sharey=True)
    for axis, function in zip(axes, ("linear", "exponential"), strict=True):
        for hierarchy, style in (((), "--"), (HIERARCHY, "-")):
            values = [effect(function, hierarchy, seconds).clip_prob for seconds in lengths]
            axis.plot(lengths, values, style, color="#1b6ca8", label="5,5" if hierarchy else "single")
        axis.set(title=function, xlabel="length of the event (s)", xscale="log")
        axis.set_xticks([0.2, 0.5, 1, 2, 5, 10], ["0.2", "0.5", "1", "2", "5", "10"])
        axis.grid(alpha=0.3)
    axes[0].set(ylabel="clip probability", ylim=(0, 0.55))
    axes[0].legend(frameon=False)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draw", metavar="FILE", help="Write the figure here.")
    chosen = parser.parse_args()
    print("\n".join(rows()))
    if chosen.draw:
        draw(chosen.draw)
