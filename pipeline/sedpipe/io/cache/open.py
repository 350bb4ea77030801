"""What a person calls a dataset -> the open dataset.

DATASET is the name of one that lies in the cache, the name of one that comes with sedpipe, or the path of a TOML.

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
    """The dataset of this name or TOML in the cache ``root``; nothing is read of it yet.

    Raises
    ------
    ManifestError
        If it neither lies in the cache nor comes with sedpipe, or its TOML is wrong.
    """
    return Dataset(root, address if _is_cached(address, root) else load_manifest(address).name, address)


def labels_of(address: str, root: Path) -> LabelSet:
    """Classes of a dataset that lies in the cache, comes with sedpipe, or is a TOML.

    Raises
    ------
    ManifestError
        As :func:`open_dataset`.
    """
    record = Dataset(root, address).find_record() if _is_cached(address, root) else None
    return LabelSet(record.labels if record else load_manifest(address).labels)


def _is_cached(address: str, root: Path) -> bool:
    # What is in the cache goes first: a dataset of one's own is called by its name once it was downloaded.
    named = "/" not in address and not address.startswith(".")
    return named and is_there(root / address / "dataset.json")
