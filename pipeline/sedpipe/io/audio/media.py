"""A stretch of any recording, exact to the sample: seek early, decode, place by timestamps, trim.

Seeking in audio is never exact: WebM jumps to a cue that may lie ten seconds before, M4A to a frame before or
after, and the first frames after a jump decode wrongly. So the jump goes ahead of the stretch, every decoded
frame is put where its timestamp says, and the stretch is taken out of that. Only seconds around the stretch are
ever in memory.

- :func:`cut`: recording -> :class:`Cut`
- :class:`Cut`: the samples, and what they were made from
- :func:`decode`: all of a recording
- :func:`decode_blocks`: the same, a block at a time
- :func:`lasts`: whether a recording is that long
- :data:`SILENT_BELOW`, :data:`SHORTEST_S`: what is not worth keeping
"""

from __future__ import annotations

import itertools
import math
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import soxr

from sedpipe.failures import FailedClipError, Failure

SHORTEST_S = 1.0
"""Seconds; less than this of a clip is not worth keeping."""

SILENT_BELOW = 1e-4
"""Peak (of 1) below which a clip is silent: three steps of 16 bit, -80 dB; coders leave less of digital silence."""

_CONTEXT_S = 0.25  # decoded on both sides of the stretch, for the resampler's filter
_WARM_UP_S = 0.5  # decoded before that, for the decoder's own memory (Opus needs 80 ms, MP3's reservoir 50)
_JUMPS_AHEAD_S = (1.0, 15.0, 120.0)  # tried in this order; then everything from the beginning
_GAP_S = 0.010  # frames that are this far from where the one before ended did lose something in between
_PACKETS_FOR_ZERO = 8
_FRAMES_TO_PLACE = 8  # whose timestamps, together, say where frames that follow one another begin
_LONGEST_GAP_S = 3600.0  # a timestamp may claim any
_LONGEST_FRAME_S = 0.1  # of any coder
_MOST_LOST = 0.1  # of a stretch may be missing or damaged

_FORMATS = (
    "aac,ac3,aiff,amr,ape,asf,au,avi,caf,eac3,flac,flv,matroska,mov,mp3,mp4,"
    "mpeg,mpegts,ogg,opus,rm,tta,voc,w64,wav,webm,wv"
)
"""Containers that hold their own audio; lists that point elsewhere (HLS, DASH, concat) could open any file."""

_INTEGER_SCALE = {"u8": 2.0**7, "s16": 2.0**15, "s32": 2.0**31, "s64": 2.0**63}


class Readable(Protocol):
    """An open file, or something like one."""

    def read(self, size: int = -1, /) -> bytes:
        """At most ``size`` bytes; none at the end."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Go to a byte."""

    def tell(self) -> int:
        """Where the next byte comes from."""


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


@dataclass
class _Run:
    """Frames that follow one another without a gap; where they begin is the middle of what their timestamps say."""

    rate: int
    pieces: list[np.ndarray] = field(default_factory=list)
    length: int = 0
    begins_s: list[float] = field(default_factory=list)

    @property
    def begin_s(self) -> float:
        return float(np.median(self.begins_s))

    @property
    def end_s(self) -> float:
        return self.begin_s + self.length / self.rate

    def continues(self, at_s: float | None, rate: int) -> bool:
        if rate != self.rate:
            return False
        return at_s is None or not self.begins_s or abs(at_s - self.end_s) < _GAP_S

    def add(self, mono: np.ndarray, at_s: float | None) -> None:
        if at_s is not None:
            self.begins_s.append(at_s - self.length / self.rate)
        self.pieces.append(mono)
        self.length += len(mono)


@dataclass(frozen=True)
class _Stretch:
    """What was decoded around the stretch that is wanted."""

    runs: list[_Run]
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
        file = stack.enter_context(_opened(Path(source))) if isinstance(source, str | os.PathLike) else source
        stretch = _decode_around(_Calm(file), name, start_s, end_s, deadline)
    return _trim(stretch, name, start_s, end_s, sample_rate)


def decode(path: Path, sample_rate: int, most_s: float) -> np.ndarray:
    """All of a recording, however short or quiet.

    Parameters
    ----------
    path : Path
        In any format that FFmpeg decodes.
    sample_rate : int
        Hz of what is returned.
    most_s : float
        Seconds; a longer one is not read further.

    Returns
    -------
    np.ndarray [shape=(samples,), dtype=float32]
        Mono; more than ``most_s`` of it if it goes on after that.

    Raises
    ------
    FailedClipError
        ``no-audio`` or ``undecodable``, also where more than a tenth is missing or damaged.
    """
    with _opened(path) as file:
        stretch = _decode_around(_Calm(file), str(path), 0.0, most_s, math.inf)
    end_s, rate = _end_s(stretch), stretch.found_rate
    placed, covered = _place(stretch.runs, rate, 0, round(end_s * rate))
    if len(placed) == 0:
        return placed
    if covered.mean() < 1 - _MOST_LOST:
        raise _undecodable(f"{path}: {100 * (1 - covered.mean()):.0f} % of it is missing or damaged")
    whole: np.ndarray = placed if rate == sample_rate else soxr.resample(placed, rate, sample_rate)
    return whole


def decode_blocks(path: Path) -> Iterator[tuple[int, np.ndarray]]:
    """All of a recording of any length, from its beginning, as :func:`decode` places it.

    Parameters
    ----------
    path : Path
        In any format that FFmpeg decodes.

    Yields
    ------
    sample_rate : int
        Hz, of the recording.
    samples : np.ndarray [shape=(samples,), dtype=float32]
        Mono; what is missing in between is 0.

    Raises
    ------
    FailedClipError
        ``no-audio`` or ``undecodable``; only at the end where more than a tenth was missing or damaged.
    """
    import av

    with _opened(path) as file:
        calm = _Calm(file)
        try:
            with av.open(
                calm, mode="r", options={"format_whitelist": _FORMATS}, metadata_errors="replace"
            ) as container:
                yield from _blocks(container, str(path))
        except av.error.FFmpegError as error:
            calm.check()
            raise _undecodable(f"{path} cannot be decoded as audio ({error.strerror})") from error
        calm.check()


def _blocks(container: Any, name: str) -> Iterator[tuple[int, np.ndarray]]:
    stream = container.streams.best("audio")
    if stream is None:
        raise FailedClipError(f"{name} has no audio track", Failure("gone", "no-audio"))
    stream.thread_type = "NONE"
    packets = container.demux(stream)
    first = list(itertools.islice(packets, _PACKETS_FOR_ZERO))
    zero_s = _zero_s(container, stream, first)
    line: _Line | None = None
    n_damaged = 0
    for frame in _frames(itertools.chain(first, packets), name, math.inf):
        if frame is None:
            n_damaged += 1
            continue
        line = line or _Line(name, frame.sample_rate, stream.duration and float(stream.duration * stream.time_base))
        at_s = None if frame.pts is None else float(frame.pts * frame.time_base) - zero_s
        yield from ((line.rate, block) for block in line.add(_mono(frame, name), frame.sample_rate, at_s))
    if line is not None:
        yield from ((line.rate, block) for block in line.finish())
    elif n_damaged:
        raise _undecodable(f"{name} cannot be decoded as audio: every packet is damaged")


class _Line:
    """Frames, put one after another where their timestamps say; holds back no more than it needs to know that."""

    def __init__(self, name: str, rate: int, listed_end_s: float | None) -> None:
        self.rate = rate
        self._name = name
        self._listed_end = None if listed_end_s is None else round(listed_end_s * rate)
        self._past_it: list[np.ndarray] = []
        self._run = _Run(rate)
        self._is_placed = False
        self._length = self._covered = 0

    def add(self, mono: np.ndarray, rate: int, at_s: float | None) -> Iterator[np.ndarray]:
        if rate != self.rate:
            raise _undecodable(f"{self._name} changes its sample rate from {self.rate} to {rate} Hz")
        if not self._run.continues(at_s, rate):
            yield from self._place()
            self._run, self._is_placed = _Run(rate), False
        if self._is_placed:
            self._run.length += len(mono)
            yield from self._hand_on(mono)
            return
        self._run.add(mono, at_s)
        if len(self._run.begins_s) == _FRAMES_TO_PLACE:
            yield from self._place()

    def finish(self) -> Iterator[np.ndarray]:
        yield from self._place()
        if sum(map(len, self._past_it)) >= _LONGEST_FRAME_S * self.rate:
            yield from self._past_it
        if self._covered < (1 - _MOST_LOST) * self._length:
            lost = 100 * (1 - self._covered / self._length)
            raise _undecodable(f"{self._name}: {lost:.0f} % of it is missing or damaged")

    def _place(self) -> Iterator[np.ndarray]:
        """Hand on what was held back of a run; a gap before it becomes zeros, what lies before the end is dropped."""
        if self._is_placed or not self._run.begins_s:
            return
        gap = round(self._run.begin_s * self.rate) - self._length
        if gap > _LONGEST_GAP_S * self.rate:
            raise _undecodable(f"{self._name}: a gap of {gap / self.rate:.0f} s")
        mono, self._run.pieces, self._is_placed = np.concatenate(self._run.pieces), [], True
        if gap > 0:
            yield from self._hand_on(np.zeros(gap, np.float32))
            self._covered -= gap
        yield from self._hand_on(mono[max(0, -gap) :])

    def _hand_on(self, mono: np.ndarray) -> Iterator[np.ndarray]:
        """The last frame of some coders is filled up beyond the listed end; whether this is it, shows later."""
        begin, self._length = self._length, self._length + len(mono)
        self._covered += len(mono)
        if self._listed_end is not None and self._length > self._listed_end:
            inside = max(0, self._listed_end - begin)
            self._past_it.append(mono[inside:])
            mono = mono[:inside]
            if sum(map(len, self._past_it)) >= _LONGEST_FRAME_S * self.rate:  # no filling: there is more than listed
                mono, self._past_it, self._listed_end = np.concatenate([mono, *self._past_it]), [], None
        if len(mono):
            yield mono


def lasts(path: Path, seconds: float) -> bool:
    """Whether a recording goes on until ``seconds`` or longer; nothing is decoded, so damage hides nothing.

    Raises
    ------
    FailedClipError
        ``no-audio`` or ``undecodable``.
    """
    import av

    with _opened(path) as file:
        try:
            with av.open(file, mode="r", options={"format_whitelist": _FORMATS}, metadata_errors="replace") as opened:
                return _goes_on(opened, path, seconds)
        except av.error.FFmpegError as error:
            raise _undecodable(f"{path} cannot be decoded as audio ({error.strerror})") from error


def _goes_on(container: Any, path: Path, seconds: float) -> bool:
    stream = container.streams.best("audio")
    if stream is None:
        raise FailedClipError(f"{path} has no audio track", Failure("gone", "no-audio"))
    packets = container.demux(stream)
    first = list(itertools.islice(packets, _PACKETS_FOR_ZERO))
    zero_s, end_s = _zero_s(container, stream, first), 0.0
    for packet in itertools.chain(first, packets):
        begin_s = end_s if packet.pts is None else float(packet.pts * packet.time_base) - zero_s
        end_s = max(end_s, begin_s + float((packet.duration or 0) * packet.time_base))
        if end_s >= seconds:
            return True
    return False


class _Calm:
    """Reads like ``file``, but ends where that fails and keeps the reason: FFmpeg has no use for exceptions."""

    def __init__(self, file: Readable) -> None:
        self._file = file
        self._error: Exception | None = None

    def read(self, size: int = -1) -> bytes:
        try:
            return b"" if self._error is not None else self._file.read(size)
        except Exception as error:
            self._error = error
            return b""

    def seek(self, offset: int, whence: int = 0) -> int:
        try:
            return -1 if self._error is not None else self._file.seek(offset, whence)
        except Exception as error:
            self._error = error
            return -1

    def tell(self) -> int:
        return self._file.tell()

    def check(self) -> None:
        """Raise what ``file`` raised."""
        if isinstance(self._error, OSError):
            raise FailedClipError(str(self._error), Failure("retryable", "unreadable")) from self._error
        if self._error is not None:
            raise self._error


def _opened(path: Path) -> Any:
    try:
        return path.open("rb")
    except OSError as error:
        raise FailedClipError(f"{path}: {error.strerror or error}", Failure("retryable", "unreadable")) from error


def _decode_around(file: _Calm, name: str, start_s: float, end_s: float, deadline: float) -> _Stretch:
    """Jump further and further ahead until the stretch is whole; a jump may land late, or fail."""
    import av  # FFmpeg's libraries load in a fifth of a second; only who cuts pays

    for ahead_s in (*_JUMPS_AHEAD_S, None):
        begin_s = 0.0 if ahead_s is None else max(0.0, start_s - ahead_s)
        file.seek(0)
        try:
            with av.open(
                file, mode="r", options={"format_whitelist": _FORMATS}, metadata_errors="replace"
            ) as container:
                stretch = _decoded(container, name, begin_s, (start_s, end_s), deadline)
        except av.error.FFmpegError as error:
            file.check()
            if begin_s == 0:
                raise _undecodable(f"{name} cannot be decoded as audio ({error.strerror})") from error
            continue
        file.check()
        if stretch.is_whole or begin_s == 0:
            return stretch
    raise AssertionError("unreachable: the last jump goes to the beginning")


def _decoded(container: Any, name: str, begin_s: float, wanted: tuple[float, float], deadline: float) -> _Stretch:
    stream = container.streams.best("audio")
    if stream is None:
        raise FailedClipError(f"{name} has no audio track", Failure("gone", "no-audio"))
    stream.thread_type = "NONE"
    packets = container.demux(stream)
    first = list(itertools.islice(packets, _PACKETS_FOR_ZERO))
    zero_s = _zero_s(container, stream, first)
    if begin_s > 0:
        container.seek(round((begin_s + zero_s) / stream.time_base), stream=stream)
        packets = container.demux(stream)
    else:
        packets = itertools.chain(first, packets)
    first_s, last_s = wanted[0] - _CONTEXT_S, wanted[1] + _CONTEXT_S
    runs: list[_Run] = []
    began_s, channels, lost, goes_on_at_s = None, 0, 0, 0.0
    for frame in _frames(packets, name, deadline):
        if frame is None:
            lost += 1
            continue
        at_s = None if frame.pts is None else float(frame.pts * frame.time_base) - zero_s
        if began_s is None:
            began_s = at_s
        channels = channels or frame.layout.nb_channels
        if at_s is not None and at_s >= last_s:
            goes_on_at_s = at_s
            break
        if at_s is None or at_s + frame.samples / frame.sample_rate > first_s:
            mono = _mono(frame, name)
            if not runs or not runs[-1].continues(at_s, frame.sample_rate):
                runs.append(_Run(frame.sample_rate))
            runs[-1].add(mono, at_s)
            if runs[-1].begins_s and runs[-1].end_s >= last_s + 1.0:  # a stream without timestamps must end, too
                break
    runs = [run for run in runs if run.begins_s]
    ends_before = began_s is None and 0 < (container.duration or 0) / 1e6 < wanted[0]
    is_whole = begin_s == 0 or ends_before or (began_s is not None and began_s <= first_s - _WARM_UP_S)
    if lost and not runs:
        raise _undecodable(f"{name} cannot be decoded as audio: every packet is damaged")
    context = stream.codec_context
    kind = f"{container.format.name.split(',')[0]} {context.name}"
    listed_end_s = None if stream.duration is None else float(stream.duration * stream.time_base)
    rate = runs[0].rate if runs else context.sample_rate or 0
    return _Stretch(runs, is_whole, rate, channels, kind, listed_end_s, goes_on_at_s)


def _zero_s(container: Any, stream: Any, first: Sequence[Any]) -> float:
    """What the timestamps call the first sample that is heard.

    In WebM they are rounded to 1 ms, each by itself, while the delay of Opus is not; the middle of what several
    packets say is nearer than what the first one says.
    """
    head = stream.codec_context.extradata or b""
    if "matroska" in container.format.name and len(head) >= 12 and head.startswith(b"OpusHead"):
        lengths = itertools.accumulate((packet.duration or 0 for packet in first), initial=0)
        begins = [packet.pts - length for packet, length in zip(first, lengths, strict=False) if packet.pts is not None]
        if begins:
            return float(np.median(begins)) * float(stream.time_base) + int.from_bytes(head[10:12], "little") / 48_000
    return float(stream.start_time * stream.time_base) if stream.start_time is not None else 0.0


def _frames(packets: Iterable[Any], name: str, deadline: float) -> Iterator[Any]:
    """Decoded frames; None for a packet that is damaged."""
    import av

    for packet in packets:
        if time.monotonic() > deadline:
            raise FailedClipError(f"{name}: timed out while decoding", Failure("retryable", "timeout"))
        try:
            frames = packet.decode()
        except av.error.FFmpegError:
            yield None
            continue
        yield from frames


def _mono(frame: Any, name: str) -> np.ndarray:
    """Mean of the channels in about [-1, 1]. shape=(samples,), dtype=float32."""
    samples = frame.to_ndarray()
    kind = frame.format.name.removesuffix("p")
    if not frame.format.is_planar:
        samples = samples.reshape(-1, frame.layout.nb_channels).T
    mono: np.ndarray = samples.astype(np.float64).mean(axis=0)
    if kind in _INTEGER_SCALE:
        mono = mono / _INTEGER_SCALE[kind] - (1.0 if kind == "u8" else 0.0)
    if not np.isfinite(mono).all():
        raise _undecodable(f"{name} holds samples that are not finite (nan or infinity)")
    return mono.astype(np.float32)


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
    placed, covered = _place(runs, found_rate, origin, math.ceil((last_s - origin) * found_rate))
    resampled = placed if found_rate == sample_rate else soxr.resample(placed, found_rate, sample_rate)
    first = round((start_s - origin) * sample_rate)
    wanted = round((end_s - start_s) * sample_rate)
    there = round((available_s - start_s) * sample_rate)
    samples = np.ascontiguousarray(resampled[first : first + min(wanted, there)], dtype=np.float32)
    inside = covered[round((start_s - origin) * found_rate) : round((min(end_s, last_s) - origin) * found_rate)]
    if inside.size and inside.mean() < 1 - _MOST_LOST:
        raise _undecodable(f"{name}: {100 * (1 - inside.mean()):.0f} % of the clip is missing or damaged")
    if np.abs(samples).max() < SILENT_BELOW:
        raise FailedClipError(f"{name}: silent from {start_s:g} s to {end_s:g} s", Failure("gone", "silent"))
    return Cut(samples, sample_rate, found_rate, stretch.channels, stretch.format, is_short=len(samples) < wanted)


def _end_s(stretch: _Stretch) -> float:
    available_s = max((run.end_s for run in stretch.runs), default=0.0)
    if stretch.goes_on_at_s:
        return max(available_s, stretch.goes_on_at_s)
    if stretch.listed_end_s is not None and 0 < available_s - stretch.listed_end_s < _LONGEST_FRAME_S:
        return stretch.listed_end_s
    return available_s


def _place(runs: list[_Run], rate: int, origin: int, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Runs on one time line that begins at ``origin`` s; and where anything lies. shape=(length,) each."""
    placed, covered = np.zeros(length, np.float32), np.zeros(length, bool)
    for run in runs:
        mono = np.concatenate(run.pieces)
        if run.rate != rate:
            mono = soxr.resample(mono, run.rate, rate)
        at = round((run.begin_s - origin) * rate)
        begin, end = max(0, at), min(length, at + len(mono))
        if begin < end:
            placed[begin:end] = mono[begin - at : end - at]
            covered[begin:end] = True
    return placed, covered


def _undecodable(message: str) -> FailedClipError:
    return FailedClipError(message, Failure("retryable", "undecodable"))
