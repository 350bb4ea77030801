"""How a source may get at audio: where to look first, with how many hands, and how to behave on the network.

- :class:`Access`: what every source is opened with
- :class:`FetchOptions`: the network's part of it
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
        Videos at the same time.
    spacing_s : float
        Seconds from one video to the next, over all workers, up to 30 % longer or shorter.
    cookies : Path, optional
        A cookie file; each worker has a copy.
    cookies_from_browser : str, optional
        ``BROWSER[+KEYRING][:PROFILE][::CONTAINER]``.
    proxy : str, optional
        Address of a proxy.
    rate_limit : int, optional
        Most bytes a second, over all workers.
    breaker : int
        Failures of one kind in a row after which to stop.
    timeout_s : float
        Longest silence of a server.
    clip_timeout_s : float
        Longest time for one try of a clip.
    backoff_s : float
        Pause before the second try of a clip.
    doubts : bool
        Stop, too, where very many videos in a row are said not to be there.
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
    """What every source is opened with; one takes what it needs.

    Parameters
    ----------
    places : tuple of str
        Where to look first: folders, archives, addresses, as the user names them.
    jobs : int
        Worker processes.
    network : FetchOptions
        How to behave on the network.
    listener : Listener
        Receives progress and remarks.
    """

    places: tuple[str, ...] = ()
    jobs: int = 1
    network: FetchOptions = field(default_factory=FetchOptions)
    listener: Listener = field(default_factory=Listener)
