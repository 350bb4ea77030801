"""Label smoothing: weak labels between 0 and 1, so that a network is trained to be less certain.

- :data:`SMOOTHINGS`: names of the kinds of smoothing
- :func:`smoothed`: apply one of them
"""

from __future__ import annotations

from torch import Tensor

SMOOTHINGS = ("binary", "classes")


def smoothed(y: Tensor, share: float, kind: str) -> Tensor:
    """Return labels with a share of each taken away and redistributed.

    Source: Szegedy et al., arXiv:1512.00567; ``classes`` as CDur does it (Dinkel, Wu and Yu, arXiv:2101.07687).

    Parameters
    ----------
    y : Tensor [shape=(B, K)]
        Labels in [0, 1].
    share : float in [0, 1)
        The share, s.
    kind : str
        ``binary``: ``(1 - s) y + s / 2``, each class by itself; ``classes``: ``(1 - s) y + s (1 - y) / (K - 1)``: what
        is taken from a class goes to the others.

    Examples
    --------
    >>> import torch
    >>> y = torch.tensor([[1.0, 0.0, 0.0]])
    >>> smoothed(y, 0.5, "binary").tolist()[0], smoothed(y, 0.5, "classes").tolist()[0]
    ([0.75, 0.25, 0.25], [0.5, 0.25, 0.25])
    """
    if not share:
        return y
    if kind == "binary":
        return (1 - share) * y + share / 2
    return (1 - share) * y + share * (1 - y) / max(y.shape[1] - 1, 1)
