"""The feature store: one HDF5 file a split, joined by ``clip_id``, written in shards by many workers.

``<split>.h5`` opens with plain h5py: ``features`` (N, T, F), ``clip_id`` (N,), ``n_frames`` (N,),
``audio_sha256`` (N,), and every parameter as an attribute. A worker writes a shard under a temporary name and
renames it when it is complete, so that a killed run loses at most the shards being written; :func:`merge` makes
one file of them.

- :class:`FeatureRow`: one clip's features
- :func:`write_shard`, :func:`merge`: writing
- :class:`FeatureFile`: reading, opened lazily in each process
- :func:`fingerprint`: names the folder of features made with the same parameters
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from pipeline.errors import SedpipeError
from pipeline.io.atomic import write_atomically
from pipeline.logmel import EXTRACTOR_VERSION, LogMelConfig

DTYPES = ("float16", "float32")
_CLIP_ID = h5py.string_dtype("utf-8")
_SHA256 = h5py.string_dtype("ascii", 64)


@dataclass(frozen=True)
class FeatureRow:
    """Features (T, F) of one clip, how many frames count, and the sha256 of the audio file they came from."""

    clip_id: str
    features: np.ndarray
    n_frames: int
    audio_sha256: str


def parameters(config: LogMelConfig, dtype: str) -> dict[str, int | float | str]:
    """Everything that decides a stored value."""
    if dtype not in DTYPES:
        raise ValueError(f"dtype must be one of {', '.join(DTYPES)}, got {dtype!r}")
    return {**asdict(config), "dtype": dtype, "extractor_version": EXTRACTOR_VERSION}


def fingerprint(config: LogMelConfig, dtype: str) -> str:
    """16 hexadecimal digits that differ whenever a parameter does."""
    canonical = json.dumps(parameters(config, dtype), sort_keys=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def write_shard(path: Path, rows: Sequence[FeatureRow], config: LogMelConfig, dtype: str) -> None:
    """Write a few clips' features, whole or not at all."""
    with write_atomically(path) as temporary, h5py.File(temporary, "w") as file:
        datasets = _datasets(file, len(rows), config, dtype)
        for index, row in enumerate(rows):
            _put(datasets, index, row)


def merge(path: Path, rows: Iterable[FeatureRow], n_rows: int, config: LogMelConfig, dtype: str) -> None:
    """Write ``n_rows`` clips' features as ``<split>.h5``, whole or not at all; rows are read one by one."""
    with write_atomically(path) as temporary, h5py.File(temporary, "w") as file:
        datasets = _datasets(file, n_rows, config, dtype)
        for index, row in enumerate(rows):
            _put(datasets, index, row)


def _datasets(file: h5py.File, n_rows: int, config: LogMelConfig, dtype: str) -> Mapping[str, h5py.Dataset]:
    file.attrs.update(parameters(config, dtype))
    shape = (config.n_frames, config.n_mels)
    return {
        "features": file.create_dataset("features", (n_rows, *shape), dtype, chunks=(1, *shape) if n_rows else None),
        "clip_id": file.create_dataset("clip_id", (n_rows,), _CLIP_ID),
        "n_frames": file.create_dataset("n_frames", (n_rows,), "int32"),
        "audio_sha256": file.create_dataset("audio_sha256", (n_rows,), _SHA256),
    }


def _put(datasets: Mapping[str, h5py.Dataset], index: int, row: FeatureRow) -> None:
    datasets["features"][index] = row.features
    datasets["clip_id"][index] = row.clip_id
    datasets["n_frames"][index] = row.n_frames
    datasets["audio_sha256"][index] = row.audio_sha256


class FeatureFile:
    """A store or a shard, for reading.

    The file is opened at the first read and again in every process that gets a copy, since an HDF5 handle must
    cross neither fork nor pickle.

    Parameters
    ----------
    path : Path
        ``<split>.h5``.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._handle: h5py.File | None = None
        self._process = 0

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "_handle": None, "_process": 0}

    @property
    def _file(self) -> h5py.File:
        if self._handle is None or self._process != os.getpid():
            self.close()
            try:
                self._handle, self._process = h5py.File(self.path, "r"), os.getpid()
            except OSError as error:
                raise SedpipeError(
                    f"cannot read {self.path}: {error}", hint="delete it and run `sedpipe features` again"
                ) from error
        return self._handle

    @cached_property
    def clip_ids(self) -> list[str]:
        """Clips in the order of the rows."""
        return [str(clip_id) for clip_id in self._file["clip_id"].asstr()[:]]

    @cached_property
    def n_frames(self) -> np.ndarray:
        """Frames that count, (N,) int32."""
        return np.asarray(self._file["n_frames"][:])

    @cached_property
    def audio_sha256(self) -> list[str]:
        """sha256 of each clip's audio file."""
        return [str(digest) for digest in self._file["audio_sha256"].asstr()[:]]

    @property
    def parameters(self) -> dict[str, int | float | str]:
        """What the features were made with."""
        return {name: value.item() if hasattr(value, "item") else value for name, value in self._file.attrs.items()}

    @property
    def bytes_per_clip(self) -> int:
        """Of one clip's features, as stored."""
        stored = self._file["features"]
        return int(np.prod(stored.shape[1:])) * int(stored.dtype.itemsize)

    def read(self, row: int) -> FeatureRow:
        """One clip."""
        features = self._file["features"][row]
        return FeatureRow(self.clip_ids[row], features, int(self.n_frames[row]), self.audio_sha256[row])

    def read_features(self, rows: Sequence[int]) -> np.ndarray:
        """Features (len(rows), T, F) in the order asked for, as stored."""
        stored = self._file["features"]
        out = np.empty((len(rows), *stored.shape[1:]), dtype=stored.dtype)
        for index, row in enumerate(rows):
            stored.read_direct(out, np.s_[row], np.s_[index])
        return out

    def close(self) -> None:
        """Close the file, so that it can be replaced on every system."""
        handle, self._handle = self._handle, None
        if handle is not None:
            handle.close()


def stored_rows(
    files: Iterable[FeatureFile], is_wanted: Callable[[str, str], bool]
) -> dict[str, tuple[FeatureFile, int]]:
    """Where each clip is stored whose ``clip_id`` and sha256 are wanted; of several places the last counts."""
    return {
        clip_id: (file, row)
        for file in files
        for row, (clip_id, sha256) in enumerate(zip(file.clip_ids, file.audio_sha256, strict=True))
        if is_wanted(clip_id, sha256)
    }


def rows_in_order(places: Mapping[str, tuple[FeatureFile, int]], clip_ids: Sequence[str]) -> Iterator[FeatureRow]:
    """The stored clips in the order of ``clip_ids``."""
    for clip_id in clip_ids:
        file, row = places[clip_id]
        yield file.read(row)
