"""Frame probabilities of a split, stored once so that they can be scored again without the network.

HDF5 with ``frame_probs`` (N, T, K), ``clip_probs`` (N, K), ``clip_id`` (N,), ``n_frames`` (N,) of the features'
grid; the attribute ``made_from`` says which model and which features.

- :class:`FrameScores`: the values
- :func:`write_frame_scores`, :func:`find_frame_scores`: the file, for who knows what it must be made from
- :func:`read_frame_scores`: the file, whatever it was made from
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from pipeline.errors import MissingStageError
from pipeline.io.atomic import write_atomically


@dataclass(frozen=True)
class FrameScores:
    """Probabilities of N clips.

    Parameters
    ----------
    clip_ids : list of str
    frame_probs : np.ndarray [shape=(N, T, K)]
    clip_probs : np.ndarray [shape=(N, K)]
    n_frames : np.ndarray [shape=(N,)]
        Feature frames that count.
    """

    clip_ids: list[str]
    frame_probs: np.ndarray
    clip_probs: np.ndarray
    n_frames: np.ndarray


def write_frame_scores(path: Path, scores: FrameScores, made_from: str) -> None:
    """Write them, whole or not at all."""
    with write_atomically(path) as temporary, h5py.File(temporary, "w") as file:
        file.attrs["made_from"] = made_from
        file.create_dataset("frame_probs", data=scores.frame_probs)
        file.create_dataset("clip_probs", data=scores.clip_probs)
        file.create_dataset("clip_id", data=scores.clip_ids, dtype=h5py.string_dtype("utf-8"))
        file.create_dataset("n_frames", data=scores.n_frames)


def find_frame_scores(path: Path, made_from: str) -> FrameScores | None:
    """What was stored from the same model and features; None otherwise, so that it is made anew."""
    try:
        with h5py.File(path, "r") as file:
            return _read(file) if file.attrs.get("made_from") == made_from else None
    except (OSError, KeyError):
        return None


def read_frame_scores(path: Path) -> FrameScores:
    """What was stored.

    Raises
    ------
    MissingStageError
        If nothing was, or it cannot be read.
    """
    try:
        with h5py.File(path, "r") as file:
            return _read(file)
    except (OSError, KeyError) as error:
        raise MissingStageError(f"{path} holds no frame scores", hint="run `sedpipe score` again") from error


def _read(file: h5py.File) -> FrameScores:
    clip_ids = [str(clip_id) for clip_id in file["clip_id"].asstr()[:]]
    return FrameScores(clip_ids, file["frame_probs"][:], file["clip_probs"][:], file["n_frames"][:])
