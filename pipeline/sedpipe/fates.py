"""The outcome for each clip of a dataset: whether its audio could be obtained, and if not, why.

- :class:`Fate`: state of one clip, the reason for it, and properties of its audio
- :data:`STATES`: names of the states
"""

from __future__ import annotations

from dataclasses import dataclass

STATES = ("ok", "gone", "blocked", "retryable", "pending")
"""The audio is there; will never be available; is not available to us; may be available next time; was not tried."""


@dataclass(frozen=True)
class Fate:
    """Outcome for one clip.

    Parameters
    ----------
    split, clip_id : str
        Split and name of the clip.
    state : str
        One of ``STATES``.
    reason : str
        Class of the reason, a short name that can be counted (``removed``, ``rate-limited``, ``too-short``); for a
        clip that is ``ok``, empty or a remark (``cut``: its recording goes on, ``short``: its source ends early).
    message : str
        Original message, verbatim, for people to read.
    source_format : str
        Container, codec and format id of the source of the audio.
    duration : float
        Length of the stored audio in seconds.
    sample_rate, channels : int
        Sample rate in Hz and number of channels of the source.
    sha256 : str
        SHA-256 of the stored file (hex).
    tool : str
        Tool that fetched the audio, with its version.
    """

    split: str
    clip_id: str
    state: str
    reason: str = ""
    message: str = ""
    source_format: str = ""
    duration: float = 0.0
    sample_rate: int = 0
    channels: int = 0
    sha256: str = ""
    tool: str = ""
