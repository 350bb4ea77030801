"""Inspection of recordings before anything is made from them: each is decoded once as a whole, and not kept.

- :func:`survey`: path -> :class:`Survey`
- :class:`Survey`: how long a recording is, and whether it can be used
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
    """Findings about a recording.

    Parameters
    ----------
    size, mtime_ns : int
        Size of the file in bytes and time of its last change in ns, noted before it was read.
    sha256 : str
        Checksum of the file (hex).
    n_samples, rate, channels : int
        Length in samples, sample rate in Hz and number of channels, as decoded; 0 if nothing was.
    format : str
        Container and codec.
    fault : str
        Short name of why the recording cannot be used (``undecodable``, ``too-short``, ...); empty if it can.
    remark : str
        Short name of the remark on a recording that can be used; empty if there is none.
    message : str
        Fault or remark as a sentence.
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
        """Length in seconds; 0 if nothing could be decoded."""
        return self.n_samples / self.rate if self.rate else 0.0

    @property
    def is_silent(self) -> bool:
        """Whether nothing can be heard in the recording, which then is of use only as a clip without labels."""
        return self.remark == SILENCE[0]

    @property
    def stamp(self) -> tuple[int, int]:
        """Size and time of the last change: if they differ, the file may have been replaced."""
        return self.size, self.mtime_ns


def survey(path: Path, hear: Callable[[np.ndarray], object] | None = None) -> Survey:
    """Decode a recording and return the findings; faults of the recording are returned, never raised.

    Parameters
    ----------
    path : Path
        The recording.
    hear : callable, optional
        Function that is called with every block of samples (mono, float32) as it is decoded.
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
