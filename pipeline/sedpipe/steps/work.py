"""Who does the work of a verb: how many processes, of which cluster, and which part of it.

- :class:`Work`
"""

from __future__ import annotations

from dataclasses import dataclass

from sedpipe.shards import Shard


@dataclass(frozen=True)
class Work:
    """By whom something is done.

    Parameters
    ----------
    jobs : int
        Worker processes on this machine; 1: this one.
    scheduler : str, optional
        Address of a Dask scheduler, whose workers do the work instead.
    shard : Shard, optional
        Which part is done; other processes do the others.
    """

    jobs: int = 1
    scheduler: str | None = None
    shard: Shard | None = None

    @property
    def is_elsewhere(self) -> bool:
        """Whether other processes than this one do it."""
        return self.jobs > 1 or self.scheduler is not None
