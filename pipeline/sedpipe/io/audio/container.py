"""Recordings decoded by FFmpeg: opened safely, with the audio track as frames that have start times.

FFmpeg's libraries take a fifth of a second to load, so they are imported only where they are used.

- :func:`open_track`: file or file-like object -> :class:`Track`
- :class:`Track`: frames of the best audio track, from the beginning or from a given time on
- :class:`Frame`: decoded samples and when they begin
- :func:`undecodable`: the error for a recording that cannot be decoded; :func:`not_finite`: for one with samples that
  are not finite
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

import numpy as np

from sedpipe.failures import FailedClipError, Failure

_PACKETS_FOR_ZERO = 8
_JUMP_BACK_S = 1.0  # a jump back by more is no overlap, but the beginning of another file

_FORMATS = (
    "aac,ac3,adx,aiff,amr,ape,asf,au,avi,avr,caf,dsf,dts,dtshd,eac3,flac,flv,iff,ircam,matroska,mov,mp3,mp4,mpc,mpc8,"
    "mpeg,mpegts,nistsphere,nut,ogg,oma,opus,pvf,rm,shn,sox,tak,truehd,tta,voc,w64,wav,webm,wsd,wv,xwma"
)
"""Containers with audio of their own; playlists (HLS, DASH, concat) are not among them, as they could open any file."""

_COUNTING = frozenset({"mov", "asf", "wv", "ape", "tta", "avi"})

_UNTIMED = frozenset({"mp3", "aac", "ac3", "eac3", "dts", "dtshd", "truehd"})
"""Bare streams of packets: FFmpeg makes up their timestamps by counting packets, so that lost ones leave no gap."""

_TAGS = (b"ID3", b"TAG", b"APETAGEX")  # titles and the like, which are a packet of their own where MP3s are joined

_INTEGER_SCALE = {"u8": 2.0**7, "s16": 2.0**15, "s32": 2.0**31, "s64": 2.0**63}


class Readable(Protocol):
    """An open file or file-like object."""

    def read(self, size: int = -1, /) -> bytes:
        """Read at most ``size`` bytes; none at the end."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Set the position in the file, in bytes."""

    def tell(self) -> int:
        """Return the position of the next byte."""


@dataclass(frozen=True)
class Frame:
    """Audio decoded from one packet.

    Parameters
    ----------
    at_s : float or None
        Start in seconds from the first sample that is played; None if the container does not say.
    n_samples, rate, channels : int
    """

    at_s: float | None
    n_samples: int
    rate: int
    channels: int
    _frame: Any
    _name: str

    def samples(self) -> tuple[np.ndarray, np.ndarray | None]:
        """Return the samples of the frame.

        Returns
        -------
        mono : np.ndarray [shape=(n_samples,), dtype=float32]
            Mean of the channels, in about [-1, 1].
        channels : np.ndarray [shape=(n_samples, channels)] or None
            The single channels; None if there is only one.

        Raises
        ------
        FailedClipError
            If a sample is not finite (``undecodable``).
        """
        samples = self._frame.to_ndarray()
        kind = self._frame.format.name.removesuffix("p")
        samples = samples.T if self._frame.format.is_planar else samples.reshape(-1, self.channels)
        samples = samples.astype(np.float64)
        if kind in _INTEGER_SCALE:
            samples = samples / _INTEGER_SCALE[kind] - (1.0 if kind == "u8" else 0.0)
        mono = samples.mean(axis=1).astype(np.float32)
        if not np.isfinite(mono).all():
            raise not_finite(self._name)
        return mono, samples if self.channels > 1 else None


class Track:
    """The best audio track of an open container.

    Parameters
    ----------
    container : av.container.InputContainer
    name : str
        Name of the recording, for messages.

    Raises
    ------
    FailedClipError
        If there is no audio track (``no-audio``), or FFmpeg does not know its format (``undecodable``).
    """

    def __init__(self, container: Any, name: str) -> None:
        stream = container.streams.best("audio")
        if stream is None:
            raise FailedClipError(f"{name}: contains no audio track", Failure("gone", "no-audio"))
        if stream.codec_context is None:
            raise undecodable(f"{name}: its audio is in no format that FFmpeg knows")
        stream.thread_type = "NONE"
        self._container, self._stream, self._name = container, stream, name
        self._packets = container.demux(stream)
        self._first = list(itertools.islice(self._packets, _PACKETS_FOR_ZERO))
        self._zero_s = self._find_zero_s()

    @property
    def format(self) -> str:
        """Container and codec (``matroska opus``)."""
        return f"{self._container.format.name.split(',')[0]} {self._stream.codec_context.name}"

    @property
    def listed_rate(self) -> int:
        """Sample rate in Hz according to the header; 0 if it does not say."""
        return self._stream.codec_context.sample_rate or 0

    @property
    def listed_end_s(self) -> float | None:
        """End of the track in seconds according to the container; Ogg Vorbis pads its last frame beyond it."""
        return None if self._stream.duration is None else float(self._stream.duration * self._stream.time_base)

    @property
    def listed_duration_s(self) -> float:
        """Duration of the whole container in seconds according to its header; 0 if it does not say."""
        return (self._container.duration or 0) / 1e6

    @property
    def is_timed(self) -> bool:
        """Whether the container has timestamps of its own."""
        return self._container.format.name not in _UNTIMED

    @property
    def promised_s(self) -> float | None:
        """Duration in seconds if the header states that of the audio; None if not, or if FFmpeg only estimates it."""
        kind = self._container.format.name
        if len(self._container.streams) > 1:  # the video may last longer than the audio
            return None
        if "matroska" in kind:
            return self.listed_duration_s or None
        return self.listed_end_s if set(kind.split(",")) & _COUNTING else None

    def packets(self, from_s: float = 0.0) -> Iterator[Any]:
        """Yield packets from about ``from_s`` on; from the beginning, works only once."""
        if from_s <= 0:
            return itertools.chain(self._first, self._packets)
        self._container.seek(round((from_s + self._zero_s) / self._stream.time_base), stream=self._stream)
        packets: Iterator[Any] = self._container.demux(self._stream)
        return packets

    def frames(self, from_s: float = 0.0, deadline: float = math.inf) -> Iterator[Frame | None]:
        """Yield frames from about ``from_s`` on; None for a damaged packet.

        Raises
        ------
        FailedClipError
            If decoding goes on past ``deadline``, a time of ``time.monotonic`` (``timeout``).
        """
        clock = _Clock(self._zero_s)
        for frame in _decoded(self.packets(from_s), self._name, deadline):
            if frame is None:
                yield None
                continue
            at_s = clock.at_s(frame.pts, frame.time_base, frame.samples / frame.sample_rate)
            yield Frame(at_s, frame.samples, frame.sample_rate, frame.layout.nb_channels, frame, self._name)

    def goes_on_after(self, seconds: float) -> bool:
        """Return whether packets reach beyond ``seconds``; nothing is decoded, so damage cannot shorten it."""
        clock, end_s = _Clock(self._zero_s), 0.0
        for packet in self.packets():
            lasts_s = float((packet.duration or 0) * packet.time_base)
            at_s = clock.at_s(packet.pts, packet.time_base, lasts_s)
            end_s = max(end_s, (end_s if at_s is None else at_s) + lasts_s)
            if end_s > seconds:
                return True
        return False

    def _find_zero_s(self) -> float:
        """Return the time that timestamps give to the first sample that is played, in seconds.

        WebM rounds each timestamp to 1 ms, while the delay of Opus is not rounded; the median over several packets is
        more exact than the first packet alone.
        """
        stream = self._stream
        head = stream.codec_context.extradata or b""
        if "matroska" in self._container.format.name and len(head) >= 12 and head.startswith(b"OpusHead"):
            lengths = itertools.accumulate((packet.duration or 0 for packet in self._first), initial=0)
            begins = [
                packet.pts - length
                for packet, length in zip(self._first, lengths, strict=False)
                if packet.pts is not None
            ]
            if begins:
                delay_s = int.from_bytes(head[10:12], "little") / 48_000
                return float(np.median(begins)) * float(stream.time_base) + delay_s
        return float(stream.start_time * stream.time_base) if stream.start_time is not None else 0.0


@contextmanager
def open_track(file: Readable, name: str) -> Iterator[Track]:
    """Open the audio of a file, in any format that FFmpeg decodes, for the block.

    Parameters
    ----------
    file : Readable
    name : str
        Name of the recording, for messages.

    Raises
    ------
    FailedClipError
        If there is no audio track (``no-audio``), it cannot be decoded (``undecodable``), or ``file`` raised an
        ``OSError`` (``unreadable``), also while the block reads. Any other exception of ``file`` is raised unchanged.
    """
    import av

    calm = _Calm(file)
    try:
        with av.open(calm, mode="r", options={"format_whitelist": _FORMATS}, metadata_errors="replace") as container:
            yield Track(container, name)
    except av.error.FFmpegError as error:
        calm.check()
        raise undecodable(f"{name}: cannot be decoded as audio") from error
    calm.check()


def undecodable(message: str) -> FailedClipError:
    """Return the error for a recording that cannot be decoded."""
    return FailedClipError(message, Failure("retryable", "undecodable"))


def not_finite(name: str) -> FailedClipError:
    """Return the error for a recording with samples that are not finite."""
    return undecodable(f"{name}: contains samples that are not finite (nan or infinity)")


def _decoded(packets: Iterable[Any], name: str, deadline: float) -> Iterator[Any]:
    """Yield decoded frames; None for a damaged packet."""
    import av

    for packet in packets:
        if time.monotonic() > deadline:
            raise FailedClipError(f"{name}: timed out while decoding", Failure("retryable", "timeout"))
        try:
            frames = packet.decode()
        except av.error.FFmpegError:
            if not bytes(packet).startswith(_TAGS):
                yield None
            continue
        yield from frames


class _Clock:
    """Converter of timestamps to seconds from the first sample; in joined files, those of the second start again."""

    def __init__(self, zero_s: float) -> None:
        self._zero_s = zero_s
        self._expected_s: float | None = None

    def at_s(self, stamp: int | None, unit: Fraction, lasts_s: float) -> float | None:
        """Return the start in seconds of a packet or frame that lasts ``lasts_s``; None if it has no timestamp."""
        at_s = None if stamp is None else float(stamp * unit) - self._zero_s
        if at_s is not None and self._expected_s is not None and at_s < self._expected_s - _JUMP_BACK_S:
            self._zero_s -= self._expected_s - at_s
            at_s = self._expected_s
        begin_s = self._expected_s if at_s is None else at_s
        self._expected_s = None if begin_s is None else begin_s + lasts_s
        return at_s


class _Calm:
    """File-like object that ends where reading ``file`` fails and keeps the error: FFmpeg cannot handle exceptions."""

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
        """Raise the error of ``file``, if there was one."""
        if isinstance(self._error, OSError):
            raise FailedClipError(str(self._error), Failure("retryable", "unreadable")) from self._error
        if self._error is not None:
            raise self._error
