"""Order of the clips in an epoch; it depends on the labels and a random generator only.

- :func:`shuffled_order`: every clip once
- :func:`balanced_order`: all classes equally often
- :func:`ratio_order`: common classes a few times as often as rare ones
- :data:`ORDERS`: all orders by name
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import numpy as np

_CLIPS_A_TURN, _MOST_TURNS = 1000, 5


def shuffled_order(targets: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Return indices (N,) that contain every clip once, for ``targets`` of shape (N, K)."""
    return generator.permutation(len(targets))


def balanced_order(targets: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Return as many clips as there are, taken from the classes in turn, so that rare classes occur as often as others.

    In each round the classes come in a new order, and each contributes its next clip; a class whose clips are used up
    starts again, in another order. Clips without a label form a class of their own.

    Parameters
    ----------
    targets : np.ndarray [shape=(N, K)]
        Weak labels; a clip belongs to every class above 0.
    generator : numpy.random.Generator

    Returns
    -------
    np.ndarray [shape=(N,)]
        Indices; some occur several times, others not at all.

    Source: the sampler of Dinkel, Wu & Yu, "Towards duration robust weakly supervised sound event detection",
    arXiv:2101.07687, and of Wang, Li & Metze, arXiv:1810.09050, in spirit.
    """
    members = _members(targets)
    return _in_turns(members, np.arange(len(members)), len(targets), generator)


def ratio_order(targets: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Return an order as :func:`balanced_order` does, but with more turns per round for common classes.

    A class of 1,000 clips has two turns in a round, one of 2,000 clips three, and so on, five at most.

    Source: the sampler of Xu, Kong, Wang & Plumbley, ICASSP 2018 (github.com/yongxuUSTC/dcase2017_task4_cvssp,
    ``data_generator.py``), and of Iqbal et al., arXiv:1806.04699.

    Parameters
    ----------
    targets : np.ndarray [shape=(N, K)]
        Weak labels.
    generator : numpy.random.Generator

    Returns
    -------
    np.ndarray [shape=(N,)]
        Indices.
    """
    members = _members(targets)
    turns = [min(len(clips) // _CLIPS_A_TURN + 1, _MOST_TURNS) for clips in members]
    return _in_turns(members, np.repeat(np.arange(len(members)), turns), len(targets), generator)


def _members(targets: np.ndarray) -> list[np.ndarray]:
    """Return the clips of each class that has any; those without a label form a class of their own."""
    unlabelled = ~(targets > 0).any(axis=1)
    return [np.flatnonzero(row) for row in (*(targets > 0).T, unlabelled) if row.any()]


def _in_turns(members: list[np.ndarray], turns: np.ndarray, n_clips: int, generator: np.random.Generator) -> np.ndarray:
    """Return clips of the classes in turn; in each round, ``turns`` come in a new order."""
    queues: list[deque[int]] = [deque() for _ in members]
    order: list[int] = []
    while len(order) < n_clips:
        for which in turns[generator.permutation(len(turns))]:
            if not queues[which]:
                queues[which].extend(generator.permutation(members[which]).tolist())
            order.append(queues[which].popleft())
    return np.array(order[:n_clips])


ORDERS: dict[str, Callable[[np.ndarray, np.random.Generator], np.ndarray]] = {
    "shuffled": shuffled_order,
    "balanced": balanced_order,
    "ratio": ratio_order,
}
"""All orders by name."""
