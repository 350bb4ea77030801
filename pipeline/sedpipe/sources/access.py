"""How a source may access audio: where to look first, with how many workers, and how to behave on the network.

- :class:`Access`: options that every source is opened with
- :class:`FetchOptions`: those for the network
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from sedpipe.listener import Listener


@dataclass(frozen=True)
class FetchOptions:
    """How to behave on the network.

    Parameters
    ----------
    workers : int
        Number of videos at the same time.
    spacing_s : float
        Time in seconds from one video to the next, over all workers; varies at random by up to 30 %.
    cookies : Path, optional
        A cookie file; each worker uses a copy.
    cookies_from_browser : str, optional
        ``BROWSER[+KEYRING][:PROFILE][::CONTAINER]``.
    proxy : str, optional
        Address of a proxy.
    rate_limit : int, optional
        Most bytes a second, over all workers.
    breaker : int
        Number of failures of one kind in a row after which to stop.
    timeout_s : float
        Longest time in seconds without data from a server.
    clip_timeout_s : float
        Longest time in seconds for one try of a clip.
    backoff_s : float
        Pause in seconds before the second try of a clip.
    doubts : bool
        Whether to stop also if very many videos in a row are reported as missing.
    """

    workers: int = 2
    spacing_s: float = 8.0
    cookies: Path | None = None
    cookies_from_browser: str | None = None
    proxy: str | None = None
    rate_limit: int | None = None
    breaker: int = 10
    timeout_s: float = 20.0
    clip_timeout_s: float = 300.0
    backoff_s: float = 10.0
    doubts: bool = True


@dataclass(frozen=True)
class Access:
    """Options that every source is opened with; a source uses those that it needs.

    Parameters
    ----------
    places : tuple of str
        Places to look in first: folders, archives, addresses, as the user names them.
    jobs : int
        Number of worker processes.
    network : FetchOptions
        How to behave on the network.
    listener : Listener
        Receives progress and remarks.
    """

    places: tuple[str, ...] = ()
    jobs: int = 1
    network: FetchOptions = field(default_factory=FetchOptions)
    listener: Listener = field(default_factory=Listener)
