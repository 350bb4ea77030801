"""The feature store: one HDF5 file per split, joined by ``clip_id``, written in shards by many workers.

``<split>.h5`` opens with plain h5py: ``features`` (N, T, F), ``clip_id`` (N,), ``n_frames`` (N,), ``n_samples`` (N,) of
the audio, ``audio_sha256`` (N,), ``checksum`` (N,) of each row (stores of sedpipe 0.1 have neither ``n_samples`` nor
``checksum``), and every parameter as an attribute. A worker makes a shard in memory, writes it under a temporary name
and renames it, so that a killed process loses at most the shards that it was making; :func:`merge` combines them into
one file. A file is never changed, only replaced.

- :class:`FeatureRow`, :class:`StoredRow`: one clip's features, as values and as the bytes of a file
- :class:`Press`: converts one into the other
- :func:`write_shard`, :func:`merge`: write a shard, and the file of a split
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from sedpipe.features.spec import FeatureSpec
from sedpipe.io.cache.audio_checksums import AudioStamp
from sedpipe.io.cache.row_checksums import checksum_of
from sedpipe.io.files.hdf5 import made_in_memory, made_on_disk

_CLIP_ID = h5py.string_dtype("utf-8")
_SHA256 = h5py.string_dtype("ascii", 64)
_ALL_BUT_SHUFFLED = 2  # mask of a chunk whose bytes were only shuffled: the second filter was skipped


@dataclass(frozen=True)
class FeatureRow:
    """Features (T, F) of one clip, the number of frames that count, and the sha256 of the audio file they came from.

    ``n_samples`` is the number of samples that they were made from, at the front end's sample rate; 0 if not counted.
    """

    clip_id: str
    features: np.ndarray
    n_frames: int
    audio_sha256: str
    n_samples: int = 0


@dataclass(frozen=True)
class StoredRow:
    """A clip's features as bytes of a file, to be copied into another file with the same filters.

    ``skipped`` is HDF5's mask of the filters that were skipped because they saved no bytes, as happens to LZF on noise.
    """

    clip_id: str
    chunk: bytes
    skipped: int
    n_frames: int
    audio_sha256: str
    checksum: int
    n_samples: int = 0


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
        Specification of the features.
    compression : str
        Compression, one of ``COMPRESSIONS``.
    stamps : sequence of AudioStamp, optional
        Stamp of each row's audio file, so that the merge need not read the audio again.
    """
    with made_in_memory(path) as file:
        _write(file, rows, len(rows), spec, compression)
        if stamps is not None:
            file["audio_size"] = np.array([stamp.size for stamp in stamps], dtype=np.int64)
            file["audio_mtime_ns"] = np.array([stamp.mtime_ns for stamp in stamps], dtype=np.int64)


def merge(
    path: Path,
    rows: Iterable[FeatureRow | StoredRow],
    n_rows: int,
    spec: FeatureSpec,
    compression: str = "none",
) -> None:
    """Write ``n_rows`` clips' features as ``<split>.h5``, whole or not at all; rows are read one by one.

    Parameters
    ----------
    path : Path
        ``<split>.h5``.
    rows : iterable of FeatureRow or StoredRow
        Rows in the order of the table.
    n_rows : int
        Number of rows.
    spec : FeatureSpec
        Specification of the features.
    compression : str
        Compression, one of ``COMPRESSIONS``.
    """
    with made_on_disk(path) as (file, check_disk):
        _write(file, _each_after(check_disk, rows), n_rows, spec, compression)


def _each_after(check: Callable[[], None], rows: Iterable[FeatureRow | StoredRow]) -> Iterator[FeatureRow | StoredRow]:
    """Yield rows, calling ``check`` before each, so that they are read only while the disk has room for them."""
    for row in rows:
        check()
        yield row


def _write(
    file: h5py.File,
    rows: Iterable[FeatureRow | StoredRow],
    n_rows: int,
    spec: FeatureSpec,
    compression: str,
) -> None:
    """Write chunk by chunk, then the small columns: the same rows give the same bytes, wherever they come from."""
    file.attrs.update(spec.parameters)
    features = _create_features(file, n_rows, spec.shape, spec.dtype, compression)
    press = Press(spec.shape, spec.dtype, compression)
    clip_ids, n_frames, sha256, checksums = [], np.zeros(n_rows, dtype=np.int32), [], np.zeros(n_rows, dtype=np.uint32)
    n_samples = np.zeros(n_rows, dtype=np.int64)
    for index, row in enumerate(rows):
        stored = row if isinstance(row, StoredRow) else press.pressed(row)
        features.id.write_direct_chunk((index, 0, 0), stored.chunk, stored.skipped)
        n_frames[index], checksums[index] = stored.n_frames, stored.checksum
        n_samples[index] = stored.n_samples
        clip_ids.append(row.clip_id)
        sha256.append(row.audio_sha256)
    file.create_dataset("clip_id", data=np.array(clip_ids, dtype=object), shape=(n_rows,), dtype=_CLIP_ID)
    file.create_dataset("n_frames", data=n_frames)
    # has a checksum of its own, since it is not covered by the row's: stores without n_samples would then be damaged
    protected: dict[str, Any] = {"chunks": (n_rows,), "fletcher32": True} if n_rows else {}
    file.create_dataset("n_samples", data=n_samples, **protected)
    file.create_dataset("audio_sha256", data=np.array(sha256, dtype="S64"), shape=(n_rows,), dtype=_SHA256)
    file.create_dataset("checksum", data=checksums)


def _create_features(
    file: h5py.File, n_rows: int, shape: tuple[int, ...], dtype: str, compression: str
) -> h5py.Dataset:
    if not n_rows:
        return file.create_dataset("features", (0, *shape), dtype)
    filters = {} if compression == "none" else {"compression": compression, "shuffle": True}
    return file.create_dataset("features", (n_rows, *shape), dtype, chunks=(1, *shape), **filters)


class Press:
    """Converter between arrays (T, F) and the bytes of a stored chunk, by HDF5's own filters."""

    def __init__(self, shape: tuple[int, ...], dtype: str, compression: str) -> None:
        self._shape, self._dtype = shape, dtype
        self._dataset = None
        if compression != "none":
            self._file = h5py.File(io.BytesIO(), "w")
            self._dataset = _create_features(self._file, 1, shape, dtype, compression)

    def pressed(self, row: FeatureRow) -> StoredRow:
        """Return a row as it is stored, with its checksum."""
        if row.features.shape != self._shape:
            raise ValueError(f"features must have shape {self._shape}, got {row.features.shape}")
        features = np.ascontiguousarray(row.features, dtype=self._dtype)
        checksum = checksum_of(features, row.n_frames, row.audio_sha256)
        skipped, chunk = self._chunk_of(features)
        return StoredRow(row.clip_id, chunk, skipped, row.n_frames, row.audio_sha256, checksum, row.n_samples)

    def _chunk_of(self, features: np.ndarray) -> tuple[int, bytes]:
        if self._dataset is None:
            return 0, features.tobytes()
        self._dataset[0] = features
        self._dataset.flush()
        chunk: tuple[int, bytes] = self._dataset.id.read_direct_chunk((0, 0, 0))
        return chunk

    def features_of(self, skipped: int, chunk: bytes) -> np.ndarray:
        """Return the array of a stored chunk; OSError or ValueError if the bytes are not a chunk."""
        if self._dataset is None:
            return np.frombuffer(chunk, self._dtype).reshape(self._shape)
        if skipped == _ALL_BUT_SHUFFLED:  # HDF5 2.0 forgets the mask of a chunk that was just written
            by_place = np.frombuffer(chunk, np.uint8).reshape(np.dtype(self._dtype).itemsize, -1)
            return np.ascontiguousarray(by_place.T).view(self._dtype).reshape(self._shape)
        self._dataset.id.write_direct_chunk((0, 0, 0), chunk)
        features: np.ndarray = self._dataset[0]
        return features
