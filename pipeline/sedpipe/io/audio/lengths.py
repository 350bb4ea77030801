"""How long recordings are and at what rate: enough to plan with, at the price of a header where that can be trusted.

- :func:`length_of`: seconds and Hz of one, or None
"""

from __future__ import annotations

from pathlib import Path

from sedpipe.errors import AudioError
from sedpipe.io.audio.level import check_rate
from sedpipe.io.audio.opening import look_into, open_surely
from sedpipe.io.audio.waveforms import Recording


def length_of(path: Path) -> tuple[float, int] | None:
    """Seconds and Hz of a recording; None where nothing of it can be read.

    Where the header and the bytes of a file do not agree, or it is of a format whose header counts no samples, it is
    decoded.
    """
    recording = Recording(path)
    try:
        with look_into(path) as opened, open_surely(opened) as file:
            if file is not None:
                check_rate(str(path), file.samplerate)
                return file.frames / file.samplerate, file.samplerate
        for _ in recording.blocks():
            pass
    except AudioError:  # what can be decoded and is of no use, silence say, has a length all the same
        pass
    return (recording.n_samples / recording.rate, recording.rate) if recording.n_samples else None
