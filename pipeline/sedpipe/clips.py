"""Clips and their names.

``clip_id`` is the path of a file below its folder, without its extension: ``site 1/monday``. For YouTube it is the
11-character video id with start and end, three decimals each (``-5QrBL6MzLg_60.000_70.000``). Audio files of YouTube
datasets carry a leading ``Y``, since no file name should start with ``-``. A piece of a longer recording is named
after the recording and its place in it, ``site 1/monday@10.000-20.000``. Event lists name a clip ``<clip_id>.wav``.

- :class:`Clip`: one row of ``clips.tsv``
- :class:`ClipFormat`: maximum length and sample rate of a dataset's clips
- :func:`clip_id_of_path`, :func:`clip_id_of_filename`, :func:`event_list_filename`: convert between file names and ids
- :func:`youtube_clip_id`, :func:`piece_clip_id`, :func:`recording_of_piece`: names of pieces of a longer recording
- :func:`pieces`: start and end of each piece
- :data:`AUDIO_SUFFIXES`: extensions of files that may contain audio
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import PurePosixPath

DEFAULT_CLIP_S = 10.0
"""Length of a clip in seconds where a dataset does not specify it: DCASE's."""

DEFAULT_SAMPLE_RATE = 44_100
"""Sample rate in Hz where a dataset does not specify it: DCASE's."""

_PREFIXED_YOUTUBE = re.compile(r"Y(?P<clip_id>[A-Za-z0-9_-]{11}_\d+\.\d{3}_\d+\.\d{3})")
_PIECE = re.compile(r"(?P<recording>.+)@\d+\.\d{3}-\d+\.\d{3}")
_KINDS = (
    "3gp aac ac3 aif aifc aiff amr ape asf au avi caf eac3 flac flv m2ts m4a m4b mka mkv mov mp2 mp3 mp4 mpeg mpg mpga "
    "mts oga ogg ogv opus rf64 rm snd ts tta voc w64 wav wave weba webm wma wmv wv"
)
AUDIO_SUFFIXES = frozenset(f".{kind}" for kind in _KINDS.split())
"""Extensions of files that may contain audio, in lower case."""

LEAST_PIECE_S = 0.1
"""Minimum length in seconds of a piece, and of an event's overlap with a piece for the event to count in it."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A piece of audio with weak labels.

    Parameters
    ----------
    clip_id : str
        Name of the clip, unique within a dataset.
    split : str
        ``training``, ``testing`` or ``evaluation``.
    source : str
        Origin of the audio: a path, a YouTube id, the name of a mixture.
    start_s, end_s : float
        Start and end of the clip within the source, in seconds.
    labels : tuple of str
        Weak labels: the classes that sound in the clip.
    """

    clip_id: str
    split: str
    source: str
    start_s: float
    end_s: float
    labels: tuple[str, ...]

    @property
    def duration(self) -> float:
        """Length in seconds, as listed."""
        return self.end_s - self.start_s


@dataclass(frozen=True)
class ClipFormat:
    """What all clips of a dataset have in common.

    Parameters
    ----------
    clip_s : float
        Length of the longest clip in seconds.
    sample_rate : int
        Sample rate in Hz.
    """

    clip_s: float = DEFAULT_CLIP_S
    sample_rate: int = DEFAULT_SAMPLE_RATE

    @property
    def n_samples(self) -> int:
        """Number of samples of the longest clip.

        >>> ClipFormat(10.0, 8_000).n_samples
        80000
        """
        return round(self.clip_s * self.sample_rate)


def youtube_clip_id(video_id: str, start_s: float, end_s: float) -> str:
    """``clip_id`` of a piece of a YouTube video.

    >>> youtube_clip_id("-5QrBL6MzLg", 60, 70)
    '-5QrBL6MzLg_60.000_70.000'
    """
    return f"{video_id}_{start_s:.3f}_{end_s:.3f}"


def piece_clip_id(recording: str, start_s: float, end_s: float) -> str:
    """``clip_id`` of a piece of a recording, given the ``clip_id`` of the whole recording.

    >>> piece_clip_id("site 1/monday", 10, 20)
    'site 1/monday@10.000-20.000'
    """
    return f"{recording}@{start_s:.3f}-{end_s:.3f}"


def recording_of_piece(clip_id: str) -> str:
    """``clip_id`` of the recording that a clip is a piece of; the same ``clip_id`` if the clip is not a piece.

    >>> recording_of_piece("site 1/monday@10.000-20.000"), recording_of_piece("tuesday")
    ('site 1/monday', 'tuesday')
    """
    match = _PIECE.fullmatch(clip_id)
    return match["recording"] if match else clip_id


def pieces(duration_s: float, clip_s: float) -> list[tuple[float, float]]:
    """Start and end of each piece of a recording; the last piece is as long as the remainder.

    A remainder shorter than :data:`LEAST_PIECE_S` is dropped.

    >>> pieces(25.0, 10.0), pieces(10.05, 10.0)
    ([(0.0, 10.0), (10.0, 20.0), (20.0, 25.0)], [(0.0, 10.0)])
    """
    n_pieces = max(1, math.ceil((duration_s - LEAST_PIECE_S) / clip_s))
    return [(k * clip_s, min((k + 1) * clip_s, duration_s)) for k in range(n_pieces)]


def clip_id_of_path(path: str) -> str:
    """``clip_id`` of a file, from its path below the folder of its dataset.

    >>> clip_id_of_path("site 1/monday.wav"), clip_id_of_path("Y-5QrBL6MzLg_60.000_70.000.wav")
    ('site 1/monday', '-5QrBL6MzLg_60.000_70.000')
    """
    *folders, name = path.replace("\\", "/").split("/")
    return "/".join([*folders, name.removesuffix(_audio_suffix(name))]) if folders else clip_id_of_filename(name)


def clip_id_of_filename(filename: str) -> str:
    """``clip_id`` of a file, from its name alone, whatever its folder.

    Folders and a known audio extension are dropped; a leading ``Y`` is dropped only if 12 characters precede
    ``_<start>_<end>``, since real YouTube ids start with Y, too.

    >>> clip_id_of_filename("audio/Y-5QrBL6MzLg_60.000_70.000.wav")
    '-5QrBL6MzLg_60.000_70.000'
    >>> clip_id_of_filename("YbCdEfGhIjK_0.000_10.000")
    'YbCdEfGhIjK_0.000_10.000'
    """
    name = PurePosixPath(filename.replace("\\", "/")).name
    name = name.removesuffix(_audio_suffix(name))
    prefixed = _PREFIXED_YOUTUBE.fullmatch(name)
    return prefixed["clip_id"] if prefixed else name


def _audio_suffix(name: str) -> str:
    suffix = PurePosixPath(name).suffix
    return suffix if suffix.lower() in AUDIO_SUFFIXES else ""


def event_list_filename(clip_id: str) -> str:
    """File name of the clip in event lists."""
    return f"{clip_id}.wav"
