"""Frame probabilities of a split, stored once so that they can be scored again without the network.

HDF5 with ``frame_probs`` (N, T, K), ``clip_probs`` (N, K), ``clip_id`` (N,), ``n_frames`` (N,) and ``duration`` (N,)
in seconds; attributes say which model and which features they were made from, and hold the model's labels, grid and
post-processing. The TSV form is that of the package sed_scores_eval: one file a clip, ``onset offset`` and a column a
class, rows without gaps from 0 to the end of the clip.

- :class:`Origin`: what they were made from
- :func:`write_frame_scores`, :func:`find_frame_scores`: the file
- :func:`export_frame_scores`: the TSV form
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import h5py
import numpy as np

from sedpipe.detection.frame_scores import FrameScores
from sedpipe.detection.postprocess import PostProcessing
from sedpipe.frames import FrameGrid
from sedpipe.io.files.atomic import write_atomically, write_text
from sedpipe.labels import LabelSet


@dataclass(frozen=True)
class Origin:
    """What frame scores were made from.

    Parameters
    ----------
    features : str
        Fingerprint of the features' parameters.
    digest : str
        Of the model, the clips and their audio.
    """

    features: str
    digest: str


def write_frame_scores(path: Path, scores: FrameScores, origin: Origin) -> None:
    """Write them, whole or not at all."""
    with write_atomically(path) as temporary, h5py.File(temporary, "w") as file:
        file.attrs.update(asdict(origin))
        file.attrs["labels"] = json.dumps(scores.labels.names)
        file.attrs.update(asdict(scores.grid))
        file.attrs["operating_points"] = json.dumps({name: dict(point) for name, point in scores.points.items()})
        file.create_dataset("frame_probs", data=scores.frame_probs)
        file.create_dataset("clip_probs", data=scores.clip_probs)
        file.create_dataset("clip_id", data=scores.clip_ids, dtype=h5py.string_dtype("utf-8"))
        file.create_dataset("n_frames", data=scores.n_frames)
        file.create_dataset("duration", data=scores.durations)


def find_origin(path: Path) -> Origin | None:
    """What the stored ones were made from; None where there are none that can be read."""
    try:
        with h5py.File(path, "r") as file:
            return Origin(str(file.attrs["features"]), str(file.attrs["digest"]))
    except (OSError, KeyError):
        return None


def find_frame_scores(path: Path, origin: Origin) -> FrameScores | None:
    """What was stored from the same model and features; None otherwise, so that it is made anew."""
    if find_origin(path) != origin:
        return None
    try:
        with h5py.File(path, "r") as file:
            points = json.loads(file.attrs["operating_points"])
            return FrameScores(
                [str(clip_id) for clip_id in file["clip_id"].asstr()[:]],
                file["frame_probs"][:],
                file["clip_probs"][:],
                file["n_frames"][:],
                file["duration"][:],
                LabelSet(tuple(json.loads(file.attrs["labels"]))),
                FrameGrid(int(file.attrs["sample_rate"]), int(file.attrs["hop_length"])),
                {name: PostProcessing(**point) for name, point in points.items()},
            )
    except (OSError, KeyError, ValueError, TypeError):
        return None


def export_frame_scores(folder: Path, scores: FrameScores) -> int:
    """Write ``<clip_id>.tsv`` for each clip; returns how many."""
    folder.mkdir(parents=True, exist_ok=True)
    header = "\t".join(["onset", "offset", *scores.labels])
    clips = zip(scores.clip_ids, scores.frame_probs, scores.counted.tolist(), scores.durations.tolist(), strict=True)
    for clip_id, probs, n_frames, duration in clips:
        ends = np.minimum(scores.edges[: n_frames + 1], round(duration, 3)).tolist()
        rows = [
            "\t".join([f"{onset:.3f}", f"{offset:.3f}", *(f"{value:.6f}" for value in frame)])
            for onset, offset, frame in zip(ends[:-1], ends[1:], probs.tolist(), strict=False)
        ]
        write_text(folder / f"{clip_id}.tsv", "\n".join([header, *rows]) + "\n")
    return len(scores.clip_ids)
