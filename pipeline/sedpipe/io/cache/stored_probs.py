"""Frame probabilities that stay on disk: those of 50,000 clips would take half a gigabyte of memory.

- :class:`StoredProbs`: array-like, read piece by piece
- :class:`DamagedProbsError`: the file is not what was written
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from sedpipe.errors import SedpipeError
from sedpipe.io.files.hdf5_reading import open_to_read, refusal
from sedpipe.io.files.reading import unreadable

_MOST_KEPT = 2**24  # bytes: chunks of early files contain few frames of many clips, and should be read only once
_CHUNKS_KEPT = 1009  # a prime number, as HDF5 recommends
_MOST_READ = 2**20  # values that are read at a time


class DamagedProbsError(SedpipeError):
    """A file of frame probabilities is not what was written; ``sedpipe score`` makes it again."""

    def __init__(self, message: str) -> None:
        super().__init__(message, hint="run `sedpipe score` again: it makes it anew")


class StoredProbs(NDArrayOperatorsMixin):
    """Probabilities (N, T, K) in an HDF5 file, which behave like an array that is never changed.

    For ``probs[n]`` and ``probs[first:end, ...]`` only these rows are read, and in several steps if only some of their
    frames or classes are selected. For every other operation of numpy, all values are read into memory.

    Parameters
    ----------
    path : Path
        The file, which is kept open: another file that is renamed to this path later is not read.
    name : str
        Name of the HDF5 dataset.

    Raises
    ------
    DamagedProbsError
        If values do not match their checksums; raised whenever values are read.
    SedpipeError
        If the disk fails to read.
    OSError, KeyError
        If there is no such file or dataset.
    """

    def __init__(self, path: Path, name: str) -> None:
        self._path, self._name = path, name
        self._file = open_to_read(path)
        access = h5py.h5p.create(h5py.h5p.DATASET_ACCESS)
        access.set_chunk_cache(_CHUNKS_KEPT, _MOST_KEPT, 0.0)
        self._stored = h5py.Dataset(h5py.h5d.open(self._file.id, name.encode(), access))
        self.shape: tuple[int, ...] = self._stored.shape
        self.dtype: np.dtype[Any] = self._stored.dtype

    def __reduce__(self) -> tuple[Any, ...]:
        return StoredProbs, (self._path, self._name)

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    def __getitem__(self, key: Any) -> Any:
        rows, *rest = key if isinstance(key, tuple) else (key,)
        if isinstance(rows, (int, np.integer)):
            row = range(len(self))[rows]  # resolves negative numbers, and raises IndexError if out of range
            return self._read(slice(row, row + 1))[(0, *rest)]
        if not isinstance(rows, slice) or rows.step not in (None, 1):
            return np.asarray(self)[key]
        first, end, _ = rows.indices(len(self))
        at_once = max(1, _MOST_READ // max(1, int(np.prod(self.shape[1:])))) if rest else max(1, end - first)
        pieces = [slice(at, min(at + at_once, end)) for at in range(first, max(first + 1, end), at_once)]
        # copies, since a view of some classes would keep all others in memory
        found = [np.array(self._read(some)[(slice(None), *rest)]) if rest else self._read(some) for some in pieces]
        return found[0] if len(found) == 1 else np.concatenate(found)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if copy is False:
            raise ValueError("they lie on disk: reading them is copying them")
        return np.asarray(self._read(slice(None)), dtype=dtype)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        read = (np.asarray(each) if isinstance(each, StoredProbs) else each for each in inputs)
        return getattr(ufunc, method)(*read, **options)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(np.asarray(self), name)

    def _read(self, rows: slice) -> np.ndarray:
        try:
            return np.asarray(self._stored[rows])
        except (OSError, RuntimeError) as error:
            refused = refusal(error)
            if refused is not None:
                raise unreadable(self._path, refused) from error
            raise DamagedProbsError(f"cannot read {self._path}: {error}") from error
