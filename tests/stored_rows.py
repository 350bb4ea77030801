"""Rows of features, and stores of them, for tests of code that reads or writes them."""

from pathlib import Path

import h5py
import numpy as np
from sedpipe.features.logmel import LogMelConfig
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.cache.audio_checksums import AudioStamp
from sedpipe.io.cache.feature_store import FeatureRow, merge

CONFIG = LogMelConfig()


def rows(*clip_ids: str, value: float = 0.0) -> list[FeatureRow]:
    """Return features that differ from clip to clip, with ``value`` in the first cell."""
    made = []
    for number, clip_id in enumerate(clip_ids):
        features = np.random.default_rng(number).uniform(-100, 0, (500, 80)).astype(np.float32)
        features[0, 0] = value
        made.append(FeatureRow(clip_id, features, 500 - number, f"{number:064x}"))
    return made


def stamps(some: list[FeatureRow]) -> list[AudioStamp]:
    return [AudioStamp(10 + number, 20, row.audio_sha256) for number, row in enumerate(some)]


def stored(path: Path, *clip_ids: str, compression: str = "none") -> Path:
    some = rows(*clip_ids)
    merge(path, some, len(some), FeatureSpec(CONFIG), compression)
    return path


def zero_bytes(path: Path, row: int, n_bytes: int = 8) -> None:
    """Damage the features of a row where they lie in the file."""
    with h5py.File(path, "r") as file:
        chunk = file["features"].id.get_chunk_info_by_coord((row, 0, 0))
    with path.open("r+b") as file:
        file.seek(chunk.byte_offset + chunk.size // 2)
        file.write(bytes(n_bytes))


def as_in_the_first_edition(path: Path) -> None:
    """Remove the checksums, which stores of sedpipe 0.1 do not have."""
    with h5py.File(path, "r+") as file:
        del file["checksum"]
