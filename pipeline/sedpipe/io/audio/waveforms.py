"""Decode recordings of any format, sample rate, length and number of channels to mono, or say why that is impossible.

This is the only entrance: every recording that is predicted, converted, mixed or adopted is decoded, mixed down to
mono, checked and remarked on here. Lengths are numbers of decoded samples, never what a header claims.

- :class:`Recording`: a recording's blocks of samples, and what decoding them revealed
- :func:`read_blocks`: the blocks alone; :func:`read_waveform`: a whole recording as one array
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr

from sedpipe.errors import AudioError
from sedpipe.failures import FailedClipError
from sedpipe.io.audio.blocks import track_blocks
from sedpipe.io.audio.container import not_finite, open_track, undecodable
from sedpipe.io.audio.level import SILENCE, Level, Remark, check_length, check_rate, silent
from sedpipe.io.audio.losses import Losses
from sedpipe.io.audio.opening import Opened, look_into, open_anyway, open_surely

MOST_SECONDS = 4 * 3600
"""Longest recording, in seconds, that is read as a whole."""

SAMPLES_PER_BLOCK = 2**19
"""Samples, counted over all channels, that libsndfile decodes per block: 2 MB."""

_NEAR_S = 0.1  # a header may claim this much more than there is, since coders pad their last frame


class Recording:
    """A recording in any format that libsndfile or FFmpeg decodes.

    Parameters
    ----------
    path : Path
    dtype : str
        ``float32`` or ``float64``.

    Attributes
    ----------
    rate, channels : int
        Sample rate in Hz and number of channels of the recording; known from the first block on.
    format : str
        Container and codec; also known from the first block on.
    n_samples : int
        Number of mono samples decoded so far.
    remarks : list of Remark
        What a user should know about a recording that can be used all the same; known after the last block:
        ``truncated``, ``header`` (the header claims another length than the file has), ``joined`` (several files in
        one), ``damaged`` (parts are missing), ``clipped`` (beyond full scale), ``silent``.

    Examples
    --------
    >>> recording = Recording(Path("street.wav"))                       # doctest: +SKIP
    >>> n_samples = sum(len(block) for block in recording.resampled(16_000))   # doctest: +SKIP
    >>> recording.rate, recording.remarks                              # doctest: +SKIP
    (44100, [])
    """

    def __init__(self, path: Path, dtype: str = "float32") -> None:
        self.path, self.rate, self.channels, self.format, self.n_samples = path, 0, 0, "", 0
        self.remarks: list[Remark] = []
        self._dtype = dtype
        self._level, self._losses = Level(), Losses()
        self._promised_s: float | None = None

    def blocks(self) -> Iterator[np.ndarray]:
        """Yield the whole recording at its own sample rate; works only once per object.

        Yields
        ------
        np.ndarray [shape=(samples,)]
            Mono samples (several channels are averaged), in about [-1, 1]; never empty.

        Raises
        ------
        FailedClipError
            If the recording cannot be decoded or used. The reason is ``unreadable``, ``no-audio``, ``undecodable`` or
            ``absurd-rate`` before the first block or, for damage further in, after the blocks that precede it; and
            ``too-short``, ``channels-cancel`` or ``beyond-full-scale`` (see :mod:`sedpipe.io.audio.level`) after the
            last block.
        """
        with look_into(self.path) as opened:
            yield from self._decoded(opened)
            check_length(str(self.path), self.n_samples, self.rate or 1)
            self._level.check(str(self.path))
            self.remarks = list(self._remarks(opened, self._promised_s))

    @property
    def is_silent(self) -> bool:
        """Whether everything decoded so far is silent."""
        return self._level.is_silent

    def resampled(self, sample_rate: int) -> Iterator[np.ndarray]:
        """Yield the whole recording at another sample rate, clipped at full scale; otherwise as :meth:`blocks`."""
        resampler = None
        for block in self.blocks():
            if self.rate == sample_rate:
                yield block.clip(-1, 1)
                continue
            resampler = resampler or soxr.ResampleStream(self.rate, sample_rate, 1, dtype=self._dtype)
            yield from _unless_empty(resampler.resample_chunk(block))
        if resampler is not None:
            yield from _unless_empty(resampler.resample_chunk(np.zeros(0, self._dtype), last=True))

    def _decoded(self, opened: Opened) -> Iterator[np.ndarray]:
        with open_surely(opened) as file:
            if file is not None:
                yield from self._by_libsndfile(file)
                if self.n_samples == file.frames:
                    return
        # FFmpeg continues where libsndfile stopped at damage, or decodes the whole recording
        yield from self._by_ffmpeg(opened)

    def _by_libsndfile(self, file: soundfile.SoundFile) -> Iterator[np.ndarray]:
        self._begin(file.samplerate, file.channels, f"{file.format} {file.subtype}".lower())
        frames = max(1, SAMPLES_PER_BLOCK // file.channels)
        while True:
            try:
                samples = _read(file, frames, self._dtype)
            except (soundfile.SoundFileError, OSError, MemoryError):
                return
            if not len(samples):
                return
            mono = samples[:, 0] if file.channels == 1 else samples.mean(axis=1)
            yield self._heard(mono, samples if file.channels > 1 else None)

    def _by_ffmpeg(self, opened: Opened) -> Iterator[np.ndarray]:
        skipped, name = self.n_samples, str(self.path)
        opened.file.seek(0)
        try:
            with open_track(opened.file, name) as track:
                for frame, block in track_blocks(track, name, self._level, self._losses):
                    if not self.rate:
                        self._begin(frame.rate, frame.channels, track.format)
                    kept = block[min(skipped, len(block)) :]
                    skipped -= len(block) - len(kept)
                    if len(kept):
                        self.n_samples += len(kept)
                        yield kept.astype(self._dtype)
                self._promised_s = track.promised_s
        except FailedClipError as failed:
            if self.n_samples or failed.failure.reason != "undecodable":
                raise
            # laboratory formats that FFmpeg does not support
            with open_anyway(opened) as file:
                if file.frames > MOST_SECONDS * max(1, file.samplerate):
                    raise undecodable(f"{name}: cannot be decoded as audio") from failed
                yield from self._by_libsndfile(file)

    def _begin(self, rate: int, channels: int, form: str) -> None:
        check_rate(str(self.path), rate)
        self.rate, self.channels, self.format = rate, channels, form

    def _heard(self, mono: np.ndarray, channels: np.ndarray | None) -> np.ndarray:
        if not np.isfinite(mono).all():
            raise not_finite(str(self.path))
        self._level.hear(mono, channels)
        self.n_samples += len(mono)
        return mono

    def _remarks(self, opened: Opened, promised_s: float | None) -> Iterator[Remark]:
        if self.is_silent:
            yield SILENCE
        if opened.samples is not None:
            yield from opened.samples.remarks
        there_s = self.n_samples / self.rate
        if opened.n_frames is not None:
            promised_s = opened.n_frames / self.rate
        if promised_s is not None and promised_s > there_s + _NEAR_S:
            yield "truncated", f"its header says {promised_s:,.1f} s, {there_s:,.1f} s are there"
        yield from self._losses.remarks
        yield from self._level.remarks


def read_blocks(path: Path, sample_rate: int) -> Iterator[np.ndarray]:
    """Yield a whole recording block by block: :meth:`Recording.resampled` for callers that need no remarks."""
    return Recording(path).resampled(sample_rate)


def read_waveform(path: Path, sample_rate: int, dtype: str = "float32") -> np.ndarray:
    """Decode a recording that is not silent to a mono waveform at ``sample_rate``.

    Parameters
    ----------
    path : Path
        Any format that libsndfile reads (WAV, FLAC, Ogg Vorbis, AIFF, ...) or FFmpeg decodes (MP3, M4A, WebM, ...).
    sample_rate : int
        Sample rate of the result in Hz; recordings at other rates are resampled (soxr, high quality).
    dtype : str
        ``float32`` or ``float64``.

    Returns
    -------
    np.ndarray [shape=(samples,)]
        Mono samples in about [-1, 1]; several channels are averaged.

    Raises
    ------
    FailedClipError
        As for :meth:`Recording.blocks`, or if the recording is silent (``silent``).
    AudioError
        If the recording is longer than four hours.
    """
    recording, blocks = Recording(path, dtype), []
    for block in recording.blocks():
        blocks.append(block)
        if recording.n_samples > MOST_SECONDS * recording.rate:
            raise AudioError(f"{path}: longer than {MOST_SECONDS // 3600} hours")
    if recording.is_silent:
        raise silent(str(path))
    whole: np.ndarray = blocks[0] if len(blocks) == 1 else np.concatenate(blocks)
    return whole if recording.rate == sample_rate else soxr.resample(whole, recording.rate, sample_rate)


def _read(file: Any, frames: int, dtype: str) -> np.ndarray:
    """Read the next frames of an open file, in [-1, 1], as shape=(frames, channels)."""
    if file.subtype != "PCM_16":
        samples: np.ndarray = file.read(frames, dtype=dtype, always_2d=True)
        return samples
    # scaling by libsndfile takes four times as long
    samples = file.read(frames, dtype="int16", always_2d=True).astype(dtype)
    samples *= 2.0**-15
    return samples


def _unless_empty(block: np.ndarray) -> Iterator[np.ndarray]:
    if len(block):
        yield block.clip(-1, 1)
