"""Clips of a split and their stored features -> tensors, joined by ``clip_id``.

- :class:`ClipBatches`: a split in batches, in order or shuffled
- :func:`with_features`: the clips that have features
- :func:`read_ahead`: read the next batch while the current one is in use
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from sedpipe.clips import Clip
from sedpipe.errors import MissingStageError
from sedpipe.events import Event, EventLists
from sedpipe.frames import FrameGrid, clip_lengths
from sedpipe.io.cache.feature_file import FeatureFile
from sedpipe.io.files.reading import is_there
from sedpipe.labels import LabelSet
from sedpipe.steps.frame_targets import EventTargets, FrameTargets
from sedpipe.training.batch import Batch
from sedpipe.training.orders import ORDERS


def with_features(file: FeatureFile, clips: Iterable[Clip]) -> list[Clip]:
    """Return the clips that have features, in their order; raise ``MissingStageError`` if none has."""
    there = [clip for clip in clips if clip.clip_id in file.row_of]
    if there:
        return there
    failed = file.path.with_suffix(".failed.tsv")
    hint = f"{failed} says why" if is_there(failed) else "run `sedpipe features DATASET` first"
    raise MissingStageError(f"{file.path} contains none of the listed clips", hint=hint)


class ClipBatches:
    """The clips of a split that have features.

    Parameters
    ----------
    file : FeatureFile
        Features of the clips.
    clips : sequence of Clip
        Clips with their weak labels; a clip without features is left out, since missing audio is not a negative
        example.
    labels : LabelSet
        K classes.

    Attributes
    ----------
    pinned : bool
        Whether features are read into pinned memory, from which a GPU can copy by itself.
    frame_targets : FrameTargets or None
        Targets for the frames of each batch.

    Raises
    ------
    MissingStageError
        If no clip has features.
    """

    def __init__(self, file: FeatureFile, clips: Sequence[Clip], labels: LabelSet) -> None:
        self.clips = with_features(file, clips)
        self._file = file
        self._rows = np.array([file.row_of[clip.clip_id] for clip in self.clips])
        self.targets = np.stack([labels.multi_hot(clip.labels) for clip in self.clips])
        self.n_frames, self._n_samples = file.n_frames[self._rows], file.n_samples[self._rows]
        self._kept: Tensor | None = None
        self.pinned = False
        self.frame_targets: FrameTargets | None = None
        self._labels = labels

    def __len__(self) -> int:
        return len(self.clips)

    @property
    def audio_sha256(self) -> list[str]:
        """sha256 of the audio from which the features of each clip were computed."""
        return [self._file.audio_sha256[row] for row in self._rows]

    def durations(self, grid: FrameGrid, longest_s: float) -> np.ndarray:
        """Return the length of each clip (N,) in seconds.

        Parameters
        ----------
        grid : FrameGrid
            Positions of the feature frames in time.
        longest_s : float
            Length of the dataset's longest clip in seconds.
        """
        ends = grid.edges(self._file.shape[0])[self.n_frames]
        return clip_lengths(ends, self._n_samples, grid.sample_rate, longest_s)

    @property
    def path(self) -> Path:
        """Path of the feature store."""
        return self._file.path

    @property
    def n_features(self) -> int:
        """Number of features per frame, F."""
        return self._file.shape[1]

    @property
    def n_bytes(self) -> int:
        """Size of all features in bytes, as stored."""
        return len(self) * self._file.bytes_per_clip

    def keep_on(self, device: torch.device) -> None:
        """Read all features into the device's memory, as stored; from then on, batches are made there."""
        self._kept = torch.from_numpy(self._file.read_features(self._rows.tolist())).to(device)

    def locate(self, events: EventLists, grid: FrameGrid) -> int:
        """Add frame targets to batches, for the clips where it is known when everything sounds; return their number.

        This is known for a clip whose events have exactly its weak labels and all have times, and for a clip without
        labels.

        Parameters
        ----------
        events : mapping of str to sequence of Event
            Strong labels by ``clip_id``.
        grid : FrameGrid
            Positions of the feature frames in time.
        """
        known = [_known(clip, events.get(clip.clip_id, ())) for clip in self.clips]
        self.frame_targets = EventTargets(known, self._labels, grid, self._file.shape[0])
        return sum(one is not None for one in known)

    def batch(self, some: slice) -> Batch:
        """Return a slice of the clips as one batch, in the order of the manifest."""
        [batch] = self._batches(np.arange(len(self))[some], len(self))
        return batch

    def in_order(self, batch_size: int) -> Iterator[Batch]:
        """Yield batches with every clip once, in the order of the manifest."""
        return self._batches(np.arange(len(self)), batch_size)

    def epoch(
        self,
        batch_size: int,
        seed: int,
        epoch: int,
        *,
        order: str = "shuffled",
        skip: int = 0,
        process: int = 0,
        n_processes: int = 1,
    ) -> Iterator[Batch]:
        """Yield batches with as many clips as there are, in an order that depends on seed and epoch only.

        Parameters
        ----------
        order : str
            One of :data:`sedpipe.training.orders.ORDERS`.
        skip : int
            Number of batches to leave out at the beginning.
        process, n_processes : int
            Number of this process, counted from 0, and of all processes: each batch contains only the clips of this
            process. If a batch has fewer clips than there are processes, every process gets all of them.
        """
        draw = ORDERS[order]
        drawn = draw(self.targets, np.random.default_rng([seed, epoch]))
        return self._batches(drawn[skip * batch_size :], batch_size, process, n_processes)

    def endless(
        self,
        batch_size: int,
        seed: int,
        *,
        order: str = "shuffled",
        skip: int = 0,
        process: int = 0,
        n_processes: int = 1,
    ) -> Iterator[Batch]:
        """Yield batches of :meth:`epoch` after :meth:`epoch`, without end, leaving out the first ``skip``."""
        n_steps = -(-len(self) // batch_size)
        epoch, done = divmod(skip, n_steps)
        while True:
            epoch += 1
            yield from self.epoch(
                batch_size, seed, epoch, order=order, skip=done, process=process, n_processes=n_processes
            )
            done = 0

    def _batches(self, order: np.ndarray, batch_size: int, process: int = 0, n_processes: int = 1) -> Iterator[Batch]:
        for first in range(0, len(order), batch_size):
            whole = order[first : first + batch_size]
            chosen = whole[process::n_processes] if len(whole) >= n_processes else whole
            yield Batch(
                self._features(chosen),
                torch.from_numpy(self.targets[chosen]),
                torch.from_numpy(self.n_frames[chosen]),
                [self.clips[index].clip_id for index in chosen],
                len(whole),
                None if self.frame_targets is None else self.frame_targets.of(chosen),
            )

    def _features(self, chosen: np.ndarray) -> Tensor:
        """Return the features of the chosen clips, float32; pinned if a GPU is to copy them while it computes."""
        if self._kept is not None:
            return self._kept[torch.from_numpy(chosen).to(self._kept.device)].float()
        features = torch.from_numpy(self._file.read_features(self._rows[chosen].tolist())).float()
        return features.pin_memory() if self.pinned else features


def _known(clip: Clip, events: Sequence[Event]) -> Sequence[Event] | None:
    """Return the events of a clip with their times; None if these are not known for all labels and events."""
    located = [event for event in events if event.is_located]
    everything = {event.label for event in located} == {*clip.labels} and len(located) == len(events)
    return located if everything else None


def read_ahead(batches: Iterable[Batch]) -> Iterator[Batch]:
    """Yield the same batches in the same order, with a thread that reads the next one while one is in use."""
    iterator = iter(batches)
    with ThreadPoolExecutor(1, thread_name_prefix="read-ahead") as reader:
        coming = reader.submit(next, iterator, None)
        while (batch := coming.result()) is not None:
            coming = reader.submit(next, iterator, None)
            yield batch
