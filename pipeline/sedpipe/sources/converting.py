"""A recording of the user -> the audio of its clips in the store, one piece at a time.

- :func:`convert`: a :class:`Conversion` -> fates
- :func:`is_silent`: whether a piece is silent
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sedpipe.clips import Clip, ClipFormat
from sedpipe.errors import NameTooLongError
from sedpipe.failures import FailedClipError
from sedpipe.fates import Fate
from sedpipe.io.audio.level import SILENCE, SILENT_BELOW, Remark
from sedpipe.io.audio.store import remarked, write_flac
from sedpipe.io.audio.survey import Survey
from sedpipe.io.audio.waveforms import Recording
from sedpipe.io.files.checksums import sha256_of

CONVERTED = "converted"
"""The tool that made the audio of a clip."""

_EDGE_S = 0.05  # at either end of a piece, where the resampler rings from the adjacent piece


@dataclass(frozen=True)
class Conversion:
    """Clips that are to be made from one recording.

    Parameters
    ----------
    path : Path
    seen : Survey
        Survey of the recording from when its clips were planned.
    clips : tuple of (Clip, Path)
        Pieces of the recording, in order, and the paths for their audio.
    clip_format : ClipFormat
    remarks : tuple of Remark
        Remarks for the fate of every clip.
    """

    path: Path
    seen: Survey
    clips: tuple[tuple[Clip, Path], ...]
    clip_format: ClipFormat
    remarks: tuple[Remark, ...] = ()


def convert(task: Conversion) -> list[Fate]:
    """Decode a recording once and store its clips; fates of clips that cannot be made contain the reason."""
    fates: list[Fate] = []
    try:
        status = os.stat(task.path)
        if (status.st_size, status.st_mtime_ns) != task.seen.stamp:
            return _failed(task, "changed", f"{task.path}: changed while it was read; run the same command again")
        recording = Recording(task.path)
        for (clip, target), samples in _pieces(recording, task):
            fates.append(_stored(task, recording, clip, target, samples))
    except FailedClipError as failed:
        _forget(task)
        return _failed(task, failed.failure.reason, failed.message)
    except OSError as error:
        return _failed(task, "unreadable", f"{task.path}: {error.strerror or error}")
    return fates


def _pieces(recording: Recording, task: Conversion) -> Iterator[tuple[tuple[Clip, Path], np.ndarray]]:
    """Yield each clip with its samples; never more than a clip and a block are in memory."""
    rate, most = task.clip_format.sample_rate, task.clip_format.n_samples
    wanted = iter(task.clips)
    due = next(wanted, None)
    held, first = np.zeros(0, np.float32), 0  # held[0] is the recording's sample ``first``
    for block in recording.resampled(rate):
        held = np.concatenate([held, block])
        while due is not None:
            begin = round(due[0].start_s * rate)
            if first + len(held) < begin + most:
                break
            yield due, held[begin - first : begin - first + most]
            due = next(wanted, None)
        if due is None:  # the rest need not be decoded: the survey has decoded all of it
            return
        done = min(first + len(held), round(due[0].start_s * rate))
        held, first = held[done - first :], done
    while due is not None:
        begin = round(due[0].start_s * rate)
        yield due, held[begin - first : begin - first + most]
        due = next(wanted, None)


def _stored(task: Conversion, recording: Recording, clip: Clip, target: Path, samples: np.ndarray) -> Fate:
    is_quiet = is_silent(samples, task.clip_format.sample_rate)
    if is_quiet and clip.labels:
        message = f"{task.path} from {clip.start_s:g} s to {clip.end_s:g} s: silent"
        return Fate(clip.split, clip.clip_id, "retryable", "silent", message)
    try:
        write_flac(target, samples, task.clip_format.sample_rate)
    except NameTooLongError as error:
        return Fate(clip.split, clip.clip_id, "retryable", "name-too-long", f"{error.message}: rename {task.path}")
    fate = Fate(
        clip.split,
        clip.clip_id,
        "ok",
        source_format=recording.format,
        duration=len(samples) / task.clip_format.sample_rate,
        sample_rate=recording.rate,
        channels=recording.channels,
        sha256=sha256_of(target),
        tool=CONVERTED,
    )
    is_told = any(reason == SILENCE[0] for reason, _ in task.remarks)
    # silence comes before the other remarks: the first one is the one that is counted
    return remarked(fate, (SILENCE, *task.remarks) if is_quiet and not is_told else task.remarks)


def is_silent(samples: np.ndarray, sample_rate: int) -> bool:
    """Return whether a piece (samples,) is silent, apart from the resampler's ringing at its ends."""
    edge = round(_EDGE_S * sample_rate)
    inner = samples[edge:-edge] if len(samples) > 4 * edge else samples
    return len(inner) == 0 or float(np.abs(inner).max()) < SILENT_BELOW


def _failed(task: Conversion, reason: str, message: str) -> list[Fate]:
    return [Fate(clip.split, clip.clip_id, "retryable", reason, message) for clip, _ in task.clips]


def _forget(task: Conversion) -> None:
    """Delete pieces that were stored before the recording turned out to be unusable."""
    for _, target in task.clips:
        if os.path.lexists(target):  # False for a name that is too long, for which unlink would raise
            target.unlink(missing_ok=True)
