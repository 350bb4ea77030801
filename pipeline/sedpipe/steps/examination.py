"""Recordings looked at before anything is made of them: can they be used, how long are they, which are the same.

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
    """What one recording turned out to be.

    Parameters
    ----------
    survey : Survey
        Length, rate, and what is wrong with it.
    content : str
        Checksum of the samples to 16 bit: the same for the same sound in another lossless format. Empty where nothing
        can be decoded.
    """

    survey: Survey
    content: str = ""

    @property
    def seconds(self) -> float:
        """How long it is; 0 where nothing can be decoded."""
        return self.survey.seconds

    @property
    def fault(self) -> str:
        """Class of why it cannot be used; empty where it can."""
        return self.survey.fault


def examine(path: Path) -> Examined:
    """Decode a recording and forget it."""
    digest = hashlib.sha256()

    def hear(block: np.ndarray) -> None:
        digest.update(np.rint(block.clip(-1, 1) * 32767).astype("<i2").tobytes())

    found = survey(path, hear)
    return Examined(found, digest.hexdigest() if found.n_samples else "")
