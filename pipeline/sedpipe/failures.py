"""Classes of reasons why the audio of a clip could not be obtained; the class decides what happens next.

- :func:`classify`: message of yt-dlp, a server or the system -> :class:`Failure`
- :class:`Failure`: state and reason
- :class:`FailedClipError`: one clip that failed, with its :class:`Failure`
- :data:`SAYINGS`: the table of patterns, first match wins
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sedpipe.errors import AudioError


@dataclass(frozen=True)
class Failure:
    """A class of failures.

    Parameters
    ----------
    state : str
        ``gone`` (available to nobody), ``blocked`` (not available from here, or not without an account), ``retryable``
        (may work next time), or ``local`` (this machine lacks something, whatever the clip).
    reason : str
        Short name that can be counted.
    """

    state: str
    reason: str


class FailedClipError(AudioError):
    """The audio of one clip could not be obtained.

    Parameters
    ----------
    message : str
        Original message, verbatim.
    failure : Failure
        Class of the failure.
    """

    def __init__(self, message: str, failure: Failure) -> None:
        super().__init__(message)
        self.failure = failure


REFUSED = frozenset({"bot-check", "rate-limited", "forbidden"})
"""Reasons after which continuing does harm: the server refuses this IP address, or this yt-dlp is too old."""

CUT_OFF = frozenset({"network", "timeout", "server-error"})
"""Reasons that, many in a row, mean that nothing can be reached, whatever the clip."""

NOT_READ = frozenset({"no-format", "no-player", "no-solver", "unknown", "wrong-content", "undecodable"})
"""Reasons that, many in a row, mean that the tool no longer understands the site, whatever the clip."""

SHUT_OUT = frozenset({"sign-in", "age", "geo", "restricted", "drm"})
"""Reasons that, many in a row, are due to the IP address or the account, whatever the clip."""

NOT_THERE = frozenset({"unavailable", "not-found", "no-audio"})
"""Reasons that are true for some videos, but that an outdated tool, or a site that has moved, gives for all of them."""

SAYINGS: tuple[tuple[str, str, str], ...] = (
    # Problems of this machine. "Permission denied" needs its errno: servers send it, too, about videos.
    ("local", "disk-full", r"no space left on device|disk quota exceeded|\[errno (28|122)\]"),
    ("local", "no-permission", r"\[errno (13|30)\]|read-only file system"),
    ("local", "no-ffmpeg", r"ff(mpeg|probe) (is )?not (found|installed)"),
    ("local", "no-js-runtime", r"no supported javascript runtime|without a js runtime"),
    ("local", "no-solver", r"challenge solving failed|signature solving failed|usable challenge solver"),
    ("local", "no-solver", r"solving the challenge"),
    ("local", "missing-package", r"dependenc(y|ies) (needs? to be|is|are) installed|missing dependencies"),
    ("local", "old-cookies", r"cookies are no longer valid|rotated in the browser"),
    ("local", "no-cookies", r"could not (find|copy) .{0,40}cookie|failed to (decrypt|load) .{0,20}cookie"),
    ("local", "no-cookies", r"unsupported (browser|keyring)|unknown browser|could not find .{0,20}container"),
    ("local", "no-cookies", r"must be netscape formatted|netscape format cookies"),
    # Too many requests. Before "sign in" and "unavailable", since the messages contain these words, too.
    ("retryable", "bot-check", r"not a bot|captcha|unusual traffic|ip is likely being blocked"),
    ("retryable", "rate-limited", r"try again later|rate.?limit|too many requests|http error 429"),
    # Not available in this country. Before copyright: "blocked it in your country on copyright grounds".
    ("blocked", "geo", r"\b(your|this) (country|region|location)\b|geo.?(restrict|block)|http error 451"),
    ("blocked", "geo", r"blocked by decision"),
    # Available to nobody. "Private" before "sign in": "Private video. Sign in if you've been granted access".
    ("gone", "private", r"private video|video is private|set to private"),
    ("gone", "terminated", r"account .{0,60}(terminated|closed|suspended)|closed .{0,20}account"),
    ("gone", "terminated", r"channel .{0,40}(terminated|deleted|does not exist)"),
    ("gone", "copyright", r"copyright"),
    ("gone", "removed", r"(removed|deleted) (by|for|because)|has been (removed|deleted)|violat(es|ing|ed|ion)"),
    ("gone", "no-audio", r"no audio (stream|track)|has no audio"),
    # Not available to everybody.
    ("blocked", "age", r"confirm your age|age.?restricted|inappropriate|self-harm|viewer discretion"),
    ("blocked", "members", r"members.?only|channel'?s members|join this channel"),
    ("blocked", "payment", r"requires? payment|premium members|purchase|\brent(al)?\b|paid (content|video)"),
    ("blocked", "drm", r"drm.?protect"),
    ("blocked", "restricted", r"video is restricted|workspace administrator|restricted mode"),
    ("blocked", "restricted", r"playback on other websites"),
    ("blocked", "sign-in", r"sign in|log ?in required|requires? (log ?in|authentication)|registered users"),
    ("blocked", "sign-in", r"login details are needed|account cookies|http error (401|402)"),
    # Problems of access, transfer and decoding.
    ("retryable", "forbidden", r"http error 403|\bforbidden\b|po.?token|page needs to be reloaded"),
    ("retryable", "forbidden", r"not available on this app"),
    ("retryable", "timeout", r"timed? ?out|http error (408|504)"),
    ("retryable", "server-error", r"http error 5\d\d|internal server error|bad gateway|service unavailable"),
    ("gone", "not-found", r"http error (404|410)"),
    ("retryable", "network", r"connection|network is unreachable|name resolution|name or service|resolve host"),
    ("retryable", "network", r"no route|bytes read|proxy|\bssl\b|certificate|broken pipe|remote end closed"),
    ("retryable", "network", r"incomplete ?read|breaks off|unable to handle request|\[errno 1\d\d\]"),
    ("retryable", "network", r"network error|content too short|any data blocks"),
    ("retryable", "not-yet", r"premieres? in|premiere will begin|will begin in|live event will|currently live"),
    ("retryable", "not-yet", r"live event has ended|being processed|processing this video|check back later"),
    ("retryable", "no-format", r"requested format is not available|no video formats|only images are available"),
    ("retryable", "no-format", r"\bsabr\b"),
    ("retryable", "no-player", r"player response|signature extraction|nsig|failed to extract|unable to extract"),
    ("retryable", "no-player", r"identify player|load player|no player clients|incomplete .{0,20}data received"),
    ("retryable", "no-player", r"extractor (failed|error)|error in extractor|field in extractor result"),
    ("retryable", "wrong-content", r"unsupported url|is not a video$|not a valid url|invalid url"),
    ("retryable", "undecodable", r"cannot be decoded|invalid data found|ffmpeg|decod(er|ing)|postprocess"),
    # The broadest patterns last.
    ("gone", "unavailable", r"(video|content|recording) (is |has been )?(unavailable|not available)"),
    ("gone", "unavailable", r"isn't available|no longer available|does not exist"),
    ("gone", "unavailable", r"not a valid video id|incomplete youtube id"),
)
"""State, reason, pattern (ignoring case), from messages that yt-dlp relays from YouTube and from its own messages."""

_TABLE = tuple((Failure(state, reason), re.compile(pattern, re.IGNORECASE)) for state, reason, pattern in SAYINGS)
_HTTP_ERROR = "HTTP Error {}"
UNKNOWN = Failure("retryable", "unknown")


def classify(message: str, status: int | None = None) -> Failure:
    """Classify a failure.

    Parameters
    ----------
    message : str
        Original message.
    status : int, optional
        HTTP status of the response, if there was one; its text (``HTTP Error ...``) is added to the message.

    Returns
    -------
    Failure
        State and reason; ``retryable`` and ``unknown`` if no pattern matches.

    >>> classify("Sign in to confirm your age").reason
    'age'
    >>> classify("Sign in to confirm you're not a bot").reason
    'bot-check'
    """
    words = " ".join(message.replace("\u2019", "'").split())
    if status is not None:
        words += f" {_HTTP_ERROR.format(status)}"
    return next((failure for failure, pattern in _TABLE if pattern.search(words)), UNKNOWN)
