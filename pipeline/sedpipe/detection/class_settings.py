"""A setting for each class, chosen so that the micro scores of all together are best.

**Micro scores do not separate by class**, but each can be searched exactly for one class while the others stand:

- F1 = 2C / (R + E) is a ratio of sums over classes. For a trial value of F1 the best candidate of each class is the
  one with the most 2C - F1 * E, independently of the others; what comes out is the next trial value, and where it
  stays, it is the highest F1 there is (Dinkelbach, "On nonlinear fractional programming", 1967).
- The error rate counts max(reference, estimated) - correct classes in each segment. With the other classes fixed, to
  light class k in a segment costs 1 if the others already are as many as the reference, and gains 1 if k is right: a
  sum over segments. Class after class takes its best candidate until none can gain (coordinate ascent), from the
  best common setting and from the F1 solution. No single class can then do better; several at once might.

- :func:`best_of_classes`: of candidates, one for each class
"""

from __future__ import annotations

import numpy as np

from sedpipe.detection.postprocess import PostProcessing
from sedpipe.detection.segment_tallies import SegmentTallies
from sedpipe.detection.words import packed, unpacked


def best_of_classes(
    name: str, split: SegmentTallies, mask: np.ndarray, tried: list[PostProcessing], common: PostProcessing
) -> PostProcessing:
    """For each class the best of ``tried``: by Dinkelbach's way for ``max_f1``, by coordinate ascent for ``min_er``.

    Parameters
    ----------
    name : str
        Of the operating point.
    split : SegmentTallies
    mask : ndarray of bool [shape=(N,)]
        Clips that count.
    tried : list of PostProcessing
        Candidates, the same for all classes.
    common : PostProcessing
        One of them: where the search begins, and what all but threshold and median filter are taken from.
    """
    rolls = split.rolls(tried)  # (C, S, K, W)
    words = packed(mask)
    correct, estimated = (
        np.stack([np.bitwise_count(roll & counted).sum(axis=(0, 2), dtype=np.int64) for roll in rolls])
        for counted in (split.packed & words, words)
    )
    start = np.full(rolls.shape[2], tried.index(common))
    highest = _highest_f1(correct, estimated, int(split.reference[mask].sum()), start)
    if name == "max_f1":
        chosen = highest
    else:
        ends = [_lowest_er(split, mask, rolls, correct, choice) for choice in (start, highest)]
        chosen = min(ends, key=lambda end: end[0])[1]
    of_class = [tried[c] for c in chosen.tolist()]
    return common.changed(
        threshold=tuple(settings.threshold for settings in of_class),
        median_s=tuple(settings.median_s for settings in of_class),
    )


def _highest_f1(correct: np.ndarray, estimated: np.ndarray, n_reference: int, start: np.ndarray) -> np.ndarray:
    """Indices (K,) into candidates (C, K); candidates change only where F1 grows."""
    classes = np.arange(len(start))

    def f1(choice: np.ndarray) -> float:
        whole = n_reference + int(estimated[choice, classes].sum())
        return 2 * int(correct[choice, classes].sum()) / max(whole, 1)

    choice, best = start, f1(start)
    while True:
        following = np.argmax(2 * correct - best * estimated, axis=0)
        if f1(following) <= best:
            return choice
        choice, best = following, f1(following)


def _lowest_er(
    split: SegmentTallies, mask: np.ndarray, rolls: np.ndarray, correct: np.ndarray, choice: np.ndarray
) -> tuple[int, np.ndarray]:
    """Errors and indices (K,) where no class can do better alone."""
    choice = choice.copy()
    n_reference = split.reference.sum(axis=2).T  # (S, N)
    lit = np.stack([unpacked(rolls[c, :, k], split.n_clips) for k, c in enumerate(choice)])  # (K, S, N)
    n_estimated = lit.sum(axis=0)
    changed = True
    while changed:
        changed = False
        for k in range(len(choice)):
            others = n_estimated - lit[k]
            costly = packed((others >= n_reference) & mask)
            costs = np.bitwise_count(rolls[:, :, k] & costly).sum(axis=(1, 2), dtype=np.int64) - correct[:, k]
            best = int(np.argmin(costs))
            if costs[best] < costs[choice[k]]:
                choice[k], changed = best, True
                lit[k] = unpacked(rolls[best, :, k], split.n_clips)
                n_estimated = others + lit[k]
    right = int(correct[choice, np.arange(len(choice))].sum())
    return int(np.maximum(n_estimated, n_reference)[:, mask].sum()) - right, choice
