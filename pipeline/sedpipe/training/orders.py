"""In which order the clips of an epoch are seen; decided by a generator alone.

- :func:`shuffled_order`: every clip once
- :func:`balanced_order`: every class as often
"""

from __future__ import annotations

from collections import deque

import numpy as np

ORDERS = ("shuffled", "balanced")


def shuffled_order(targets: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Every clip once. Shape (N,) of indices, for ``targets`` of shape (N, K)."""
    return generator.permutation(len(targets))


def balanced_order(targets: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """As many clips as there are, taken from the classes in turn, so that rare ones are seen as often.

    In each round the classes come in a new order, and each gives its next clip; a class whose clips are used up
    begins anew, in another order. Clips without a label are a class of their own.

    Parameters
    ----------
    targets : np.ndarray [shape=(N, K)]
        Weak labels; a clip belongs to every class above 0.
    generator : numpy.random.Generator

    Returns
    -------
    np.ndarray [shape=(N,)]
        Indices; some come several times, others not at all.

    Source: the sampler of Dinkel, Wu & Yu, "Towards duration robust weakly supervised sound event detection",
    arXiv:2101.07687, and of Wang, Li & Metze, arXiv:1810.09050, in spirit.
    """
    unlabelled = ~(targets > 0).any(axis=1)
    members = [np.flatnonzero(row) for row in (*(targets > 0).T, unlabelled) if row.any()]
    queues: list[deque[int]] = [deque() for _ in members]
    order: list[int] = []
    while len(order) < len(targets):
        for which in generator.permutation(len(members)):
            if not queues[which]:
                queues[which].extend(generator.permutation(members[which]).tolist())
            order.append(queues[which].popleft())
    return np.array(order[: len(targets)])
