"""A recording looked at before anything is made of it: decoded once, all of it, and forgotten.

- :func:`survey`: path -> :class:`Survey`
- :class:`Survey`: how long it is, and whether it can be used
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sedpipe.failures import FailedClipError
from sedpipe.io.audio.level import SILENCE
from sedpipe.io.audio.waveforms import Recording
from sedpipe.io.files.checksums import sha256_of


@dataclass(frozen=True)
class Survey:
    """What a recording turned out to be.

    Parameters
    ----------
    size, mtime_ns : int
        Bytes and time of the last change of the file, from before it was read.
    sha256 : str
        Of the file (hex).
    n_samples, rate, channels : int
        As decoded; 0 where nothing was.
    format : str
        Container and codec.
    fault : str
        Class of why it cannot be used (``undecodable``, ``too-short``, ...); empty where it can.
    remark : str
        Short name of what is to be said of one that can be used; empty where nothing is.
    message : str
        Fault or remark in a sentence.
    """

    size: int
    mtime_ns: int
    sha256: str = ""
    n_samples: int = 0
    rate: int = 0
    channels: int = 0
    format: str = ""
    fault: str = ""
    remark: str = ""
    message: str = ""

    @property
    def seconds(self) -> float:
        """How long it is; 0 where nothing could be decoded."""
        return self.n_samples / self.rate if self.rate else 0.0

    @property
    def is_silent(self) -> bool:
        """Whether nothing can be heard in it: of use only where nothing is said to sound."""
        return self.remark == SILENCE[0]

    @property
    def stamp(self) -> tuple[int, int]:
        """Size and time of change: another one means that the file was perhaps replaced."""
        return self.size, self.mtime_ns


def survey(path: Path, hear: Callable[[np.ndarray], object] | None = None) -> Survey:
    """Decode a recording and say what it is; never raises for what is wrong with it.

    Parameters
    ----------
    path : Path
        The recording.
    hear : callable, optional
        Gets every block of samples (mono, float32) as it is decoded.
    """
    recording, size, mtime_ns, sha256 = Recording(path), 0, 0, ""
    fault = remark = message = ""
    try:
        status = os.stat(path)
        size, mtime_ns = status.st_size, status.st_mtime_ns
        sha256 = sha256_of(path) if os.path.isfile(path) else ""
        for block in recording.blocks():
            if hear is not None:
                hear(block)
        remark = recording.remarks[0][0] if recording.remarks else ""
        message = "; ".join(sentence for _, sentence in recording.remarks)
    except FailedClipError as failed:
        fault, message = failed.failure.reason, failed.message
    except OSError as error:
        fault, message = "unreadable", f"{path}: {error.strerror or error}"
    n_samples, rate, channels = recording.n_samples, recording.rate, recording.channels
    return Survey(size, mtime_ns, sha256, n_samples, rate, channels, recording.format, fault, remark, message)
