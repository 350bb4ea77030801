"""Settings for each class that give the best micro scores of all classes together.

**Micro scores do not separate by class**, but there is an exact search for F1, and for the error rate one that is exact
for one class while the others are fixed:

- F1 = 2C / (R + E) is a ratio of sums over classes. For a trial value of F1, the best candidate of each class is the
  one with the largest 2C - F1 * E, independently of the other classes; the resulting F1 is the next trial value. When
  it no longer grows, it is the highest possible F1 (Dinkelbach, "On nonlinear fractional programming", 1967).
- The error rate counts max(reference, estimated) - correct classes in each segment. With the other classes fixed,
  activating class k in a segment costs 1 if at least as many others are active as in the reference, and gains 1 if k
  is correct: a sum over segments. One class after the other takes its best candidate until none can gain (coordinate
  ascent), starting from the best common setting and from the F1 solution. Then no change of a single class improves the
  result; a simultaneous change of several might.

- :func:`best_of_classes`: chooses one of the candidates for each class
"""

from __future__ import annotations

import numpy as np

from sedpipe.detection.postprocess import PostProcessing
from sedpipe.detection.segment_tallies import SegmentTallies
from sedpipe.detection.words import packed, unpacked


def best_of_classes(
    name: str, split: SegmentTallies, mask: np.ndarray, tried: list[PostProcessing], common: PostProcessing
) -> PostProcessing:
    """Choose the best of ``tried`` for each class: by Dinkelbach for ``max_f1``, by coordinate ascent for ``min_er``.

    Parameters
    ----------
    name : str
        Name of the operating point.
    split : SegmentTallies
        Segment counts of the split.
    mask : ndarray of bool [shape=(N,)]
        Clips that count.
    tried : list of PostProcessing
        Candidates, the same for all classes.
    common : PostProcessing
        One of the candidates: start of the search, and source of all settings but threshold and median filter.
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
    """Return indices (K,) into candidates (C, K) with the highest F1; they change only if F1 grows."""
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
    """Return the number of errors and indices (K,) such that no change of a single class lowers the errors."""
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
