"""Distribution of the work of a command: number of processes, cluster, and which part of the work.

- :class:`Work`
"""

from __future__ import annotations

from dataclasses import dataclass

from sedpipe.shards import Shard


@dataclass(frozen=True)
class Work:
    """Distribution of the work of a command.

    Parameters
    ----------
    jobs : int
        Number of worker processes on this machine; 1: this process alone.
    scheduler : str, optional
        Address of a Dask scheduler, whose workers do the work instead.
    shard : Shard, optional
        Part of the work to do; other processes do the other parts.
    """

    jobs: int = 1
    scheduler: str | None = None
    shard: Shard | None = None

    @property
    def is_elsewhere(self) -> bool:
        """Whether processes other than this one do the work."""
        return self.jobs > 1 or self.scheduler is not None
