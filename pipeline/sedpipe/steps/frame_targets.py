"""Targets for the frames of training clips, in addition to the weak labels of the clips.

- :class:`FrameTargets`: protocol of anything that has targets for clips
- :class:`EventTargets`: strong labels, where they are known
- :class:`PseudoTargets`: frame probabilities of another model, within the weak labels
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
    """Targets for the frames of clips."""

    def of(self, chosen: np.ndarray) -> Located:
        """Return the targets of the clips with these numbers."""
        ...


@dataclass(frozen=True, eq=False)
class EventTargets:
    """Strong labels of clips.

    Parameters
    ----------
    events : sequence of sequence of Event or None
        Events of each clip; None if it is not known when everything in it sounds.
    labels : LabelSet
        The classes.
    grid : FrameGrid
        Positions of the feature frames in time.
    n_frames : int
        Number of frames of every clip, T.
    """

    events: Sequence[Sequence[Event] | None]
    labels: LabelSet
    grid: FrameGrid
    n_frames: int

    def of(self, chosen: np.ndarray) -> Located:
        """Return the targets of the clips with these numbers."""
        events = [self.events[index] for index in chosen]
        frames = [frames_of_events(known or (), self.labels, self.grid, self.n_frames) for known in events]
        return Located(torch.from_numpy(np.stack(frames)), torch.tensor([known is not None for known in events]))


@dataclass(frozen=True, eq=False)
class PseudoTargets:
    """Frame probabilities of a teacher, within the weak labels of the clips: pseudo strong labels.

    For a class that does not sound in a clip, targets are 0 in all of its frames, whatever the teacher predicts. They
    are also 0 past the end of a clip, where there may be frames of a longer clip that is mixed with it.

    Source: the idea of frame-level pseudo strong labels, arXiv:2501.03740; targets stay probabilities here.

    Parameters
    ----------
    probs : ndarray [shape=(N, T', K)]
        Probabilities in the teacher's frames, float16.
    place : ndarray [shape=(T,)]
        Index of the teacher's frame at the middle of each feature frame.
    counted : ndarray [shape=(N,)]
        Number of the teacher's frames in each clip; in all others, the probabilities are 0.
    known : ndarray [shape=(N,)]
        Whether there are probabilities of the teacher for a clip.
    """

    probs: np.ndarray
    place: np.ndarray
    counted: np.ndarray
    known: np.ndarray

    @classmethod
    def heard(
        cls, scores: FrameScores, clips: Sequence[Clip], labels: LabelSet, grid: FrameGrid, n_frames: int
    ) -> PseudoTargets:
        """Make targets from a teacher's frame probabilities.

        Parameters
        ----------
        scores : FrameScores
            Frame probabilities of the teacher, for all of ``labels`` at least; some of the clips may be missing.
        clips : sequence of Clip
            N clips, with their weak labels.
        labels : LabelSet
            K classes.
        grid : FrameGrid
            Positions of the feature frames in time.
        n_frames : int
            Number of frames of every clip, T.
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
        """Mean probability of a class over the frames of the clips that have it, according to the teacher."""
        of_clips = self.probs.sum(axis=1, dtype=np.float64) / np.maximum(self.counted, 1)[:, None]
        sounding = self.probs.any(axis=1)
        return float(of_clips[sounding].mean()) if sounding.any() else 0.0

    def of(self, chosen: np.ndarray) -> Located:
        """Return the targets of the clips with these numbers."""
        frames = self.probs[chosen][:, self.place].astype(np.float32)
        return Located(torch.from_numpy(frames), torch.from_numpy(self.known[chosen]))
