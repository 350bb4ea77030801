"""Clips and their names.

``clip_id`` is a file name without its extension. For YouTube it is the 11-character video id with start and
end, three decimals each (``-5QrBL6MzLg_60.000_70.000``). Audio files of YouTube datasets carry a leading
``Y``, since no file name should start with ``-``; event lists name a clip ``<clip_id>.wav``.

- :class:`Clip`: one row of ``clips.tsv``
- :class:`ClipFormat`: how long a dataset's clips are at most, and at what rate
- :func:`youtube_clip_id`, :func:`clip_id_of_filename`, :func:`event_list_filename`: between names
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

DEFAULT_CLIP_S = 10.0
"""Seconds of a clip where a dataset says nothing: DCASE's."""

DEFAULT_SAMPLE_RATE = 44_100
"""Hz, likewise."""

_PREFIXED_YOUTUBE = re.compile(r"Y(?P<clip_id>[A-Za-z0-9_-]{11}_\d+\.\d{3}_\d+\.\d{3})")
_AUDIO_EXTENSIONS = frozenset(
    ".wav .flac .ogg .oga .opus .mp3 .m4a .mp4 .aac .webm .mkv .aif .aiff .au .wma .caf .w64".split()  # noqa: SIM905
)


@dataclass(frozen=True)
class Clip:
    """A piece of audio with weak labels.

    Parameters
    ----------
    clip_id : str
        Unique within a dataset.
    split : str
        ``training``, ``testing`` or ``evaluation``.
    source : str
        Where its audio comes from: a path, a YouTube id, the name of a mixture.
    start_s, end_s : float
        The piece of the source, in seconds.
    labels : tuple of str
        What sounds in it (weak labels).
    """

    clip_id: str
    split: str
    source: str
    start_s: float
    end_s: float
    labels: tuple[str, ...]

    @property
    def duration(self) -> float:
        """Listed length in seconds."""
        return self.end_s - self.start_s


@dataclass(frozen=True)
class ClipFormat:
    """What all clips of a dataset have in common.

    Parameters
    ----------
    clip_s : float
        Longest clip in seconds.
    sample_rate : int
        Hz.
    """

    clip_s: float = DEFAULT_CLIP_S
    sample_rate: int = DEFAULT_SAMPLE_RATE

    @property
    def n_samples(self) -> int:
        """Samples of the longest clip.

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


def clip_id_of_filename(filename: str) -> str:
    """``clip_id`` of an audio file or of a ``filename`` in a list.

    Folders and a known audio extension are dropped; a leading ``Y`` only where 12 characters stand before
    ``_<start>_<end>``, since real YouTube ids start with Y too.

    >>> clip_id_of_filename("audio/Y-5QrBL6MzLg_60.000_70.000.wav")
    '-5QrBL6MzLg_60.000_70.000'
    >>> clip_id_of_filename("YbCdEfGhIjK_0.000_10.000")
    'YbCdEfGhIjK_0.000_10.000'
    """
    name = PurePosixPath(filename.replace("\\", "/")).name
    suffix = PurePosixPath(name).suffix
    if suffix.lower() in _AUDIO_EXTENSIONS:
        name = name[: -len(suffix)]
    prefixed = _PREFIXED_YOUTUBE.fullmatch(name)
    return prefixed["clip_id"] if prefixed else name


def event_list_filename(clip_id: str) -> str:
    """How event lists name the clip."""
    return f"{clip_id}.wav"
