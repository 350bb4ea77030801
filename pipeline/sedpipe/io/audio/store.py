"""The store's audio: a FLAC file a clip, mono, 16 bit, at the rate of its dataset.

- :func:`write_flac`: waveform -> file, whole or not at all
- :func:`store_cut`: a piece of a recording -> file and fate
- :func:`fate_of_stored`: what a file that is there tells of its clip
"""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import soundfile

from sedpipe.clips import Clip
from sedpipe.errors import AudioError
from sedpipe.fates import Fate
from sedpipe.io.audio.cut import Cut
from sedpipe.io.files.atomic import write_atomically
from sedpipe.io.files.checksums import sha256_of


def write_flac(path: Path, waveform: np.ndarray, sample_rate: int) -> None:
    """Write a mono waveform as 16-bit FLAC, rounded without dither.

    Parameters
    ----------
    path : Path
        Written whole or not at all.
    waveform : np.ndarray [shape=(samples,)]
        Values beyond [-1, 1) are clipped.
    sample_rate : int
        Hz.
    """
    whole = np.clip(np.rint(waveform * 32768.0), -32768, 32767).astype(np.int16)
    # encoded in memory: libsndfile has no word for a full disk, the file system does
    encoded = io.BytesIO()
    soundfile.write(encoded, whole, sample_rate, format="FLAC", subtype="PCM_16")
    with write_atomically(path) as temporary:
        temporary.write_bytes(encoded.getbuffer())


def store_cut(piece: Cut, clip: Clip, path: Path, tool: str, source_format: str = "") -> Fate:
    """Keep a piece of a recording as the audio of its clip.

    Parameters
    ----------
    piece : Cut
    clip : Clip
    path : Path
        Where it goes.
    tool : str
        What got it.
    source_format : str
        More about where it came from than container and codec.

    Returns
    -------
    Fate
        ``ok``; with the reason ``short`` where its source ends before the clip does.
    """
    write_flac(path, piece.samples, piece.sample_rate)
    return Fate(
        clip.split,
        clip.clip_id,
        "ok",
        *_remark(clip, piece.duration, is_short=piece.is_short),
        source_format=f"{piece.format} {source_format}".strip(),
        duration=piece.duration,
        sample_rate=piece.found_rate,
        channels=piece.channels,
        sha256=sha256_of(path),
        tool=tool,
    )


def fate_of_stored(clip: Clip, path: Path) -> Fate:
    """What a file of :func:`write_flac` tells of its clip: how long it is, and its checksum.

    Raises
    ------
    AudioError
        If it is no such file.
    """
    try:
        info = soundfile.info(os.fspath(path))
    except (soundfile.SoundFileError, OSError) as error:
        raise AudioError(f"{path}: {error}") from error
    is_short = info.frames < round(clip.duration * info.samplerate)
    remark = _remark(clip, info.duration, is_short=is_short)
    return Fate(clip.split, clip.clip_id, "ok", *remark, duration=info.duration, sha256=sha256_of(path))


def _remark(clip: Clip, duration: float, *, is_short: bool) -> tuple[str, str]:
    """Reason and message."""
    return ("short", f"{duration:.3f} s of {clip.duration:g} s: its source ends") if is_short else ("", "")
