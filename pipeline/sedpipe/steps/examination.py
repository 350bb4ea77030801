"""Recordings looked at before anything is made of them: can they be used, how long are they, which are the same.

- :func:`examine`: a file -> :class:`Examined`
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sedpipe.errors import AudioError
from sedpipe.io.audio.waveforms import Recording

SILENT = frozenset({"silent", "channels-cancel"})
"""Why a recording is of no use although it can be decoded: nothing would be heard."""


@dataclass(frozen=True)
class Examined:
    """What one recording turned out to be.

    Parameters
    ----------
    seconds : float
        Decoded; 0 where nothing was.
    rate : int
        Hz.
    reason : str
        Class of why it cannot be used, empty where it can.
    message : str
        The same in a sentence.
    remarks : tuple of str
        Short names of what a person should know of a recording that can be used.
    content : str
        Checksum of the samples to 16 bit; the same for the same sound in another lossless format.
    """

    seconds: float
    rate: int
    reason: str = ""
    message: str = ""
    remarks: tuple[str, ...] = ()
    content: str = ""


def examine(path: Path) -> Examined:
    """Decode a recording and forget it."""
    recording, digest = Recording(path), hashlib.sha256()
    reason = message = ""
    try:
        for block in recording.blocks():
            digest.update(np.rint(block.clip(-1, 1) * 32767).astype("<i2").tobytes())
    except AudioError as error:
        failure = getattr(error, "failure", None)
        reason, message = failure.reason if failure else "unusable", error.message
    seconds = recording.n_samples / recording.rate if recording.rate else 0.0
    names = tuple(name for name, _ in recording.remarks)
    return Examined(seconds, recording.rate, reason, message, names, digest.hexdigest() if seconds else "")
