"""A breaker that ends a crawl before it does harm: if very many videos in a row fail, the site is the cause.

- :class:`Breaker`: holds doubtful fates back until other clips show whether they can be believed
- :data:`LOCAL_ADVICE`: what to do about something that a machine lacks
"""

from __future__ import annotations

from dataclasses import replace

from sedpipe.failures import CUT_OFF, NOT_READ, NOT_THERE, REFUSED, SHUT_OUT
from sedpipe.fates import Fate
from sedpipe.sources.source import FetchStoppedError

_MANY = 4  # times as many: what is true of a quarter of videos is true of 40 in a row by chance once in 10^24 runs
_UPDATE = "update yt-dlp (`pip install -U yt-dlp yt-dlp-ejs`), then run the same command again"


class Breaker:
    """Counter of failures in a row, of one kind and of any kind.

    A fate whose cause may affect every clip is held back. When a clip is fetched, or fails for a reason of its own, the
    fates that were held back are believed. When too many of one kind, or of all kinds, follow each other, these are not
    believed but become ``pending``, and the crawl ends.

    Parameters
    ----------
    most : int
        Number of failures of one kind in a row at which to stop; four times as many if kinds alternate, or if videos
        are reported as missing, which is true of many.
    doubts : bool
        Whether to doubt reports that videos are missing.

    Attributes
    ----------
    error : FetchStoppedError, optional
        The reason to stop, once there is one.
    """

    def __init__(self, most: int, *, doubts: bool = True) -> None:
        self._most = dict.fromkeys((REFUSED, CUT_OFF, NOT_READ, SHUT_OUT), most)
        if doubts:
            self._most[NOT_THERE] = _MANY * most
        self._most_of_any = _MANY * most
        self._held: list[Fate] = []
        self.error: FetchStoppedError | None = None

    def settled_by(self, fate: Fate) -> list[Fate]:
        """Return the fates that are settled now that this one is known, in the order in which they came."""
        self._held.append(fate)
        kind = self._kind(fate)
        if kind is None:
            return self.rest()
        alike = self._alike(kind)
        if alike < self._most[kind] and len(self._held) < self._most_of_any:
            return []
        doubtful = alike if alike >= self._most[kind] else len(self._held)
        self.error = _error(fate, kind, doubtful, is_one_kind=doubtful == alike)
        held = self.rest()
        believed, others = held[: len(held) - doubtful], held[len(held) - doubtful :]
        return [*believed, *(replace(other, state="pending", reason="doubtful") for other in others)]

    def rest(self) -> list[Fate]:
        """Return the fates that are held back, and hold none back any longer."""
        held, self._held = self._held, []
        return held

    def _kind(self, fate: Fate) -> frozenset[str] | None:
        return next((kind for kind in self._most if fate.reason in kind), None)

    def _alike(self, kind: frozenset[str]) -> int:
        """Return how many of the last fates in a row are of this kind."""
        others = (number for number, fate in enumerate(reversed(self._held)) if fate.reason not in kind)
        return next(others, len(self._held))


def _error(last: Fate, kind: frozenset[str], n_failures: int, *, is_one_kind: bool) -> FetchStoppedError:
    of = "of one kind in a row" if is_one_kind else "in a row"
    return FetchStoppedError(
        f"stopped after {n_failures} failures {of}, whose clips were not marked; the last: {last.reason} "
        f"({last.message})",
        hint=LOCAL_ADVICE.get(last.reason, _ADVICE[kind]),
    )


_ADVICE = {
    REFUSED: "wait some hours, then run the same command again, with a longer --sleep or --cookies; "
    f"if it fails at once, {_UPDATE}",
    CUT_OFF: "check the network (and --proxy), then run the same command again",
    NOT_READ: f"the site may have changed: {_UPDATE}",
    SHUT_OUT: "this IP address or account is denied access to all these videos: name --cookies of an account that can "
    f"watch them, or another --proxy; if it can, {_UPDATE}",
    NOT_THERE: f"it is unlikely that so many in a row are all gone: {_UPDATE}",
}
LOCAL_ADVICE = {
    "disk-full": "free some space, or choose another folder with --cache",
    "no-permission": "choose a writable folder with --cache",
    "no-ffmpeg": "install ffmpeg",
    "no-js-runtime": "install Deno (https://deno.com) or Node.js 20 or newer; `sedpipe doctor` looks for them",
    "no-solver": "YouTube's players could not be run: update yt-dlp, its solver (`pip install -U yt-dlp yt-dlp-ejs`) "
    "and Deno or Node.js; `sedpipe doctor` looks for them",
    "missing-package": "install what the message names",
    "old-cookies": "export the cookies again, from a private window that is closed right after, or use no account",
    "no-cookies": "name a cookie file with --cookies, or another browser with --cookies-from-browser",
}
"""Advice by the reason of a ``local`` failure."""
