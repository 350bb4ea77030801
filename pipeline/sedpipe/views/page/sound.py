"""Waveforms -> MP3, the smallest sound that every browser plays.

- :func:`encode_mp3`: a mono waveform -> the bytes of a file, from the first sample to the last

Ogg (Vorbis, Opus) is smaller, but silent in many a Safari; AAC in some Firefox and Chromium. The file says how many
samples the encoder put before and behind, so that players keep time with the picture.
"""

from __future__ import annotations

import io

import numpy as np

BITS_PER_SECOND = 48_000
"""Constant, so that a player finds every moment by counting bytes."""


def encode_mp3(waveform: np.ndarray, sample_rate: int) -> bytes:
    """Bytes of an MP3 file.

    Parameters
    ----------
    waveform : ndarray [shape=(samples,)]
        Mono, about [-1, 1].
    sample_rate : int
        Hz; one that MP3 knows, such as 44,100.

    Returns
    -------
    bytes
        6 kB a second.
    """
    import av  # FFmpeg's libraries; only who needs them pays

    file = io.BytesIO()
    with av.open(file, "w", format="mp3") as container:
        stream = container.add_stream("libmp3lame", rate=sample_rate, layout="mono", bit_rate=BITS_PER_SECOND)
        samples = np.ascontiguousarray(np.clip(waveform, -1, 1), dtype=np.float32)[None]
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
        frame.sample_rate, frame.pts = sample_rate, 0
        for packets in (stream.encode(frame), stream.encode(None)):
            container.mux(packets)
    return file.getvalue()
