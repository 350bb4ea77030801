"""Thresholds for each class that tag clips best: Wang's rule, which uses the same thresholds for frames.

- :func:`clip_thresholds`: the thresholds
- :class:`ClipThresholds`: the rule, before its thresholds are chosen on clips
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sedpipe.detection.postprocess import PostProcessing


@dataclass(frozen=True)
class ClipThresholds:
    """Rule without smoothing, and for each class with the threshold that tags clips best."""

    def on(self, clip_probs: np.ndarray, tags: np.ndarray) -> PostProcessing:
        """Return the settings that the rule chooses on clips; see :func:`clip_thresholds`."""
        return PostProcessing(clip_thresholds(clip_probs, tags))


def clip_thresholds(clip_probs: np.ndarray, tags: np.ndarray) -> tuple[float, ...]:
    """Find the thresholds with the highest possible micro F1 of the tags.

    Micro F1 does not separate by class, but for a trial value of F1 the best thresholds do, and the resulting F1 is the
    next trial value (Dinkelbach, 1967; as in :mod:`sedpipe.detection.class_settings`).

    Parameters
    ----------
    clip_probs : ndarray [shape=(N, K)]
        Clip probabilities, in [0, 1].
    tags : ndarray [shape=(N, K)]
        1 where a class sounds in a clip, else 0.

    Returns
    -------
    tuple of float
        K thresholds, each midway between two probabilities.

    Raises
    ------
    ValueError
        If the shapes differ, or there is no clip.

    Source: Wang, Li & Metze, arXiv:1810.09050 (github.com/MaigoAkisame/cmu-thesis, ``util_f1.py``), who search the
    classes one after the other.

    Examples
    --------
    >>> probs = np.array([[0.9, 0.2], [0.6, 0.1], [0.1, 0.4]])
    >>> [round(threshold, 3) for threshold in clip_thresholds(probs, np.array([[1, 0], [1, 0], [0, 1]]))]
    [0.35, 0.3]
    """
    if clip_probs.shape != tags.shape or clip_probs.ndim != 2 or not len(clip_probs):
        raise ValueError(f"expected probabilities and tags of the same clips, got {clip_probs.shape}, {tags.shape}")
    order = np.argsort(-clip_probs, axis=0, kind="stable")
    ordered = np.take_along_axis(clip_probs.astype(np.float64), order, axis=0)
    row = np.zeros((1, clip_probs.shape[1]), dtype=np.int64)
    # (N + 1, K): row n is the number of correct clips if n clips are above the threshold
    correct = np.concatenate([row, np.take_along_axis(tags > 0, order, axis=0).cumsum(axis=0)])
    above, classes, n_reference = np.arange(len(correct))[:, None], np.arange(len(row[0])), int((tags > 0).sum())
    # clips with equal probabilities cannot be separated by a threshold
    allowed = np.concatenate([ordered[:1] < 1, ordered[1:] < ordered[:-1], row == 0])
    chosen, best = np.where(allowed[0], 0, allowed.argmax(axis=0)), -1.0
    while True:
        following = np.where(allowed, 2 * correct - max(best, 0.0) * above, -np.inf).argmax(axis=0)
        whole = n_reference + int(following.sum())
        f1 = 2 * int(correct[following, classes].sum()) / whole if whole else 0.0
        if f1 <= best:
            return tuple(_middles(ordered)[chosen, classes].tolist())
        chosen, best = following, f1


def _middles(ordered: np.ndarray) -> np.ndarray:
    """Thresholds (N + 1, K) below none, one, ... all of the probabilities, which are in descending order."""
    row = np.zeros((1, ordered.shape[1]))
    with_ends = np.concatenate([row + 1, ordered, row])
    return np.asarray((with_ends[1:] + with_ends[:-1]) / 2)
