"""Audio files -> mono waveforms, or the reason why not.

- :func:`read_waveform`: decode, mix down, resample
- :func:`read_blocks`: the same for a recording of any length, a block at a time
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile
import soxr

from sedpipe.errors import AudioError
from sedpipe.failures import FailedClipError
from sedpipe.io.audio.blocks import decode_blocks

MOST_SECONDS = 4 * 3600
"""Longest recording that is read at once; a header may claim any length."""

SAMPLES_PER_BLOCK = 2**19
"""Samples, all channels together, that are decoded at once where a recording is read in blocks: 2 MB."""

_NOT_ITS_FORMAT = (1, 4)  # libsndfile: a container, or an encoding, that it does not know; else the file is damaged


def read_waveform(path: Path, sample_rate: int, dtype: str = "float32", most_samples: int | None = None) -> np.ndarray:
    """Decode a recording to mono at ``sample_rate``.

    Parameters
    ----------
    path : Path
        Any format that libsndfile reads (WAV, FLAC, Ogg Vorbis and Opus, MP3, AIFF, ...), else any that FFmpeg
        decodes (M4A, WebM, WMA, ...).
    sample_rate : int
        Hz; other rates are resampled (soxr, high quality).
    dtype : str
        ``float32`` or ``float64``.
    most_samples : int, optional
        Nothing is needed after so many samples at ``sample_rate``. What lies beyond is neither decoded nor checked,
        as far as libsndfile reads the file; at other rates a tenth of a second more is, for the resampler's filter.

    Returns
    -------
    np.ndarray [shape=(samples,)]
        In about [-1, 1]; several channels are averaged.

    Raises
    ------
    AudioError
        If the file is missing, is no audio, holds no sample, or holds one that is not finite.
    """
    try:
        with soundfile.SoundFile(os.fspath(path)) as file:
            found_rate = file.samplerate
            samples = _samples(file, path, dtype, _frames_of(most_samples, sample_rate, found_rate))
    except soundfile.LibsndfileError as error:
        if error.code not in _NOT_ITS_FORMAT:
            raise AudioError(f"{path}: {why_not(path)}") from error
        found_rate, samples = sample_rate, _decoded_by_ffmpeg(path, sample_rate).astype(dtype)[:, None]
    except (soundfile.SoundFileError, OSError, MemoryError) as error:  # MemoryError: a header may claim any size
        raise AudioError(f"{path}: {why_not(path)}") from error
    if len(samples) == 0:
        raise AudioError(f"{path}: holds no audio (0 samples)")
    waveform: np.ndarray = samples[:, 0] if samples.shape[1] == 1 else samples.mean(axis=1)
    if not np.isfinite(waveform).all():
        raise AudioError(f"{path}: holds samples that are not finite (nan or infinity)")
    if found_rate != sample_rate:
        waveform = soxr.resample(waveform, found_rate, sample_rate)
    if len(waveform) == 0:
        raise AudioError(f"{path}: too short for a sample at {sample_rate} Hz")
    return waveform[:most_samples]


def _frames_of(most_samples: int | None, sample_rate: int, found_rate: int) -> int:
    """Frames to be read of the file, for ``most_samples`` after resampling; -1: all."""
    if most_samples is None or found_rate == sample_rate:
        return -1 if most_samples is None else most_samples
    return -(-most_samples * found_rate // sample_rate) + found_rate // 10


def _samples(file: soundfile.SoundFile, path: Path, dtype: str, frames: int) -> np.ndarray:
    """First frames of an open file, in [-1, 1]. shape=(frames, channels)."""
    if file.frames > MOST_SECONDS * file.samplerate:
        raise AudioError(f"{path}: longer than {MOST_SECONDS // 3600} hours")
    samples: np.ndarray
    if file.subtype == "PCM_16":  # libsndfile takes four times as long to scale them
        samples = file.read(frames, dtype="int16", always_2d=True).astype(dtype)
        samples *= 2.0**-15
    else:
        samples = file.read(frames, dtype=dtype, always_2d=True)
    return samples


def read_blocks(path: Path, sample_rate: int) -> Iterator[np.ndarray]:
    """Decode a recording of any length to mono at ``sample_rate``, a block at a time.

    The blocks one after another are what :func:`read_waveform` returns, but for the last bits of what is
    resampled. Memory does not grow with the recording.

    Parameters
    ----------
    path : Path
        As for :func:`read_waveform`.
    sample_rate : int
        Hz.

    Yields
    ------
    np.ndarray [shape=(samples,), dtype=float32]
        Never empty.

    Raises
    ------
    AudioError
        As :func:`read_waveform`; for damage that lies further in, after the blocks before it.
    """
    n_samples = 0
    for block in _resampled(_mono_blocks(path), sample_rate):
        if not np.isfinite(block).all():
            raise AudioError(f"{path}: holds samples that are not finite (nan or infinity)")
        n_samples += len(block)
        yield block
    if not n_samples:
        raise AudioError(f"{path}: holds no audio (0 samples at {sample_rate} Hz)")


def _mono_blocks(path: Path) -> Iterator[tuple[int, np.ndarray]]:
    """Rate and samples of each block."""
    try:
        with soundfile.SoundFile(os.fspath(path)) as file:
            frames = max(1, SAMPLES_PER_BLOCK // file.channels)
            while len(samples := file.read(frames, dtype="float32", always_2d=True)):
                yield file.samplerate, samples[:, 0] if samples.shape[1] == 1 else samples.mean(axis=1)
            return
    except soundfile.LibsndfileError as error:
        if error.code not in _NOT_ITS_FORMAT:  # these come from opening it, before any block
            raise AudioError(f"{path}: {why_not(path)}") from error
    except (soundfile.SoundFileError, OSError, MemoryError) as error:
        raise AudioError(f"{path}: {why_not(path)}") from error
    yield from _blocks_by_ffmpeg(path)


def _blocks_by_ffmpeg(path: Path) -> Iterator[tuple[int, np.ndarray]]:
    try:
        yield from decode_blocks(path)
    except FailedClipError as error:
        raise AudioError(f"{path}: {_why_not_by_ffmpeg(path, error)}") from error


def _resampled(blocks: Iterator[tuple[int, np.ndarray]], sample_rate: int) -> Iterator[np.ndarray]:
    resampler = None
    for rate, block in blocks:
        if rate == sample_rate:
            yield block
            continue
        resampler = resampler or soxr.ResampleStream(rate, sample_rate, 1, dtype="float32")
        yield from _unless_empty(resampler.resample_chunk(block))
    if resampler is not None:
        yield from _unless_empty(resampler.resample_chunk(np.zeros(0, np.float32), last=True))


def _unless_empty(block: np.ndarray) -> Iterator[np.ndarray]:
    if len(block):
        yield block


def _decoded_by_ffmpeg(path: Path, sample_rate: int) -> np.ndarray:
    blocks: list[np.ndarray] = []
    n_samples, rate = 0, sample_rate
    for rate, block in _blocks_by_ffmpeg(path):
        blocks.append(block)
        n_samples += len(block)
        if n_samples > MOST_SECONDS * rate:
            raise AudioError(f"{path}: longer than {MOST_SECONDS // 3600} hours")
    whole: np.ndarray = np.concatenate(blocks) if blocks else np.zeros(0, np.float32)
    return whole if rate == sample_rate else soxr.resample(whole, rate, sample_rate)


def _why_not_by_ffmpeg(path: Path, error: FailedClipError) -> str:
    return "holds no audio track" if error.failure.reason == "no-audio" else why_not(path)


def why_not(path: Path) -> str:
    """Why a file cannot be read, as far as the file system tells."""
    try:
        return "the file is empty (0 bytes)" if path.stat().st_size == 0 else "cannot be decoded as audio"
    except OSError as error:
        return error.strerror or str(error)
