"""What frames of training clips are taught with, beside the weak labels of the clips.

- :class:`FrameTargets`: anything that can say it of some clips
- :class:`EventTargets`: strong labels, where they are known
- :class:`PseudoTargets`: what another model heard, within the weak labels
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch

from sedpipe.clips import Clip
from sedpipe.detection.frame_scores import FrameScores
from sedpipe.events import Event
from sedpipe.frames import FrameGrid
from sedpipe.labels import LabelSet
from sedpipe.training.located import Located, frames_of_events


class FrameTargets(Protocol):
    """What frames of clips are taught with."""

    def of(self, chosen: np.ndarray) -> Located:
        """Targets of the clips with these numbers."""
        ...


@dataclass(frozen=True, eq=False)
class EventTargets:
    """Strong labels of clips.

    Parameters
    ----------
    events : sequence of sequence of Event or None
        Of each clip; None where it is not known when everything sounds in it.
    labels : LabelSet
        The classes.
    grid : FrameGrid
        Of the features' frames.
    n_frames : int
        T, of every clip.
    """

    events: Sequence[Sequence[Event] | None]
    labels: LabelSet
    grid: FrameGrid
    n_frames: int

    def of(self, chosen: np.ndarray) -> Located:
        """Targets of the clips with these numbers."""
        events = [self.events[index] for index in chosen]
        frames = [frames_of_events(known or (), self.labels, self.grid, self.n_frames) for known in events]
        return Located(torch.from_numpy(np.stack(frames)), torch.tensor([known is not None for known in events]))


@dataclass(frozen=True, eq=False)
class PseudoTargets:
    """What a teacher heard in clips, within their weak labels: pseudo strong labels, which are probabilities.

    A class that does not sound in a clip sounds in none of its frames, whatever the teacher says, and nothing sounds
    behind the end of a clip, where the frames of a longer one may come to lie that is mixed with it.

    Source: the idea of frame-level pseudo strong labels, arXiv:2501.03740; targets stay probabilities here.

    Parameters
    ----------
    probs : ndarray [shape=(N, T', K)]
        float16, in the teacher's frames.
    place : ndarray [shape=(T,)]
        The teacher's frame at the middle of each of the features' frames.
    counted : ndarray [shape=(N,)]
        How many of the teacher's frames each clip has; in the others all probabilities are 0.
    known : ndarray [shape=(N,)]
        Whether the teacher heard a clip at all.
    """

    probs: np.ndarray
    place: np.ndarray
    counted: np.ndarray
    known: np.ndarray

    @classmethod
    def heard(
        cls, scores: FrameScores, clips: Sequence[Clip], labels: LabelSet, grid: FrameGrid, n_frames: int
    ) -> PseudoTargets:
        """Of a teacher's scores.

        Parameters
        ----------
        scores : FrameScores
            Of the teacher; its classes are at least ``labels``, its clips may lack some.
        clips : sequence of Clip
            N of them, with their weak labels.
        labels : LabelSet
            K classes.
        grid : FrameGrid
            Of the features' frames.
        n_frames : int
            T, of every clip.
        """
        middles = (grid.edges(n_frames)[1:] + grid.edges(n_frames)[:-1]) / 2
        place = np.searchsorted(scores.edges[1:-1], middles, side="right")
        columns = [scores.labels.index(label) for label in labels]
        rows = {clip_id: row for row, clip_id in enumerate(scores.clip_ids)}
        probs = np.zeros((len(clips), scores.frame_probs.shape[1], len(labels)), np.float16)
        counted = np.array([scores.counted[rows[clip.clip_id]] if clip.clip_id in rows else 0 for clip in clips])
        for target, clip, end in zip(probs, clips, counted.tolist(), strict=True):
            if clip.clip_id in rows:
                heard = scores.frame_probs[rows[clip.clip_id], :end][:, columns]
                target[:end] = heard * labels.multi_hot(clip.labels)
        return cls(probs, place, counted, np.array([clip.clip_id in rows for clip in clips]))

    @property
    def share(self) -> float:
        """How much of the time a class sounds in clips that have it, as the teacher hears it."""
        of_clips = self.probs.sum(axis=1, dtype=np.float64) / np.maximum(self.counted, 1)[:, None]
        sounding = self.probs.any(axis=1)
        return float(of_clips[sounding].mean()) if sounding.any() else 0.0

    def of(self, chosen: np.ndarray) -> Located:
        """Targets of the clips with these numbers."""
        frames = self.probs[chosen][:, self.place].astype(np.float32)
        return Located(torch.from_numpy(frames), torch.from_numpy(self.known[chosen]))
