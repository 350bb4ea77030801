"""The store's audio: one FLAC file per clip, mono, 16 bit, at the sample rate of its dataset.

- :func:`write_flac`: waveform -> file, whole or not at all
- :func:`store_cut`: stretch of a recording -> file and fate
- :func:`remarked`: a fate with remarks added
- :func:`read_stored`: file -> waveform
- :func:`fate_of_stored`: fate of a clip whose file exists already; :func:`rate_of_stored`: sample rate of a file
"""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile
import soxr

from sedpipe.clips import Clip
from sedpipe.errors import AudioError
from sedpipe.fates import Fate
from sedpipe.io.audio.cut import Cut
from sedpipe.io.audio.level import Remark
from sedpipe.io.files.atomic import write_atomically
from sedpipe.io.files.checksums import sha256_of


def write_flac(path: Path, waveform: np.ndarray, sample_rate: int) -> None:
    """Write a mono waveform as 16-bit FLAC, rounded without dither.

    Parameters
    ----------
    path : Path
        The file, written whole or not at all.
    waveform : np.ndarray [shape=(samples,)]
        Mono samples; values beyond [-1, 1) are clipped.
    sample_rate : int
        Sample rate in Hz.
    """
    whole = np.clip(np.rint(waveform * 32768.0), -32768, 32767).astype(np.int16)
    # encoded in memory, since libsndfile does not report a full disk, but the file system does
    encoded = io.BytesIO()
    soundfile.write(encoded, whole, sample_rate, format="FLAC", subtype="PCM_16")
    with write_atomically(path) as temporary:
        temporary.write_bytes(encoded.getbuffer())


def store_cut(piece: Cut, clip: Clip, path: Path, tool: str, source_format: str = "") -> Fate:
    """Store a stretch of a recording as the audio of its clip.

    Parameters
    ----------
    piece : Cut
    clip : Clip
    path : Path
        The file to write.
    tool : str
        Tool that fetched the recording.
    source_format : str
        Details of the source format, besides container and codec.

    Returns
    -------
    Fate
        The fate ``ok``, with the reason ``short`` if the recording ends before the clip does.
    """
    write_flac(path, piece.samples, piece.sample_rate)
    return Fate(
        clip.split,
        clip.clip_id,
        "ok",
        *_together(_shortness(clip, piece.duration, is_short=piece.is_short), *piece.remarks),
        source_format=f"{piece.format} {source_format}".strip(),
        duration=piece.duration,
        sample_rate=piece.found_rate,
        channels=piece.channels,
        sha256=sha256_of(path),
        tool=tool,
    )


def fate_of_stored(clip: Clip, path: Path) -> Fate:
    """Return the fate of a clip as its file from :func:`write_flac` shows it: duration, shortness and checksum.

    Raises
    ------
    AudioError
        If the file cannot be read as audio.
    """
    try:
        info = soundfile.info(os.fspath(path))
    except (soundfile.SoundFileError, OSError) as error:
        raise AudioError(f"{path}: {error}") from error
    is_short = info.frames < round(clip.duration * info.samplerate)
    remark = _together(_shortness(clip, info.duration, is_short=is_short))
    return Fate(clip.split, clip.clip_id, "ok", *remark, duration=info.duration, sha256=sha256_of(path))


def remarked(fate: Fate, remarks: Sequence[Remark]) -> Fate:
    """Return a fate with remarks: the name of the first as its reason, the sentences of all as its message."""
    reason, message = _together(*remarks)
    return replace(fate, reason=reason, message=message)


def _shortness(clip: Clip, duration: float, *, is_short: bool) -> Remark:
    return ("short", f"{duration:.3f} s of {clip.duration:g} s: its source ends") if is_short else ("", "")


def _together(*remarks: Remark) -> Remark:
    said = [(reason, message) for reason, message in remarks if reason]
    return (said[0][0], "; ".join(message for _, message in said)) if said else ("", "")


def rate_of_stored(path: Path) -> int:
    """Return the sample rate in Hz of a file of the store; 0 if it is missing or not audio."""
    try:
        return int(soundfile.info(os.fspath(path)).samplerate)
    except (soundfile.SoundFileError, OSError):
        return 0


def read_stored(path: Path, sample_rate: int, most_samples: int | None = None) -> np.ndarray:
    """Read a file of the store, whose audio was checked when it was written.

    Parameters
    ----------
    path : Path
    sample_rate : int
        Sample rate of the result in Hz; files at other rates are resampled (soxr, high quality).
    most_samples : int, optional
        Largest number of samples to return, at ``sample_rate``. Audio beyond them is neither decoded nor checked,
        except for a tenth of a second that the resampler's filter needs at other rates.

    Returns
    -------
    np.ndarray [shape=(samples,), dtype=float32]
        Mono samples in [-1, 1), or slightly beyond after resampling.

    Raises
    ------
    AudioError
        If the file is missing, is not audio, is shorter than its header says, or contains no samples.
    """
    try:
        with soundfile.SoundFile(os.fspath(path)) as file:
            found_rate, frames = file.samplerate, -1
            if most_samples is not None:
                frames = most_samples
                if found_rate != sample_rate:
                    frames = -(-most_samples * found_rate // sample_rate) + found_rate // 10
            # scaling by libsndfile takes four times as long
            samples = file.read(frames, dtype="int16", always_2d=True).mean(axis=1, dtype=np.float32)
    except (soundfile.SoundFileError, OSError, MemoryError) as error:  # MemoryError: a header may claim any size
        raise AudioError(f"{path}: {_why_not(path)}") from error
    if len(samples) == 0:
        raise AudioError(f"{path}: contains no audio (0 samples)")
    samples *= 2.0**-15
    waveform: np.ndarray = samples if found_rate == sample_rate else soxr.resample(samples, found_rate, sample_rate)
    return waveform[:most_samples]


def _why_not(path: Path) -> str:
    try:
        return "the file is empty (0 bytes)" if path.stat().st_size == 0 else "cannot be decoded as audio"
    except OSError as error:
        return error.strerror or str(error)
