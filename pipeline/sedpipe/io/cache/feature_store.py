"""The feature store: one HDF5 file a split, joined by ``clip_id``, written in shards by many workers.

``<split>.h5`` opens with plain h5py: ``features`` (N, T, F), ``clip_id`` (N,), ``n_frames`` (N,),
``audio_sha256`` (N,), and every parameter as an attribute. A worker makes a shard in memory, writes it under a
temporary name and renames it, so that a killed run loses at most the shards being made; :func:`merge` makes one file
of them. No file ever changes under its name, so readers need no HDF5 locks: where a (network) disk refuses one, the
store is opened without. ``HDF5_USE_FILE_LOCKING``, which HDF5 puts above what a program asks for, forces either.

- :class:`FeatureRow`: one clip's features
- :func:`write_shard`, :func:`merge`: writing
- :class:`FeatureFile`: reading, opened lazily in each process
- :class:`Shelf`: where the features of each audio are stored, among many files
"""

from __future__ import annotations

import os
import re
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from sedpipe.errors import SedpipeError
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.cache.audio_checksums import AudioStamp
from sedpipe.io.files.atomic import write_atomically

MOST_OPEN_FILES = 64
"""Shards open at the same time while they are merged; a system allows about 1,000 files."""

_CLIP_ID = h5py.string_dtype("utf-8")
_SHA256 = h5py.string_dtype("ascii", 64)
_ERRNO = re.compile(r"errno = (\d+)")


@dataclass(frozen=True)
class FeatureRow:
    """Features (T, F) of one clip, how many frames count, and the sha256 of the audio file they came from."""

    clip_id: str
    features: np.ndarray
    n_frames: int
    audio_sha256: str


@dataclass(frozen=True)
class StoredRow:
    """A clip's features as the bytes that a file holds, to be copied into one with the same filters."""

    clip_id: str
    chunk: bytes
    n_frames: int
    audio_sha256: str


def write_shard(
    path: Path,
    rows: Sequence[FeatureRow],
    spec: FeatureSpec,
    compression: str = "none",
    stamps: Sequence[AudioStamp] | None = None,
) -> None:
    """Write a few clips' features, whole or not at all.

    Parameters
    ----------
    path : Path
        The file.
    rows : sequence of FeatureRow
    spec : FeatureSpec
        Which features they are.
    compression : str
        Of ``COMPRESSIONS``.
    stamps : sequence of AudioStamp, optional
        Of each row's audio file, so that who merges need not read it again.
    """
    with h5py.File("shard", "w", driver="core", backing_store=False) as file:
        _write(file, rows, len(rows), spec, compression)
        if stamps is not None:
            file["audio_size"] = np.array([stamp.size for stamp in stamps], dtype=np.int64)
            file["audio_mtime_ns"] = np.array([stamp.mtime_ns for stamp in stamps], dtype=np.int64)
        file.flush()
        image = file.id.get_file_image()
    with write_atomically(path) as temporary:
        temporary.write_bytes(image)


def merge(
    path: Path,
    rows: Iterable[FeatureRow | StoredRow],
    n_rows: int,
    spec: FeatureSpec,
    compression: str = "none",
) -> None:
    """Write ``n_rows`` clips' features as ``<split>.h5``, whole or not at all; rows are read one by one."""
    with write_atomically(path) as temporary:
        try:
            with h5py.File(temporary, "w", locking=False) as file:
                _write(file, rows, n_rows, spec, compression)
        except (OSError, RuntimeError) as error:  # HDF5 tells of a full disk in many ways
            found = _ERRNO.search(str(error))
            if found is None:
                raise
            raise OSError(int(found[1]), os.strerror(int(found[1]))) from error


def _write(
    file: h5py.File,
    rows: Iterable[FeatureRow | StoredRow],
    n_rows: int,
    spec: FeatureSpec,
    compression: str,
) -> None:
    """Chunk by chunk, then the small columns: the same rows give the same bytes, wherever they come from."""
    file.attrs.update(spec.parameters)
    features = _create_features(file, n_rows, spec, compression)
    press = _Press(spec, compression)
    clip_ids, n_frames, sha256 = [], np.zeros(n_rows, dtype=np.int32), []
    for index, row in enumerate(rows):
        chunk = row.chunk if isinstance(row, StoredRow) else press.chunk_of(row.features)
        features.id.write_direct_chunk((index, 0, 0), chunk)
        n_frames[index] = row.n_frames
        clip_ids.append(row.clip_id)
        sha256.append(row.audio_sha256)
    file.create_dataset("clip_id", data=np.array(clip_ids, dtype=object), shape=(n_rows,), dtype=_CLIP_ID)
    file.create_dataset("n_frames", data=n_frames)
    file.create_dataset("audio_sha256", data=np.array(sha256, dtype="S64"), shape=(n_rows,), dtype=_SHA256)


def _create_features(file: h5py.File, n_rows: int, spec: FeatureSpec, compression: str) -> h5py.Dataset:
    shape, dtype = spec.shape, spec.dtype
    if not n_rows:
        return file.create_dataset("features", (0, *shape), dtype)
    filters = {} if compression == "none" else {"compression": compression, "shuffle": True}
    return file.create_dataset("features", (n_rows, *shape), dtype, chunks=(1, *shape), **filters)


class _Press:
    """Arrays -> the bytes of a stored chunk, made by HDF5's own filters."""

    def __init__(self, spec: FeatureSpec, compression: str) -> None:
        self._shape, self._dtype = spec.shape, spec.dtype
        self._dataset = None
        if compression != "none":
            self._file = h5py.File("press", "w", driver="core", backing_store=False)
            self._dataset = _create_features(self._file, 1, spec, compression)

    def chunk_of(self, features: np.ndarray) -> bytes:
        if features.shape != self._shape:
            raise ValueError(f"features must have shape {self._shape}, got {features.shape}")
        if self._dataset is None:
            return np.ascontiguousarray(features, dtype=self._dtype).tobytes()
        self._dataset[0] = features
        self._dataset.flush()
        chunk: bytes = self._dataset.id.read_direct_chunk((0, 0, 0))[1]
        return chunk


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
        self._features: h5py.Dataset | None = None
        self._process = 0

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "_handle": None, "_features": None, "_process": 0}

    @property
    def _file(self) -> h5py.File:
        if self._handle is None or self._process != os.getpid():
            self.close()
            self._handle, self._process = _opened(self.path), os.getpid()
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
        return [digest.decode() for digest in self._file["audio_sha256"][:].tolist()]

    @property
    def audio_stamps(self) -> list[AudioStamp]:
        """Size, time and sha256 of each row's audio file when it was read; empty for a store, which has no times."""
        if "audio_size" not in self._file:
            return []
        sizes, times = (self._file[name][:].tolist() for name in ("audio_size", "audio_mtime_ns"))
        return [AudioStamp(*stamp) for stamp in zip(sizes, times, self.audio_sha256, strict=True)]

    @property
    def parameters(self) -> dict[str, int | float | str]:
        """What the features were made with."""
        return {name: value.item() if hasattr(value, "item") else value for name, value in self._file.attrs.items()}

    @property
    def compression(self) -> str:
        """Of ``COMPRESSIONS``."""
        return self._file["features"].compression or "none"

    @property
    def bytes_per_clip(self) -> int:
        """Of one clip's features, as stored."""
        stored = self._file["features"]
        return int(np.prod(stored.shape[1:])) * int(stored.dtype.itemsize)

    def read(self, row: int) -> FeatureRow:
        """One clip."""
        features = self._file["features"][row]
        return FeatureRow(self.clip_ids[row], features, int(self.n_frames[row]), self.audio_sha256[row])

    def chunk(self, row: int) -> bytes:
        """One clip's features as they are stored, filters not undone."""
        chunk: bytes = self._file["features"].id.read_direct_chunk((row, 0, 0))[1]
        return chunk

    def read_features(self, rows: Sequence[int]) -> np.ndarray:
        """Features (len(rows), T, F) in the order asked for, as stored."""
        if self._process != os.getpid() or self._features is None:
            self._features = self._file["features"]
        stored, shape = self._features, self._features.shape[1:]
        out = np.empty((len(rows), *shape), dtype=stored.dtype)
        if stored.chunks == (1, *shape) and stored.compression is None:
            for index, row in enumerate(rows):  # several times faster than by way of a selection
                stored.id.read_direct_chunk((row, 0, 0), out=out[index].view(np.uint8).reshape(-1))
        else:
            for index, row in enumerate(rows):
                out[index] = stored[row]
        return out

    def close(self) -> None:
        """Close the file, so that it can be replaced on every system."""
        handle, self._handle, self._features = self._handle, None, None
        if handle is not None:
            handle.close()


def _opened(path: Path) -> h5py.File:
    for locking in (None, False):  # first as HDF5 would, since one process must open a file in one way only
        try:
            return h5py.File(path, "r", locking=locking)
        except OSError as error:
            reason = error
    hint = "delete it and run `sedpipe features` again"
    if "unable to lock file" in str(reason):
        hint = "no store needs the lock that this disk refuses: set HDF5_USE_FILE_LOCKING=FALSE"
    raise SedpipeError(f"cannot read {path}: {reason}", hint=hint) from reason


class Shelf:
    """Where the features of each audio are stored; of several places the last counts, stores after shards.

    Parameters
    ----------
    shards, stores : sequence of Path
        Files with the same parameters. Stores stay open until :meth:`close`, so that one of them can be replaced
        while the others are still made from what it held; of shards only a few are open at a time.
    """

    def __init__(self, shards: Sequence[Path], stores: Sequence[Path]) -> None:
        self.shards = shards
        self._files = {path: FeatureFile(path) for path in [*shards, *stores]}
        self._stores = frozenset(stores)
        self._open: OrderedDict[Path, None] = OrderedDict()
        self._places: dict[str, tuple[Path, int]] = {}
        for path in self._files:
            self._places.update((sha256, (path, row)) for row, sha256 in enumerate(self.file(path).audio_sha256))

    def __contains__(self, audio_sha256: object) -> bool:
        return audio_sha256 in self._places

    def file(self, path: Path) -> FeatureFile:
        """One of the files, perhaps at the cost of closing another."""
        if path not in self._stores:
            self._open[path] = None
            self._open.move_to_end(path)
            if len(self._open) > MOST_OPEN_FILES:
                self._files[self._open.popitem(last=False)[0]].close()
        return self._files[path]

    def rows(self, clips: Iterable[tuple[str, str]], compression: str) -> Iterator[FeatureRow | StoredRow]:
        """The rows of clips, given as ``clip_id`` and sha256."""
        for clip_id, sha256 in clips:
            path, row = self._places[sha256]
            file = self.file(path)
            n_frames = int(file.n_frames[row])
            if file.compression == compression:
                yield StoredRow(clip_id, file.chunk(row), n_frames, sha256)
            else:
                yield FeatureRow(clip_id, file.read_features([row])[0], n_frames, sha256)

    def close(self) -> None:
        """Close all files."""
        for file in self._files.values():
            file.close()
        self._open.clear()
