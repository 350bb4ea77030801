"""Recordings of any format, rate, length and number of channels -> mono waveforms, or the reason why not.

The only way in: what is predicted, converted, mixed or adopted is decoded, mixed down, judged and remarked on here.
The number of decoded samples counts, never what a header claims.

- :class:`Recording`: blocks of samples, and what was found out about them
- :func:`read_blocks`: the blocks alone; :func:`read_waveform`: all of one at once
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
from sedpipe.io.audio.opening import Opened, look_into, open_anyway, open_surely

MOST_SECONDS = 4 * 3600
"""Longest recording that is read at once."""

SAMPLES_PER_BLOCK = 2**19
"""Samples, all channels together, that are decoded at once where libsndfile reads: 2 MB."""

_NEAR_S = 0.1  # a header may say so much more than there is: coders fill up their last frame


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
        Of the recording; known from the first block on.
    format : str
        Container and codec; likewise.
    n_samples : int
        Decoded so far.
    remarks : list of Remark
        What a person should know although it can be used; known after the last block. ``truncated``, ``header`` (it
        claims another length than is there), ``joined`` (several files in one), ``clipped`` (beyond full scale),
        ``silent``.

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
        self._level = Level()
        self._promised_s: float | None = None

    def blocks(self) -> Iterator[np.ndarray]:
        """All of it at its own rate, once.

        Yields
        ------
        np.ndarray [shape=(samples,)]
            Mono (several channels are averaged), in about [-1, 1]; never empty.

        Raises
        ------
        FailedClipError
            ``unreadable``, ``no-audio``, ``undecodable`` or ``absurd-rate`` before the first block; for damage that
            lies further in, after the blocks before it. ``too-short``, ``channels-cancel`` or
            ``beyond-full-scale`` (see :mod:`sedpipe.io.audio.level`) after the last.
        """
        with look_into(self.path) as opened:
            yield from self._decoded(opened)
            check_length(str(self.path), self.n_samples, self.rate or 1)
            self._level.check(str(self.path))
            self.remarks = list(self._remarks(opened, self._promised_s))

    @property
    def is_silent(self) -> bool:
        """Whether nothing was heard in what was decoded so far."""
        return self._level.is_silent

    def resampled(self, sample_rate: int) -> Iterator[np.ndarray]:
        """All of it at another rate, cut off at full scale, once; as :meth:`blocks` otherwise."""
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
        # FFmpeg goes on where libsndfile stopped at damage, or decodes it all
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
                for frame, block in track_blocks(track, name, self._level):
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
            # formats of laboratories that FFmpeg does not know
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
        yield from self._level.remarks


def read_blocks(path: Path, sample_rate: int) -> Iterator[np.ndarray]:
    """All of a recording, a block at a time: :meth:`Recording.resampled` where nobody asks for remarks."""
    return Recording(path).resampled(sample_rate)


def read_waveform(path: Path, sample_rate: int, dtype: str = "float32") -> np.ndarray:
    """Decode a recording in which something sounds to mono at ``sample_rate``.

    Parameters
    ----------
    path : Path
        Any format that libsndfile reads (WAV, FLAC, Ogg Vorbis, AIFF, ...) or FFmpeg decodes (MP3, M4A, WebM, ...).
    sample_rate : int
        Hz; other rates are resampled (soxr, high quality).
    dtype : str
        ``float32`` or ``float64``.

    Returns
    -------
    np.ndarray [shape=(samples,)]
        In about [-1, 1]; several channels are averaged.

    Raises
    ------
    FailedClipError
        As :meth:`Recording.blocks`, and ``silent``.
    AudioError
        If it is longer than four hours.
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
    """The next frames of an open file, in [-1, 1]. shape=(frames, channels)."""
    if file.subtype != "PCM_16":
        samples: np.ndarray = file.read(frames, dtype=dtype, always_2d=True)
        return samples
    # libsndfile takes four times as long to scale them
    samples = file.read(frames, dtype="int16", always_2d=True).astype(dtype)
    samples *= 2.0**-15
    return samples


def _unless_empty(block: np.ndarray) -> Iterator[np.ndarray]:
    if len(block):
        yield block.clip(-1, 1)
