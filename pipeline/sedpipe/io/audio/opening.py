"""Choice of the decoder for a recording.

libsndfile is fast and exact where its result can be relied upon: samples of a fixed size in a chunked file whose header
agrees with the file, one FLAC stream of known length, one undamaged Ogg Vorbis stream. It stops after the first of
several streams, moves forward what follows a damaged page of Vorbis, estimates the length of MP3, and trusts the header
of everything else. All those are left to FFmpeg.

- :func:`look_into`: path -> :class:`Opened`
- :class:`Opened`: the file as decoders should read it, and what its header claims
- :func:`open_surely`: the same file opened by libsndfile, where that is reliable
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import soundfile

from sedpipe.failures import FailedClipError, Failure
from sedpipe.io.audio.chunks import Samples, find_samples, mended
from sedpipe.io.audio.container import undecodable
from sedpipe.io.audio.ogg import FIRST_PAGE, has_intact_pages

_BYTES_A_SAMPLE = {
    "PCM_S8": 1, "PCM_U8": 1, "PCM_16": 2, "PCM_24": 3, "PCM_32": 4, "FLOAT": 4, "DOUBLE": 8, "ULAW": 1, "ALAW": 1,
}  # fmt: skip
_SEARCHED_BYTES = 1 << 20


@dataclass(frozen=True)
class Opened:
    """The open file of a recording.

    Parameters
    ----------
    path : Path
    file : file
        The file that decoders should read: the recording's own, or one with a mended header.
    samples : Samples or None
        What the header of a chunked file claims.
    n_frames : int or None
        Number of frames that the header of a FLAC file claims; None if it gives no number.
    is_one_stream : bool
        Whether it is a FLAC or undamaged Ogg file that contains one stream.
    is_joined : bool
        Whether it is a FLAC or Ogg file that contains several: then a decoder's timestamps start again in the middle.
    """

    path: Path
    file: Any
    samples: Samples | None = None
    n_frames: int | None = None
    is_one_stream: bool = False
    is_joined: bool = False

    @property
    def is_mended(self) -> bool:
        """Whether decoders read a mended header instead of the file's own."""
        return self.samples is not None and not self.samples.is_as_claimed


@contextmanager
def look_into(path: Path) -> Iterator[Opened]:
    """Open a recording and find out how far its header can be trusted.

    Raises
    ------
    FailedClipError
        If the recording does not exist or may not be read (``unreadable``), is no regular file or is empty
        (``undecodable``).
    """
    with _file(path) as file:
        samples = find_samples(file)
        if samples is not None:
            yield Opened(path, file if samples.is_as_claimed else mended(file, samples), samples)
            return
        file.seek(0)
        head = file.read(42)
        if head.startswith(b"fLaC") and head[4] & 0x7F == 0:
            # sample rate, channels and bits per sample, then the number of frames in the last 36 bits
            n_frames = (int.from_bytes(head[18:26], "big") & (1 << 36) - 1) or None
            is_joined = _occurs(file, b"fLaC", 4)
            yield Opened(path, file, None, None if is_joined else n_frames, not is_joined, is_joined)
        elif head.startswith(FIRST_PAGE):
            is_joined = _occurs(file, FIRST_PAGE, 1)
            yield Opened(path, file, None, None, not is_joined and has_intact_pages(file), is_joined)
        else:
            yield Opened(path, file)


@contextmanager
def open_surely(opened: Opened) -> Iterator[soundfile.SoundFile | None]:
    """Open a recording with libsndfile, for the block; None where its result cannot be relied upon."""
    try:
        is_candidate = opened.samples is not None or opened.is_one_stream
        file = _by_libsndfile(opened) if is_candidate else None
    except (soundfile.SoundFileError, OSError, MemoryError):  # MemoryError: a header may claim any size
        file = None
    if file is None:
        yield None
        return
    with file:
        yield file if _is_sure(opened, file) else None


def open_anyway(opened: Opened) -> soundfile.SoundFile:
    """Open a recording with libsndfile, whether reliable or not: for formats that FFmpeg does not support.

    Raises
    ------
    FailedClipError
        If libsndfile cannot open it (``undecodable``).
    """
    try:
        return _by_libsndfile(opened)
    except (soundfile.SoundFileError, OSError, MemoryError) as error:
        raise undecodable(f"{opened.path}: cannot be decoded as audio") from error


def _by_libsndfile(opened: Opened) -> soundfile.SoundFile:
    if opened.is_mended:
        opened.file.seek(0)
        return soundfile.SoundFile(opened.file)
    # file names are bytes that need not be UTF-8, except on Windows, where libsndfile takes text
    return soundfile.SoundFile(opened.path if sys.platform == "win32" else os.fsencode(opened.path))


def _is_sure(opened: Opened, file: soundfile.SoundFile) -> bool:
    if opened.samples is not None:
        width = _BYTES_A_SAMPLE.get(file.subtype, 0) * file.channels
        return bool(width > 0 and file.frames == opened.samples.n_bytes // width)
    if not opened.is_one_stream:
        return False
    is_counted = file.format == "FLAC" and file.frames == opened.n_frames
    return bool(is_counted or file.subtype == "VORBIS")


@contextmanager
def _file(path: Path) -> Iterator[Any]:
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):  # reading from a pipe could wait forever
            raise undecodable(f"{path}: {'a folder' if stat.S_ISDIR(status.st_mode) else 'no file'}, expected audio")
        if status.st_size == 0:
            raise undecodable(f"{path}: the file is empty (0 bytes)")
        file = path.open("rb")
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", None) or error
        raise FailedClipError(f"{path}: {reason}", Failure("retryable", "unreadable")) from error
    with file:
        yield file


def _occurs(file: Any, pattern: bytes, begin: int) -> bool:
    file.seek(begin)
    held = b""
    while block := file.read(_SEARCHED_BYTES):
        if pattern in held + block:
            return True
        held = block[1 - len(pattern) :]
    return False
