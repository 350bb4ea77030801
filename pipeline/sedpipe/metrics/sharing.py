"""The variance of a mean over clips of which some are not independent, since they have a recording in common.

A mixture is made from several recordings, a window from one; predictions for two clips of the same recording tend to be
similar. So the variance of a sum over clips is not the sum of their squares: every pair of clips with a recording in
common counts.

- :class:`Sharing`: which clips have a recording in common, and the variance of a sum over all clips

Source: Cameron, Gelbach & Miller, "Robust inference with multiway clustering", Journal of Business and Economic
Statistics 29(2), 2011, for the sum over pairs; Bell & McCaffrey, "Bias reduction in standard errors for linear
regression with multi-stage samples", Survey Methodology 28(2), 2002, for the correction for few recordings and the
degrees of freedom.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse


@dataclass(frozen=True, eq=False)
class Sharing:
    """Which of N clips have a recording in common.

    Parameters
    ----------
    kinds : ndarray [shape=(N,)]
        Kind of each clip: clips of one kind are made from the same recordings; kinds are numbered from 0 to G - 1.
    shares : sparse array [shape=(G, G)]
        1 where two kinds have a recording in common, else 0; 1 on the diagonal.
    n_recordings : int
        Number of recordings.
    """

    kinds: np.ndarray
    shares: sparse.csr_array
    n_recordings: int

    @classmethod
    def of(cls, recordings: Sequence[Collection[str]]) -> Sharing:
        """Return the sharing for the recordings of each clip; a clip without any counts as a separate recording.

        >>> Sharing.of([{"dog 1", "rain 2"}, {"rain 2"}, {"dog 3"}]).shares.toarray().astype(int).tolist()
        [[1, 1, 0], [1, 1, 0], [0, 0, 1]]
        """
        named: list[frozenset[object]] = [frozenset(of_clip) or frozenset({n}) for n, of_clip in enumerate(recordings)]
        number_of = {one: g for g, one in enumerate(dict.fromkeys(named))}
        places = {name: r for r, name in enumerate(dict.fromkeys(name for one in number_of for name in one))}
        pairs = [(g, places[name]) for one, g in number_of.items() for name in one]
        rows, columns = zip(*pairs, strict=True) if pairs else ((), ())
        shape = (len(number_of), len(places))
        made_of = sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=shape)
        shares = sparse.csr_array((made_of @ made_of.T) > 0).astype(float)
        return cls(np.array([number_of[one] for one in named], int), shares, len(places))

    @classmethod
    def alone(cls, n_clips: int) -> Sharing:
        """Return the sharing of clips that have no recording in common."""
        return cls.of([()] * n_clips)

    @property
    def n_clips(self) -> int:
        """Number N of clips."""
        return len(self.kinds)

    @cached_property
    def share(self) -> float:
        """Fraction of all pairs of clips (including each clip with itself) that have a recording in common."""
        sizes = self._sizes
        return float(sizes @ (self.shares @ sizes)) / max(1, self.n_clips) ** 2

    @cached_property
    def degrees(self) -> float:
        """Degrees of freedom of :meth:`variance`; G - 1 if the clips come from G recordings, equally many from each.

        Satterthwaite's degrees of freedom for contributions that are independent and equally large, less their mean.
        """
        sizes, n, share = self._sizes, self.n_clips, self.share
        neighbours = self.shares @ sizes
        spread = share - 2 * float(sizes @ neighbours**2) / n**3 + share**2 if n else 0.0
        return (1 - share) ** 2 / spread if spread > 1e-12 else 0.0

    def variance(self, contributions: np.ndarray) -> np.ndarray:
        """Variance of the sum of the contributions of all clips; inf if all pairs share a recording.

        Parameters
        ----------
        contributions : ndarray [shape=(..., N)]
            What each clip contributes to a number, less the mean: they sum to 0.

        Returns
        -------
        ndarray [shape=(...)]
            Sum over all pairs with a recording in common, but no less than if no pair had one; multiplied by
            1 / (1 - :attr:`share`), since subtracting the mean makes it smaller.
        """
        share = self.share
        if share >= 1 - 1e-12:
            return np.full(contributions.shape[:-1], np.inf)
        flat = contributions.reshape(-1, self.n_clips)
        by_kind = flat @ self._of_kind
        pairs = np.sum(by_kind * (self.shares @ by_kind.T).T, axis=1)
        # if recordings matter little, chance alone may make the sum over pairs smaller than that of independent clips
        at_least = np.maximum(pairs, np.sum(flat**2, axis=1))
        return np.asarray(at_least / (1 - share)).reshape(contributions.shape[:-1])

    @cached_property
    def _of_kind(self) -> sparse.csr_array:
        """Array (N, G) with 1 where a clip is of a kind."""
        n = self.n_clips
        return sparse.csr_array((np.ones(n), (np.arange(n), self.kinds)), shape=(n, self.shares.shape[0]))

    @cached_property
    def _sizes(self) -> np.ndarray:
        return np.bincount(self.kinds, minlength=self.shares.shape[0]).astype(float)
