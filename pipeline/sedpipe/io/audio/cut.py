"""Cut a stretch out of any recording, exact to the sample: seek early, decode, place by timestamps, trim.

Seeking by FFmpeg is never exact: WebM jumps to a cue that may lie ten seconds earlier, M4A to a frame before or
after, and the first frames after a jump are decoded wrongly. So the jump goes to a point before the stretch, every
decoded frame is placed where its timestamp says, and the stretch is cut out of the result. Only a few seconds around
the stretch are ever in memory.

Files that libsndfile reads reliably (:mod:`sedpipe.io.audio.opening`) are cut by libsndfile, whose seeks are exact.

- :func:`cut`: recording -> :class:`Cut`
- :class:`Cut`: the samples, and properties of the recording that they were cut from
- :func:`outlasts`: whether a recording is longer than a given time
"""

from __future__ import annotations

import math
import os
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import soundfile
import soxr

from sedpipe.failures import FailedClipError
from sedpipe.io.audio.container import Readable, Track, not_finite, open_track, undecodable
from sedpipe.io.audio.level import SILENT_BELOW, Level, Remark, check_length, check_rate, silent
from sedpipe.io.audio.losses import Losses
from sedpipe.io.audio.opening import Opened, look_into, open_anyway, open_surely
from sedpipe.io.audio.timeline import LONGEST_FRAME_S, Run, is_damaged, place

_CONTEXT_S = 0.25  # decoded on both sides of the stretch, for the resampler's filter
_WARM_UP_S = 0.5  # decoded before that, to fill the decoder's internal state (Opus needs 80 ms, MP3's reservoir 50 ms)
_JUMPS_AHEAD_S = (1.0, 15.0, 120.0)  # tried in this order; then everything is decoded from the beginning


@dataclass(frozen=True)
class Cut:
    """A stretch of a recording.

    Parameters
    ----------
    samples : np.ndarray [shape=(samples,), dtype=float32]
        Mono samples; fewer than requested if the recording ends early.
    sample_rate : int
        Sample rate of ``samples`` in Hz.
    found_rate, channels : int
        Sample rate in Hz and number of channels of the recording.
    format : str
        Container and codec (``matroska opus``).
    is_short : bool
        Whether the recording ends before the stretch does.
    remarks : tuple of Remark
        What a user should know about the recording, although it can be used.
    """

    samples: np.ndarray
    sample_rate: int
    found_rate: int
    channels: int
    format: str
    is_short: bool = False
    remarks: tuple[Remark, ...] = ()

    @property
    def duration(self) -> float:
        """Length of the samples in seconds."""
        return len(self.samples) / self.sample_rate


@dataclass(frozen=True)
class _Stretch:
    """What was decoded in and around the requested stretch."""

    runs: list[Run]
    level: Level  # level of the stretch itself
    is_whole: bool  # whether decoding began early enough, or at the very beginning of the recording
    found_rate: int
    channels: int
    format: str
    listed_end_s: float | None  # end according to the container; the last frame of Ogg Vorbis is padded beyond it
    goes_on_at_s: float  # where a frame after the stretch begins, else 0: a gap before it is damage, not the end
    losses: Losses = field(default_factory=Losses)  # damaged packets in and around the stretch


def cut(
    source: str | os.PathLike[str] | Readable,
    start_s: float,
    end_s: float,
    sample_rate: int,
    *,
    timeout_s: float | None = None,
) -> Cut:
    """Cut a stretch out of a recording.

    Parameters
    ----------
    source : path or Readable
        Local file in any format that FFmpeg decodes, or a file-like object
        (:class:`sedpipe.io.web.remote_file.RemoteFile`).
    start_s, end_s : float
        Start and end of the stretch, in seconds from the first sample of the recording.
    sample_rate : int
        Sample rate of the result in Hz.
    timeout_s : float, optional
        Seconds after which decoding by FFmpeg is given up.

    Returns
    -------
    Cut
        ``round((end_s - start_s) * sample_rate)`` samples, or as many as there are if the recording ends early.
        They begin at ``start_s`` as exactly as the container's timestamps allow (WebM: half a millisecond). Channels
        are averaged; other sample rates are resampled, together with some audio before and after the stretch.

    Raises
    ------
    FailedClipError
        If the stretch cannot be decoded or used. The reason is ``too-short``, ``silent``, ``channels-cancel``,
        ``beyond-full-scale`` (see :mod:`sedpipe.io.audio.level`), ``absurd-rate`` or ``no-audio`` (all ``gone``),
        ``undecodable``, ``unreadable`` or ``timeout`` (``retryable``), or what ``source`` raised.
    ValueError
        Unless 0 <= ``start_s`` < ``end_s``.
    """
    if not 0 <= start_s < end_s:
        raise ValueError(f"expected 0 <= start < end, got {start_s}, {end_s}")
    deadline = math.inf if timeout_s is None else time.monotonic() + timeout_s
    if not isinstance(source, str | os.PathLike):
        stretch = _decode_around(source, "the recording", start_s, end_s, deadline)
        return _trim(stretch, "the recording", start_s, end_s, sample_rate)
    name = str(source)
    with look_into(Path(source)) as opened:
        stretch = _stretch_of(opened, start_s, end_s, deadline)
        piece = _trim(stretch, name, start_s, end_s, sample_rate)
        told = opened.samples.remarks if opened.samples is not None else ()
        return replace(piece, remarks=(*told, *piece.remarks))


def outlasts(path: Path, seconds: float) -> bool:
    """Return whether a recording is longer than ``seconds``; nothing is decoded, so damage cannot shorten it.

    Raises
    ------
    FailedClipError
        If the recording cannot be opened as audio (``no-audio``, ``undecodable`` or ``unreadable``).
    """
    with look_into(path) as opened:
        with open_surely(opened) as file:
            if file is not None:
                return bool(file.frames > seconds * file.samplerate)
        opened.file.seek(0)
        with open_track(opened.file, str(path)) as track:
            return track.goes_on_after(seconds)


def _stretch_of(opened: Opened, start_s: float, end_s: float, deadline: float) -> _Stretch:
    with open_surely(opened) as file:
        stretch = None if file is None else _read_surely(file, str(opened.path), start_s, end_s)
    if stretch is not None:
        return stretch
    try:
        if opened.is_joined:  # a jump might land in any of the joined files
            return _decode_from(opened.file, str(opened.path), 0.0, (start_s, end_s), deadline)
        return _decode_around(opened.file, str(opened.path), start_s, end_s, deadline)
    except FailedClipError as failed:
        if failed.failure.reason != "undecodable":
            raise
        # laboratory formats that FFmpeg does not support
        with open_anyway(opened) as file:
            stretch = _read_surely(file, str(opened.path), start_s, end_s)
        if stretch is None:
            raise
        return stretch


def _read_surely(file: soundfile.SoundFile, name: str, start_s: float, end_s: float) -> _Stretch | None:
    """Read the stretch and its surroundings; None if they cannot be read completely, or a seek would not be exact."""
    rate, n_frames = file.samplerate, file.frames
    first = min(n_frames, max(0, math.floor((start_s - _CONTEXT_S) * rate)))
    last = min(n_frames, math.ceil((end_s + _CONTEXT_S) * rate))
    if first and file.subtype == "VORBIS":
        return None
    try:
        file.seek(first)
        channels = file.read(last - first, dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, OSError, MemoryError):
        return None
    if len(channels) < last - first:
        return None
    mono, level = channels.mean(axis=1), Level()
    if not np.isfinite(mono).all():
        raise not_finite(name)
    inside = slice(max(0, round(start_s * rate) - first), max(0, round(end_s * rate) - first))
    level.hear(mono[inside], channels[inside] if file.channels > 1 else None)
    run = Run(rate, [mono], len(mono), [first / rate])
    kind = f"{file.format} {file.subtype}".lower()
    return _Stretch([run], level, True, rate, file.channels, kind, None, last / rate if last < n_frames else 0.0)


def _decode_around(file: Readable, name: str, start_s: float, end_s: float, deadline: float) -> _Stretch:
    """Jump to earlier and earlier points until the stretch is whole, since a jump may land late, or fail."""
    for ahead_s in _JUMPS_AHEAD_S:
        if ahead_s >= start_s:
            break
        try:
            stretch = _decode_from(file, name, start_s - ahead_s, (start_s, end_s), deadline)
        except FailedClipError as failed:
            if failed.failure.reason != "undecodable":
                raise
            # where this jump failed, one to an earlier point may succeed
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
    level, losses = Level(), Losses(is_timed=track.is_timed)
    began_s, channels, lost, goes_on_at_s = None, 0, 0, 0.0
    for frame in track.frames(begin_s, deadline):
        if frame is None:
            lost += 1
            if runs:  # before them, the jump itself may be the reason
                losses.packet(is_intact=False)
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
            mono, of_channels = frame.samples()
            runs[-1].add(mono, at_s)
            losses.packet(is_intact=True)
            if at_s is None or (at_s + frame.n_samples / frame.rate > wanted[0] and at_s < wanted[1]):
                level.hear(mono, of_channels)
            if runs[-1].begins_s and runs[-1].end_s >= last_s + 1.0:  # also stops in a stream without timestamps
                break
    runs = [run for run in runs if run.begins_s]
    ends_before = began_s is None and 0 < track.listed_duration_s < wanted[0]
    is_whole = begin_s == 0 or ends_before or (began_s is not None and began_s <= first_s - _WARM_UP_S)
    if lost and not runs:
        raise undecodable(f"{name}: cannot be decoded as audio (every packet is damaged)")
    rate = runs[0].rate if runs else track.listed_rate
    return _Stretch(runs, level, is_whole, rate, channels, track.format, track.listed_end_s, goes_on_at_s, losses)


def _trim(stretch: _Stretch, name: str, start_s: float, end_s: float, sample_rate: int) -> Cut:
    found_rate, runs = stretch.found_rate, stretch.runs
    available_s = _end_s(stretch)
    check_rate(name, found_rate)
    there_s = max(0.0, available_s - start_s)
    check_length(
        name if start_s == 0 else f"{name} from {start_s:g} s on",
        round(there_s * found_rate),
        found_rate,
        end_s - start_s,
    )
    # Both sample grids meet at every whole second, so resampling that begins at one shifts nothing.
    origin = math.floor(max(0.0, start_s - _CONTEXT_S))
    last_s = min(end_s + _CONTEXT_S, available_s)
    placed, covered = place(runs, found_rate, origin, math.ceil((last_s - origin) * found_rate))
    resampled = placed if found_rate == sample_rate else soxr.resample(placed, found_rate, sample_rate)
    first = round((start_s - origin) * sample_rate)
    wanted = round((end_s - start_s) * sample_rate)
    there = round((available_s - start_s) * sample_rate)
    samples = np.ascontiguousarray(resampled[first : first + min(wanted, there)], dtype=np.float32)
    inside = covered[round((start_s - origin) * found_rate) : round((min(end_s, last_s) - origin) * found_rate)]
    if inside.size and is_damaged(int(np.count_nonzero(inside)), inside.size, found_rate):
        raise undecodable(f"{name}: {100 * (1 - inside.mean()):.0f} % of the clip is missing or damaged")
    stretch.losses.missing_s = _missing_s(inside, found_rate, begins=start_s == 0)
    stretch.level.check(name)
    if stretch.level.is_silent:
        raise silent(name)
    if np.abs(samples).max() < SILENT_BELOW:  # the stretch can be silent although the frames at its edges are not
        raise silent(f"{name} from {start_s:g} s to {end_s:g} s")
    is_short, remarks = len(samples) < wanted, (*stretch.losses.remarks, *stretch.level.remarks)
    return Cut(samples, sample_rate, found_rate, stretch.channels, stretch.format, is_short, remarks)


def _missing_s(covered: np.ndarray, rate: int, *, begins: bool) -> float:
    """Return the seconds of a stretch that are not covered, except a first frame that some coders lose."""
    there = np.flatnonzero(covered)
    lost_first = int(there[0]) if begins and len(there) and there[0] <= LONGEST_FRAME_S * rate else 0
    return (covered.size - len(there) - lost_first) / rate


def _end_s(stretch: _Stretch) -> float:
    available_s = max((run.end_s for run in stretch.runs), default=0.0)
    if stretch.goes_on_at_s:
        return max(available_s, stretch.goes_on_at_s)
    if stretch.listed_end_s is not None and 0 < available_s - stretch.listed_end_s < LONGEST_FRAME_S:
        return stretch.listed_end_s
    return available_s
