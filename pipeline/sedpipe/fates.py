"""What became of each clip of a dataset.

- :class:`Fate`: one clip's state, why, and what its audio is
- :data:`STATES`: the words for it
"""

from __future__ import annotations

from dataclasses import dataclass

STATES = ("ok", "gone", "blocked", "retryable", "pending")
"""Audio is there; never will be; not for us; may be there next time; was not tried."""


@dataclass(frozen=True)
class Fate:
    """What became of one clip.

    Parameters
    ----------
    split, clip_id : str
        The clip.
    state : str
        One of ``STATES``.
    reason : str
        Class of the reason, a short name that can be counted (``removed``, ``rate-limited``, ``too-short``); of a
        clip that is ``ok``, empty or a remark (``cut``: its recording goes on, ``short``: its source ends early).
    message : str
        What was said, verbatim; what a person reads.
    source_format : str
        Container, codec and format id that the audio came from.
    duration : float
        Seconds of audio in the store.
    sample_rate, channels : int
        Of what it was made from.
    sha256 : str
        Of the stored file (hex).
    tool : str
        What fetched it, with its version.
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
