"""How far scores would move if other clips had been drawn: bootstrap over clips, validate -> counts -> scores.

Clips are drawn with replacement, as many as there are, and the same draws are made every time. A draw is a vector of
how often each clip is in it, so that the counts of all draws are one product of integer matrices.

- :func:`intervals`: 95 % intervals of one system's scores
- :func:`paired_differences`: of the difference of two systems on the same draws

Source: Efron & Tibshirani, "An introduction to the bootstrap", 1993 (percentile intervals).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sedpipe.metrics.detection_scores import DetectionCounts

DRAWS = 2000
SCORES = ("error_rate", "f1", "macro_f1")
_SEED = 0
_MOST_CELLS = 2**22  # of draws times clips at once: 32 MB; 2,000 draws of 50,000 clips would be 800
_PERCENTILES = (2.5, 97.5)

Interval = tuple[float, float]


@dataclass(frozen=True)
class Difference:
    """One system's score less another's.

    Parameters
    ----------
    difference : float
        On all clips.
    interval : tuple of float
        95 % of the draws lie in it; where it does not hold 0, the two are told apart.
    better : float in [0, 1]
        In which share of the draws the first is better (a lower error rate, a higher F1).
    """

    difference: float
    interval: Interval
    better: float


def intervals(counts: DetectionCounts, draws: int = DRAWS) -> dict[str, Interval | None]:
    """95 % interval of each of :data:`SCORES`; ``None`` where no draw has a reference."""
    drawn = _drawn(counts, draws)
    return {name: _interval(values) for name, values in drawn.items()}


def paired_differences(
    counts: DetectionCounts, others: DetectionCounts, draws: int = DRAWS
) -> dict[str, Difference | None]:
    """The first system's scores less the second's, on the same draws of the same clips.

    Raises
    ------
    ValueError
        If they are not of equally many clips.
    """
    n_clips = len(counts.errors)
    if len(others.errors) != n_clips:
        raise ValueError(f"both must have the same clips, got {n_clips} and {len(others.errors)}")
    everything = np.ones((1, n_clips))
    at_all, at_all_others = _scores(counts, everything), _scores(others, everything)
    drawn, drawn_others = _drawn(counts, draws), _drawn(others, draws)
    found: dict[str, Difference | None] = {}
    for name in SCORES:
        differences = drawn[name] - drawn_others[name]
        interval = _interval(differences)
        gains = -differences if name == "error_rate" else differences
        found[name] = interval and Difference(
            float(at_all[name][0] - at_all_others[name][0]),
            interval,
            float((gains[np.isfinite(gains)] > 0).mean()),
        )
    return found


def _drawn(counts: DetectionCounts, draws: int) -> dict[str, np.ndarray]:
    """Scores (draws,) of every draw."""
    each = [_scores(counts, weights) for weights in _draws(len(counts.errors), draws)]
    return {name: np.concatenate([scores[name] for scores in each]) for name in SCORES}


def _draws(n_clips: int, draws: int) -> Iterator[np.ndarray]:
    """How often each clip is in each draw, (some draws, N) at a time; floats, for a fast product that stays exact."""
    rng, at_once = np.random.default_rng(_SEED), max(1, _MOST_CELLS // max(1, n_clips))
    for done in range(0, draws, at_once):
        some = min(at_once, draws - done)
        yield rng.multinomial(n_clips, np.full(n_clips, 1 / n_clips), some).astype(float)


def _scores(counts: DetectionCounts, weights: np.ndarray) -> dict[str, np.ndarray]:
    """Scores (draws,), nan where a draw has no reference."""
    errors = weights @ counts.errors
    correct, reference, estimated = (
        weights @ items for items in (counts.correct, counts.n_reference, counts.n_estimated)
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        n_reference = reference.sum(axis=1)
        f1_of_class = np.where(reference > 0, 2 * correct / (reference + estimated), 0.0)
        f1 = np.where(n_reference > 0, 2 * correct.sum(axis=1) / (n_reference + estimated.sum(axis=1)), np.nan)
        return {
            "error_rate": np.where(n_reference > 0, errors / n_reference, np.nan),
            "f1": f1,
            "macro_f1": f1_of_class.sum(axis=1) / (reference > 0).sum(axis=1),
        }


def _interval(values: np.ndarray) -> Interval | None:
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    low, high = np.percentile(values, _PERCENTILES).tolist()
    return low, high
