"""The errors of a system: clip by clip, and which classes it confuses.

Errors are counted in segments, as in the scores; a roll is a boolean array (N, S, K): N clips, S segments, K classes.

- :func:`errors_of_clips`: substitutions, deletions and insertions of each clip
- :func:`choose_clips`: the worst clips, the best ones, and some at random
- :func:`confusions`: the classes that were estimated where a class was missed
- :func:`taken_pairs`: the same for one clip, without counts
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sedpipe.metrics.segment_scores import count_segments


@dataclass(frozen=True, slots=True)
class ClipErrors:
    """Numbers of wrong segments of one clip, summed over classes; see ``SegmentCounts``."""

    substitutions: int
    deletions: int
    insertions: int
    n_reference: int

    @property
    def total(self) -> int:
        """The number of all errors."""
        return self.substitutions + self.deletions + self.insertions


@dataclass(frozen=True, eq=False)
class Confusions:
    """Numbers of reference segments that were detected, confused or missed, and of false alarms.

    Parameters
    ----------
    found : ndarray [shape=(K,)]
        Reference segments of each class in which it was also estimated.
    taken_for : ndarray [shape=(K, K)]
        Segments in which the class of the row was missed and that of the column was falsely estimated. If several
        classes were falsely estimated in a segment, each counts an equal share of it, so that a row, together with
        ``found`` and ``unnoticed``, sums to the number of reference segments.
    unnoticed : ndarray [shape=(K,)]
        Segments in which the class was missed and nothing was falsely estimated.
    unprompted : ndarray [shape=(K,)]
        Segments in which the class was falsely estimated and nothing was missed.
    """

    found: np.ndarray
    taken_for: np.ndarray
    unnoticed: np.ndarray
    unprompted: np.ndarray


def errors_of_clips(reference: np.ndarray, estimated: np.ndarray) -> list[ClipErrors]:
    """Count the errors of each of N clips in their rolls (N, S, K)."""
    counts = count_segments(reference, estimated)
    columns = (counts.substitutions, counts.deletions, counts.insertions, counts.n_reference.sum(axis=1))
    return [ClipErrors(*numbers) for numbers in zip(*(column.tolist() for column in columns), strict=True)]


def choose_clips(errors: list[ClipErrors], n: int, seed: int) -> dict[str, list[int]]:
    """Choose up to ``n`` clips, a third of each kind, none of them twice.

    Parameters
    ----------
    errors : list of ClipErrors
        Errors of each clip.
    n : int
        Number of clips in total.
    seed : int
        Random seed for those chosen at random.

    Returns
    -------
    dict of str to list of int
        Indices of clips. ``worst``: most errors first, without perfect clips. ``best``: fewest errors first; among
        equally good clips, those with more reference segments first, since a correct silent clip proves little.
        ``random``: in the order of the clips.
    """
    order = sorted(range(len(errors)), key=lambda i: (-errors[i].total, errors[i].n_reference, i))
    worst = [i for i in order[: (n + 2) // 3] if errors[i].total]
    rest = sorted(set(order) - set(worst), key=lambda i: (errors[i].total, -errors[i].n_reference, i))
    best = rest[: (n + 1) // 3]
    others = sorted(set(rest) - set(best))
    drawn = np.random.default_rng(seed).permutation(len(others))[: n - len(worst) - len(best)].tolist()
    return {"worst": worst, "best": best, "random": sorted(others[i] for i in drawn)}


def confusions(reference: np.ndarray, estimated: np.ndarray) -> Confusions:
    """Count detections, confusions, misses and false alarms in rolls (N, S, K)."""
    reference, estimated = (roll.reshape(-1, roll.shape[-1]) for roll in (reference, estimated))
    missed, false = reference & ~estimated, estimated & ~reference
    n_false = false.sum(axis=1)
    taken_for = np.zeros((reference.shape[1],) * 2)
    both = missed.any(axis=1) & (n_false > 0)
    for n in np.unique(n_false[both]).tolist():
        some = both & (n_false == n)
        taken_for += (missed[some].T.astype(int) @ false[some]) / n
    return Confusions(
        found=(reference & estimated).sum(axis=0),
        taken_for=taken_for,
        unnoticed=(missed & (n_false == 0)[:, None]).sum(axis=0),
        unprompted=(false & ~missed.any(axis=1, keepdims=True)).sum(axis=0),
    )


def taken_pairs(reference: np.ndarray, estimated: np.ndarray) -> list[tuple[int, int]]:
    """Return pairs (missed class, falsely estimated class) that occur in the same segment of a clip's rolls (S, K).

    A class that was missed in a segment in which nothing was falsely estimated is paired with -1.
    """
    missed, false = reference & ~estimated, estimated & ~reference
    together = missed.T.astype(int) @ false
    unnoticed = (missed & ~false.any(axis=1, keepdims=True)).any(axis=0)
    alone = [(k, -1) for k in np.flatnonzero(unnoticed).tolist()]
    return sorted([*alone, *zip(*(axis.tolist() for axis in np.nonzero(together)), strict=True)])
