"""Examination of recordings before they are used: whether they are usable, how long they are, and which are identical.

- :func:`examine`: a file -> :class:`Examined`
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sedpipe.io.audio.survey import Survey, survey


@dataclass(frozen=True)
class Examined:
    """Result of the examination of a recording.

    Parameters
    ----------
    survey : Survey
        Length and sample rate of the recording, and what is wrong with it.
    content : str
        Checksum of the samples, rounded to 16 bits: identical for the same sound in another lossless format. Empty if
        nothing can be decoded.
    """

    survey: Survey
    content: str = ""

    @property
    def seconds(self) -> float:
        """Length of the recording; 0 if nothing can be decoded."""
        return self.survey.seconds

    @property
    def fault(self) -> str:
        """Category of the reason why it cannot be used; empty if it can."""
        return self.survey.fault


def examine(path: Path) -> Examined:
    """Decode a recording and examine it, without keeping its samples."""
    digest = hashlib.sha256()

    def hear(block: np.ndarray) -> None:
        digest.update(np.rint(block.clip(-1, 1) * 32767).astype("<i2").tobytes())

    found = survey(path, hear)
    return Examined(found, digest.hexdigest() if found.n_samples else "")
