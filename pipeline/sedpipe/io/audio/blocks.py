"""Decode a whole recording from its beginning, block by block, with every frame placed by its timestamp.

- :func:`track_blocks`: track -> blocks of samples
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import soxr

from sedpipe.io.audio.container import Frame, Track, undecodable
from sedpipe.io.audio.level import Level
from sedpipe.io.audio.losses import Losses
from sedpipe.io.audio.timeline import LONGEST_FRAME_S, Run, is_damaged

_FRAMES_TO_PLACE = 8  # consecutive frames whose timestamps together determine where they begin
_LONGEST_GAP_S = 3600.0  # limited, since a timestamp may claim a gap of any length
_MOST_GAPS_S = 24 * 3600.0  # all gaps together; limited, since a few bytes are enough to claim one
_SILENCE_AT_ONCE = 2**20  # samples of silence per block
_LONGEST_OTHER_S = 600.0  # longest part at another sample rate in between, since it is kept in memory


def track_blocks(track: Track, name: str, level: Level, losses: Losses) -> Iterator[tuple[Frame, np.ndarray]]:
    """Yield a whole track of any length, from its beginning.

    Parameters
    ----------
    track : Track
    name : str
        Name of the recording, for messages.
    level : Level
        Level to which every frame is added.
    losses : Losses
        Losses to which gaps and damaged packets are added.

    Yields
    ------
    first : Frame
        The first frame that could be decoded; its sample rate is that of all blocks.
    samples : np.ndarray [shape=(samples,), dtype=float32]
        Mono samples; those missing in between are 0.

    Raises
    ------
    FailedClipError
        If the track cannot be decoded (``undecodable``); raised only at the end if more than a tenth was missing or
        damaged.
    """
    line, first, is_empty = None, None, True
    losses.is_timed = track.is_timed
    for frame in track.frames():
        is_empty = False
        losses.packet(is_intact=frame is not None)
        if frame is None:
            continue
        if first is None or line is None:
            first, line = frame, _Line(name, frame.rate, track.listed_end_s, losses)
        mono, channels = frame.samples()
        level.hear(mono, channels)
        for block in line.add(mono, frame.rate, frame.at_s):
            yield first, block
    if first is not None and line is not None:
        for block in line.finish():
            yield first, block
    elif not is_empty:
        raise undecodable(f"{name}: cannot be decoded as audio (every packet is damaged)")


class _Line:
    """Time line on which frames are placed by their timestamps; holds back only as many of them as that requires."""

    def __init__(self, name: str, rate: int, listed_end_s: float | None, losses: Losses) -> None:
        self.rate = rate
        self._name, self._losses = name, losses
        self._listed_end = None if listed_end_s is None else round(listed_end_s * rate)
        self._past_it: list[np.ndarray] = []
        self._run = Run(rate)
        self._is_placed = False
        self._length = self._covered = 0

    def add(self, mono: np.ndarray, rate: int, at_s: float | None) -> Iterator[np.ndarray]:
        if not self._run.continues(at_s, rate):
            yield from self._place()
            self._run, self._is_placed = Run(rate), False
        if self._is_placed:
            self._run.length += len(mono)
            yield from self._hand_on(mono)
            return
        self._run.add(mono, at_s)
        if rate != self.rate:  # the run is resampled as a whole, once it has ended
            if self._run.length > _LONGEST_OTHER_S * rate:
                raise undecodable(f"{self._name}: changes its sample rate from {self.rate} to {rate} Hz")
        elif len(self._run.begins_s) == _FRAMES_TO_PLACE:
            yield from self._place()

    def finish(self) -> Iterator[np.ndarray]:
        yield from self._place()
        if sum(map(len, self._past_it)) >= LONGEST_FRAME_S * self.rate:
            yield from self._past_it
        if is_damaged(self._covered, self._length, self.rate):
            lost = 100 * (1 - self._covered / self._length)
            raise undecodable(f"{self._name}: {lost:.0f} % of it is missing or damaged")

    def _place(self) -> Iterator[np.ndarray]:
        """Yield what was held back of a run; a gap before it becomes zeros, a part that overlaps the end is dropped."""
        if self._is_placed or not self._run.begins_s:
            return
        gap = round(self._run.begin_s * self.rate) - self._length
        if gap > _LONGEST_GAP_S * self.rate:
            raise undecodable(f"{self._name}: a gap of {gap / self.rate:.0f} s")
        mono, self._run.pieces, self._is_placed = np.concatenate(self._run.pieces), [], True
        if self._run.rate != self.rate:
            mono = soxr.resample(mono, self._run.rate, self.rate)
        if gap > 0:
            if self._length or gap > LONGEST_FRAME_S * self.rate:  # some coders lose the first frame
                self._losses.missing_s += gap / self.rate
            for begin in range(0, gap, _SILENCE_AT_ONCE):
                yield from self._hand_on(np.zeros(min(_SILENCE_AT_ONCE, gap - begin), np.float32))
            self._covered -= gap
            if self._length - self._covered > _MOST_GAPS_S * self.rate:
                raise undecodable(f"{self._name}: more than {_MOST_GAPS_S / 3600:.0f} h of it are missing")
        yield from self._hand_on(mono[max(0, -gap) :])

    def _hand_on(self, mono: np.ndarray) -> Iterator[np.ndarray]:
        """Yield samples, but hold back those beyond the listed end.

        The last frame of some coders is padded beyond that end; whether this frame is the last one shows later.
        """
        begin, self._length = self._length, self._length + len(mono)
        self._covered += len(mono)
        if self._listed_end is not None and self._length > self._listed_end:
            inside = max(0, self._listed_end - begin)
            self._past_it.append(mono[inside:])
            mono = mono[:inside]
            if sum(map(len, self._past_it)) >= LONGEST_FRAME_S * self.rate:  # not padding: there is more than listed
                mono, self._past_it, self._listed_end = np.concatenate([mono, *self._past_it]), [], None
        if len(mono):
            yield mono
