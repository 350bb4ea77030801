"""Frame probabilities of a split, stored once so that they can be scored again without the network.

The HDF5 file contains ``frame_probs`` (N, T, K), ``clip_probs`` (N, K), ``clip_id`` (N,), ``n_frames`` (N,) and
``duration`` (N,) in seconds. Its attributes identify the model and the features that the probabilities were made from,
and contain the model's labels, frame grid and post-processing. The TSV form is that of the package sed_scores_eval: one
file per clip, with columns ``onset offset`` and one column per class, and rows without gaps from 0 to the end of the
clip.

Frame probabilities stay on disk and are read piece by piece (:mod:`sedpipe.io.cache.stored_probs`).

- :class:`Origin`: what the probabilities were made from
- :func:`write_frame_scores`, :func:`find_frame_scores`: write and read the HDF5 file
- :func:`export_frame_scores`: write the TSV form
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar, cast

import h5py
import numpy as np

from sedpipe.detection.frame_scores import FrameScores
from sedpipe.detection.postprocess import PostProcessing
from sedpipe.errors import SettingsError
from sedpipe.frames import FrameGrid
from sedpipe.io.cache.stored_probs import DamagedProbsError, StoredProbs
from sedpipe.io.files.atomic import remove_leftovers, write_text
from sedpipe.io.files.hdf5 import check_heaps, made_on_disk
from sedpipe.io.files.hdf5_reading import open_to_read, refusal
from sedpipe.io.files.reading import unreadable
from sedpipe.io.lists.cells import tab_row
from sedpipe.labels import LabelSet
from sedpipe.wording import counted

Read = TypeVar("Read")

_BYTES_OF_CHUNK = 2**18


@dataclass(frozen=True)
class Origin:
    """What frame probabilities were made from.

    Parameters
    ----------
    features : str
        Fingerprint of the features' parameters.
    digest : str
        Hash of the model, the clips and their audio.
    """

    features: str
    digest: str


def write_frame_scores(path: Path, pieces: Iterable[FrameScores], n_clips: int, origin: Origin) -> None:
    """Write the probabilities of a split, whole or not at all.

    Parameters
    ----------
    path : Path
        The file.
    pieces : iterable of FrameScores
        At least one piece; the pieces are about different clips and equal in everything else.
    n_clips : int
        Number of clips in all pieces together.
    origin : Origin
        What the probabilities were made from.
    """
    with made_on_disk(path) as (file, check_disk):
        first = 0
        for piece in pieces:
            if not first:
                _make_columns(file, piece, n_clips, origin)
            some = slice(first, first := first + len(piece.clip_ids))
            file["clip_id"][some] = piece.clip_ids
            for name, values in _columns(piece).items():
                file[name][some] = values
            check_disk()
        if first != n_clips:
            raise ValueError(f"expected scores of {counted(n_clips, 'clip')}, got {first}")


def _make_columns(file: h5py.File, piece: FrameScores, n_clips: int, origin: Origin) -> None:
    """Write the attributes, and create the columns for all clips, as one of the pieces has them."""
    file.attrs.update(asdict(origin))
    file.attrs["labels"] = json.dumps(piece.labels.names)
    file.attrs.update(asdict(piece.grid))
    file.attrs["operating_points"] = json.dumps({name: dict(point) for name, point in piece.points.items()})
    file.create_dataset("clip_id", n_clips, dtype=h5py.string_dtype("utf-8"))
    for name, values in _columns(piece).items():
        # chunks of whole rows, since rows are read, and of no more bytes than HDF5 caches until a chunk is full
        rows = min(n_clips, max(1, _BYTES_OF_CHUNK // max(1, values[:1].nbytes)))
        chunks = (rows, *values.shape[1:])
        # with a checksum, since a damaged value that is still a probability would be scored
        file.create_dataset(name, (n_clips, *values.shape[1:]), values.dtype, chunks=chunks, fletcher32=True)


def _columns(scores: FrameScores) -> dict[str, np.ndarray]:
    return {
        "frame_probs": scores.frame_probs,
        "clip_probs": scores.clip_probs,
        "n_frames": scores.n_frames,
        "duration": scores.durations,
    }


def find_origin(path: Path) -> Origin | None:
    """Return what the stored probabilities were made from; None if the file is missing or damaged.

    Raises
    ------
    SedpipeError
        If the file cannot be read.
    """
    return _read(path, _origin_in)


def find_frame_scores(path: Path, origin: Origin) -> FrameScores | None:
    """Return the stored probabilities if they have this origin; None otherwise, so that they are made again.

    Raises
    ------
    SedpipeError
        If the file cannot be read.
    """
    if find_origin(path) != origin:
        return None
    return _read(path, _scores_in)


def _read(path: Path, reader: Callable[[h5py.File], Read]) -> Read | None:
    """Return the result of ``reader`` for the file; None if the file is missing or damaged."""
    try:
        with open_to_read(path) as file:
            _check_form(file, path)
            return reader(file)
    except DamagedProbsError:
        return None
    except (OSError, KeyError, ValueError, TypeError, AttributeError, RuntimeError, OverflowError) as error:
        refused = refusal(error)
        if refused is None or isinstance(refused, (FileNotFoundError, NotADirectoryError)):
            return None
        raise unreadable(path, refused) from error


def _check_form(file: h5py.File, path: Path) -> None:
    """Raise ``ValueError`` for columns that claim more bytes than the file has, or whose reading would never end."""
    check_heaps(file, path, "clip_id")
    n_bytes = sum(file[name].nbytes for name in ("frame_probs", "clip_probs", "n_frames", "duration"))
    if n_bytes > path.stat().st_size:  # the columns are stored without compression
        raise ValueError("it claims more values than it contains")


def _origin_in(file: h5py.File) -> Origin:
    return Origin(str(file.attrs["features"]), str(file.attrs["digest"]))


def _scores_in(file: h5py.File) -> FrameScores:
    points = json.loads(file.attrs["operating_points"])
    return FrameScores(
        [str(clip_id) for clip_id in file["clip_id"].asstr()[:]],
        cast(np.ndarray, StoredProbs(Path(file.filename), "frame_probs")),
        file["clip_probs"][:],
        file["n_frames"][:],
        file["duration"][:],
        LabelSet(tuple(json.loads(file.attrs["labels"]))),
        FrameGrid(int(file.attrs["sample_rate"]), int(file.attrs["hop_length"])),
        {name: PostProcessing(**point) for name, point in points.items()},
    )


def _begins_with(path: Path, line: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(line)) == line


def export_frame_scores(folder: Path, scores: FrameScores) -> int:
    """Write ``<clip_id>.tsv`` for each clip, and return the number of clips.

    Raises
    ------
    SettingsError
        If a file with one of these names contains something else: lists of events can have the same names.
    """
    folder.mkdir(parents=True, exist_ok=True)
    remove_leftovers(folder)
    header = tab_row("onset", "offset", *scores.labels)
    for path in (folder / f"{clip_id}.tsv" for clip_id in scores.clip_ids):
        if path.is_file() and not _begins_with(path, f"{header}\n".encode()):
            raise SettingsError(
                f"{path} is no export of frame probabilities of these classes, and would be overwritten",
                hint="name another folder with --export-scores",
            )
    for some in scores.blocks():
        columns = scores.clip_ids[some], scores.frame_probs[some], scores.counted[some].tolist(), scores.durations[some]
        for clip_id, probs, n_frames, duration in zip(*columns, strict=True):
            ends = np.minimum(scores.edges[: n_frames + 1], round(float(duration), 3)).tolist()
            rows = [
                "\t".join([f"{onset:.3f}", f"{offset:.3f}", *(f"{value:.6f}" for value in frame)])
                for onset, offset, frame in zip(ends[:-1], ends[1:], probs.tolist(), strict=False)
            ]
            write_text(folder / f"{clip_id}.tsv", "\n".join([header, *rows]) + "\n")
    return len(scores.clip_ids)
