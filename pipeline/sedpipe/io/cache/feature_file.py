"""Read files of the feature store; each row is compared with its checksum when it is read for the first time.

- :class:`FeatureFile`: a store or a shard, opened lazily in each process
- :class:`DamagedStoreError`: a file, or a row of it, is not what was written
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from sedpipe.errors import SedpipeError
from sedpipe.features.spec import fingerprint_of
from sedpipe.io.cache.audio_checksums import AudioStamp
from sedpipe.io.cache.feature_store import FeatureRow
from sedpipe.io.cache.row_checksums import is_intact
from sedpipe.io.files.hdf5 import check_heaps
from sedpipe.io.files.hdf5_reading import open_to_read, refusal

_COLUMNS = ("features", "clip_id", "n_frames", "audio_sha256")  # all with the same number of rows
_LATER_COLUMNS = ("checksum", "n_samples")  # missing in stores of sedpipe 0.1
_FINGERPRINT = re.compile("[0-9a-f]{16}")
_MOST_PRESSED = 1100  # largest compression ratio: deflate reaches no higher one, so a file that claims more is damaged
_LONGEST_REASON = 100  # characters of the innermost error message of HDF5
_OF_THE_DISK = "check the disk that it is on, then try again"
_AGAIN = "run `sedpipe features DATASET` again, with the same options: only what is damaged is computed again"


class DamagedStoreError(SedpipeError):
    """A feature file, or a row of it, is not what was written; ``sedpipe features`` makes it again."""

    def __init__(self, message: str) -> None:
        super().__init__(message, hint=_AGAIN)


class FeatureFile:
    """A store or a shard, for reading.

    The file is opened at the first read and again in every process that gets a copy, since an HDF5 handle must be
    neither inherited by a fork nor pickled.

    Parameters
    ----------
    path : Path
        ``<split>.h5``, or a shard.

    Raises
    ------
    DamagedStoreError
        If the file, or a row that is read for the first time, is not what was written; raised by all methods and
        properties that read.
    SedpipeError
        If the file may not be read, or the disk fails; raised by the same methods and properties.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._handle: h5py.File | None = None
        self._features: h5py.Dataset | None = None
        self._process = 0
        self._is_checked: np.ndarray | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "_handle": None, "_features": None, "_process": 0, "_is_checked": None}

    @property
    def _file(self) -> h5py.File:
        if self._handle is None or self._process != os.getpid():
            self.close()
            with _sentences(self.path):
                self._handle, self._process = open_to_read(self.path), os.getpid()
            _check_form(self._handle, self.path)
        return self._handle

    @cached_property
    def clip_ids(self) -> list[str]:
        """Ids of the clips, in the order of the rows."""
        with _sentences(self.path):
            return [str(clip_id) for clip_id in self._file["clip_id"].asstr(errors="replace")[:]]

    @cached_property
    def row_of(self) -> dict[str, int]:
        """Row of each clip, by its id."""
        return {clip_id: row for row, clip_id in enumerate(self.clip_ids)}

    @cached_property
    def n_frames(self) -> np.ndarray:
        """Number of frames that count in each clip, (N,) int32."""
        with _sentences(self.path):
            return np.asarray(self._file["n_frames"][:])

    @cached_property
    def n_samples(self) -> np.ndarray:
        """Number of samples that each clip's features were made from, (N,) int64; 0 if they were not counted."""
        with _sentences(self.path):
            if "n_samples" not in self._file:
                return np.zeros(len(self.n_frames), dtype=np.int64)
            return np.asarray(self._file["n_samples"][:], dtype=np.int64)

    @cached_property
    def audio_sha256(self) -> list[str]:
        """sha256 of each clip's audio file."""
        with _sentences(self.path):
            return [digest.decode("ascii", "replace") for digest in self._file["audio_sha256"][:].tolist()]

    @cached_property
    def checksums(self) -> list[int] | None:
        """Checksum of each row; None in stores of sedpipe 0.1."""
        with _sentences(self.path):
            return self._file["checksum"][:].tolist() if "checksum" in self._file else None

    @property
    def audio_stamps(self) -> list[AudioStamp]:
        """Size, time and sha256 of each row's audio file when it was read; empty for a store, which has none."""
        with _sentences(self.path):
            if "audio_size" not in self._file:
                return []
            sizes, times = (self._file[name][:].tolist() for name in ("audio_size", "audio_mtime_ns"))
            return [AudioStamp(*stamp) for stamp in zip(sizes, times, self.audio_sha256, strict=True)]

    @property
    def parameters(self) -> dict[str, int | float | str]:
        """Parameters that the features were made with."""
        with _sentences(self.path):
            return _parameters(self._file)

    @property
    def compression(self) -> str:
        """Compression, one of ``COMPRESSIONS``."""
        return self._file["features"].compression or "none"

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one clip's features, (T, F)."""
        shape: tuple[int, ...] = self._file["features"].shape[1:]
        return shape

    @property
    def dtype(self) -> str:
        """Data type of the features."""
        return str(self._file["features"].dtype)

    @property
    def bytes_per_clip(self) -> int:
        """Size in bytes of one clip's features in their stored data type, before compression."""
        return int(np.prod(self.shape)) * np.dtype(self.dtype).itemsize

    def read(self, row: int) -> FeatureRow:
        """Read the features of one clip, with everything that is stored about them."""
        [features] = self.read_features([row])
        n_frames, n_samples = int(self.n_frames[row]), int(self.n_samples[row])
        return FeatureRow(self.clip_ids[row], features, n_frames, self.audio_sha256[row], n_samples)

    def chunk(self, row: int) -> tuple[int, bytes]:
        """Return HDF5's mask of skipped filters and the bytes of one clip's features as stored; nothing is checked."""
        with _sentences(self.path):
            chunk: tuple[int, bytes] = self._file["features"].id.read_direct_chunk((row, 0, 0))
            return chunk

    def read_features(self, rows: Sequence[int]) -> np.ndarray:
        """Read the features of these rows, (len(rows), T, F), in this order and in their stored data type."""
        with _sentences(self.path):
            out = self._read(rows)
        self._check(rows, out)
        return out

    def is_intact(self, row: int, features: np.ndarray) -> bool:
        """Return whether ``features``, read from this row, are what was written there."""
        checksum = None if self.checksums is None else self.checksums[row]
        return is_intact(features, int(self.n_frames[row]), self.audio_sha256[row], checksum)

    def damaged_rows(self, rows: Sequence[int]) -> list[int]:
        """Return which of these rows are not what was written, or cannot be read."""
        return [row for row in rows if not self._is_row_intact(row)]

    def close(self) -> None:
        """Close the file, so that it can be replaced on any operating system."""
        handle, self._handle, self._features = self._handle, None, None
        if handle is not None:
            handle.close()

    def _read(self, rows: Sequence[int]) -> np.ndarray:
        if self._process != os.getpid() or self._features is None:
            self._features = self._file["features"]
        stored, shape = self._features, self._features.shape[1:]
        out = np.empty((len(rows), *shape), dtype=stored.dtype)
        if stored.chunks == (1, *shape) and stored.compression is None:
            for index, row in enumerate(rows):  # several times faster than reading a selection
                # where a damaged index claims more bytes, h5py would write past the end of the array
                if stored.id.get_chunk_info_by_coord((row, 0, 0)).size != out[index].nbytes:
                    raise ValueError(f"row {row} is of another size")
                stored.id.read_direct_chunk((row, 0, 0), out=out[index].view(np.uint8).reshape(-1))
        else:
            for index, row in enumerate(rows):
                out[index] = stored[row]
        return out

    def _check(self, rows: Sequence[int], features: np.ndarray) -> None:
        if self._is_checked is None:
            self._is_checked = np.zeros(len(self.clip_ids), dtype=bool)
        for index, row in enumerate(rows):
            if not self._is_checked[row]:
                if not self.is_intact(row, features[index]):
                    raise DamagedStoreError(
                        f"{self.path}: the stored features of {self.clip_ids[row]!r} are not what was written"
                    )
                self._is_checked[row] = True

    def _is_row_intact(self, row: int) -> bool:
        try:
            with _sentences(self.path):
                [features] = self._read([row])
        except DamagedStoreError:
            return False
        return self.is_intact(row, features)


def _check_form(file: h5py.File, path: Path) -> None:
    """Check that the columns fit each other and the file, before their sizes are used to read anything."""
    with _sentences(path):
        lengths = {file[name].shape[:1] for name in (*_COLUMNS, *(name for name in _LATER_COLUMNS if name in file))}
        features = file["features"]
        claimed = sum(_claimed_bytes(file[name]) for name in (*_COLUMNS, *_LATER_COLUMNS) if name in file)
        if len(lengths) != 1 or features.ndim != 3 or features.dtype.kind != "f":
            raise DamagedStoreError(f"cannot read {path}: its columns do not match")
        if claimed > _MOST_PRESSED * path.stat().st_size:
            raise DamagedStoreError(f"cannot read {path}: it claims more values than it contains")
        check_heaps(file, path, "clip_id")
        folder = next((above.name for above in path.parents[:2] if _FINGERPRINT.fullmatch(above.name)), None)
        if folder not in (None, fingerprint_of(_parameters(file))):  # copied, or renamed
            raise DamagedStoreError(f"cannot read {path}: it contains features with other parameters than its folder")


def _claimed_bytes(column: h5py.Dataset) -> int:
    return int(np.prod(column.shape, dtype=object)) * int(column.dtype.itemsize)


def _parameters(file: h5py.File) -> dict[str, int | float | str]:
    return {name: value.item() if hasattr(value, "item") else value for name, value in file.attrs.items()}


@contextmanager
def _sentences(path: Path) -> Iterator[None]:
    """Turn all errors by which HDF5 reports damage into errors with one sentence."""
    try:
        yield
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise _sentence(path, error) from error


def _sentence(path: Path, error: Exception) -> SedpipeError:
    refused = refusal(error)
    if refused is not None:
        hint = _AGAIN if isinstance(refused, FileNotFoundError) else _OF_THE_DISK
        return SedpipeError(f"cannot read {path}: {refused.strerror}", hint=hint)
    reason = " ".join(str(error).split()).rpartition("(")[2].strip("()'\"") or type(error).__name__
    return DamagedStoreError(f"cannot read {path}: {reason[:_LONGEST_REASON]}")
