"""Lengths and sample rates of recordings, for planning: from the header alone, where that can be trusted.

- :func:`length_of`: length in seconds and sample rate in Hz of a recording, or None
"""

from __future__ import annotations

from pathlib import Path

from sedpipe.errors import AudioError
from sedpipe.io.audio.level import check_rate
from sedpipe.io.audio.opening import look_into, open_surely
from sedpipe.io.audio.waveforms import Recording


def length_of(path: Path) -> tuple[float, int] | None:
    """Return length in seconds and sample rate in Hz of a recording; None if nothing of it can be read.

    A file whose header disagrees with its bytes, or whose format gives no number of samples in the header, is decoded.
    """
    recording = Recording(path)
    try:
        with look_into(path) as opened, open_surely(opened) as file:
            if file is not None:
                check_rate(str(path), file.samplerate)
                return file.frames / file.samplerate, file.samplerate
        for _ in recording.blocks():
            pass
    except AudioError:  # a recording that can be decoded but not used still has a length
        pass
    return (recording.n_samples / recording.rate, recording.rate) if recording.n_samples else None
