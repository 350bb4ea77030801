"""A stretch of any recording, exact to the sample: seek early, decode, place by timestamps, trim.

Seeking in audio is never exact: WebM jumps to a cue that may lie ten seconds before, M4A to a frame before or
after, and the first frames after a jump decode wrongly. So the jump goes ahead of the stretch, every decoded
frame is put where its timestamp says, and the stretch is taken out of that. Only seconds around the stretch are
ever in memory.

- :func:`cut`: recording -> :class:`Cut`
- :class:`Cut`: the samples, and what they were made from
- :data:`SILENT_BELOW`, :data:`SHORTEST_S`: what is not worth keeping
"""

from __future__ import annotations

import math
import os
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr

from sedpipe.failures import FailedClipError, Failure
from sedpipe.io.audio.container import Readable, Track, open_track, opened, undecodable
from sedpipe.io.audio.timeline import LONGEST_FRAME_S, MOST_LOST, Run, place

SHORTEST_S = 1.0
"""Seconds; less than this of a clip is not worth keeping."""

SILENT_BELOW = 1e-4
"""Peak (of 1) below which a clip is silent: three steps of 16 bit, -80 dB; coders leave less of digital silence."""

_CONTEXT_S = 0.25  # decoded on both sides of the stretch, for the resampler's filter
_WARM_UP_S = 0.5  # decoded before that, for the decoder's own memory (Opus needs 80 ms, MP3's reservoir 50)
_JUMPS_AHEAD_S = (1.0, 15.0, 120.0)  # tried in this order; then everything from the beginning


@dataclass(frozen=True)
class Cut:
    """A stretch of a recording.

    Parameters
    ----------
    samples : np.ndarray [shape=(samples,), dtype=float32]
        Mono; shorter than asked for where the recording ends early.
    sample_rate : int
        Hz, of ``samples``.
    found_rate, channels : int
        Of the recording.
    format : str
        Container and codec (``matroska opus``).
    is_short : bool
        Whether the recording ends before the stretch does.
    """

    samples: np.ndarray
    sample_rate: int
    found_rate: int
    channels: int
    format: str
    is_short: bool = False

    @property
    def duration(self) -> float:
        """Seconds."""
        return len(self.samples) / self.sample_rate


@dataclass(frozen=True)
class _Stretch:
    """What was decoded around the stretch that is wanted."""

    runs: list[Run]
    is_whole: bool  # began early enough, or at the very beginning of the recording
    found_rate: int
    channels: int
    format: str
    listed_end_s: float | None  # what the container says; the last frame of Ogg Vorbis is filled up beyond it
    goes_on_at_s: float  # where a frame after the stretch begins, else 0: what lacks before it is damage, no end


def cut(
    source: str | os.PathLike[str] | Readable,
    start_s: float,
    end_s: float,
    sample_rate: int,
    *,
    timeout_s: float | None = None,
) -> Cut:
    """Take a stretch out of a recording.

    Parameters
    ----------
    source : path or Readable
        A local file in any format that FFmpeg decodes, or something that reads like one
        (:class:`sedpipe.io.web.remote_file.RemoteFile`).
    start_s, end_s : float
        Seconds from the first sample of the recording.
    sample_rate : int
        Hz of what is returned.
    timeout_s : float, optional
        Give up after this long.

    Returns
    -------
    Cut
        ``round((end_s - start_s) * sample_rate)`` samples, or as many as there are if the recording ends early.
        They begin at ``start_s`` as exactly as the container tells time (WebM: half a millisecond). Channels are
        averaged; other rates are resampled, with what lies before and after.

    Raises
    ------
    FailedClipError
        ``too-short`` (under 1 s is there), ``silent``, ``no-audio`` (``gone``), ``undecodable``, ``timeout``
        (``retryable``), or what ``source`` raised.
    """
    if not 0 <= start_s < end_s:
        raise ValueError(f"expected 0 <= start < end, got {start_s}, {end_s}")
    deadline = math.inf if timeout_s is None else time.monotonic() + timeout_s
    name = str(source) if isinstance(source, str | os.PathLike) else "the recording"
    with ExitStack() as stack:
        file = stack.enter_context(opened(Path(source))) if isinstance(source, str | os.PathLike) else source
        stretch = _decode_around(file, name, start_s, end_s, deadline)
    return _trim(stretch, name, start_s, end_s, sample_rate)


def _decode_around(file: Readable, name: str, start_s: float, end_s: float, deadline: float) -> _Stretch:
    """Jump further and further ahead until the stretch is whole; a jump may land late, or fail."""
    for ahead_s in _JUMPS_AHEAD_S:
        if ahead_s >= start_s:
            break
        try:
            stretch = _decode_from(file, name, start_s - ahead_s, (start_s, end_s), deadline)
        except FailedClipError as failed:
            if failed.failure.reason != "undecodable":
                raise
            # where this jump led nowhere, one that goes further ahead may do
            continue
        if stretch.is_whole:
            return stretch
    return _decode_from(file, name, 0.0, (start_s, end_s), deadline)


def _decode_from(file: Readable, name: str, begin_s: float, wanted: tuple[float, float], deadline: float) -> _Stretch:
    file.seek(0)
    with open_track(file, name) as track:
        return _decoded(track, name, begin_s, wanted, deadline)


def _decoded(track: Track, name: str, begin_s: float, wanted: tuple[float, float], deadline: float) -> _Stretch:
    first_s, last_s = wanted[0] - _CONTEXT_S, wanted[1] + _CONTEXT_S
    runs: list[Run] = []
    began_s, channels, lost, goes_on_at_s = None, 0, 0, 0.0
    for frame in track.frames(begin_s, deadline):
        if frame is None:
            lost += 1
            continue
        at_s = frame.at_s
        if began_s is None:
            began_s = at_s
        channels = channels or frame.channels
        if at_s is not None and at_s >= last_s:
            goes_on_at_s = at_s
            break
        if at_s is None or at_s + frame.n_samples / frame.rate > first_s:
            if not runs or not runs[-1].continues(at_s, frame.rate):
                runs.append(Run(frame.rate))
            runs[-1].add(frame.mono(), at_s)
            if runs[-1].begins_s and runs[-1].end_s >= last_s + 1.0:  # a stream without timestamps must end, too
                break
    runs = [run for run in runs if run.begins_s]
    ends_before = began_s is None and 0 < track.listed_duration_s < wanted[0]
    is_whole = begin_s == 0 or ends_before or (began_s is not None and began_s <= first_s - _WARM_UP_S)
    if lost and not runs:
        raise undecodable(f"{name} cannot be decoded as audio: every packet is damaged")
    rate = runs[0].rate if runs else track.listed_rate
    return _Stretch(runs, is_whole, rate, channels, track.format, track.listed_end_s, goes_on_at_s)


def _trim(stretch: _Stretch, name: str, start_s: float, end_s: float, sample_rate: int) -> Cut:
    found_rate, runs = stretch.found_rate, stretch.runs
    available_s = _end_s(stretch)
    if available_s - start_s < SHORTEST_S - 0.5 / sample_rate:
        raise FailedClipError(
            f"{name}: only {max(0.0, available_s - start_s):.3f} s of audio from {start_s:g} s on",
            Failure("gone", "too-short"),
        )
    # Both sample grids meet at every whole second, so from one of those resampling shifts nothing.
    origin = math.floor(max(0.0, start_s - _CONTEXT_S))
    last_s = min(end_s + _CONTEXT_S, available_s)
    placed, covered = place(runs, found_rate, origin, math.ceil((last_s - origin) * found_rate))
    resampled = placed if found_rate == sample_rate else soxr.resample(placed, found_rate, sample_rate)
    first = round((start_s - origin) * sample_rate)
    wanted = round((end_s - start_s) * sample_rate)
    there = round((available_s - start_s) * sample_rate)
    samples = np.ascontiguousarray(resampled[first : first + min(wanted, there)], dtype=np.float32)
    inside = covered[round((start_s - origin) * found_rate) : round((min(end_s, last_s) - origin) * found_rate)]
    if inside.size and inside.mean() < 1 - MOST_LOST:
        raise undecodable(f"{name}: {100 * (1 - inside.mean()):.0f} % of the clip is missing or damaged")
    if np.abs(samples).max() < SILENT_BELOW:
        raise FailedClipError(f"{name}: silent from {start_s:g} s to {end_s:g} s", Failure("gone", "silent"))
    return Cut(samples, sample_rate, found_rate, stretch.channels, stretch.format, is_short=len(samples) < wanted)


def _end_s(stretch: _Stretch) -> float:
    available_s = max((run.end_s for run in stretch.runs), default=0.0)
    if stretch.goes_on_at_s:
        return max(available_s, stretch.goes_on_at_s)
    if stretch.listed_end_s is not None and 0 < available_s - stretch.listed_end_s < LONGEST_FRAME_S:
        return stretch.listed_end_s
    return available_s
