"""Open a dataset by the name or path that the user gives.

DATASET is the name of a dataset in the cache, the name of one that comes with sedpipe, or the path of a TOML file.

- :func:`open_dataset`: the dataset, downloaded or not
- :func:`labels_of`: its classes
"""

from __future__ import annotations

from pathlib import Path

from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.files.reading import is_there
from sedpipe.io.manifests.load import load_manifest
from sedpipe.labels import LabelSet


def open_dataset(address: str, root: Path) -> Dataset:
    """Open the dataset with this name or TOML file in the cache ``root``; nothing of it is read from there yet.

    Raises
    ------
    ManifestError
        If the dataset is neither in the cache nor comes with sedpipe, or its TOML file is wrong.
    """
    return Dataset(root, address if _is_cached(address, root) else load_manifest(address).name, address)


def labels_of(address: str, root: Path) -> LabelSet:
    """Return the classes of a dataset that is in the cache, comes with sedpipe, or is described by a TOML file.

    Raises
    ------
    ManifestError
        As for :func:`open_dataset`.
    """
    record = Dataset(root, address).find_record() if _is_cached(address, root) else None
    return LabelSet(record.labels if record else load_manifest(address).labels)


def _is_cached(address: str, root: Path) -> bool:
    # The cache comes first: once a user's own dataset was downloaded, its name alone is enough.
    named = "/" not in address and not address.startswith(".")
    return named and is_there(root / address / "dataset.json")
