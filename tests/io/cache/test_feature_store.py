import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from sedpipe.choices import COMPRESSIONS
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.cache.feature_file import DamagedStoreError, FeatureFile
from sedpipe.io.cache.feature_shelf import Shelf
from sedpipe.io.cache.feature_store import merge, write_shard
from sedpipe.io.cache.row_checksums import checksum_of
from stored_rows import CONFIG, rows, stamps, stored


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return stored(tmp_path / "training.h5", "a", "-5QrBL6MzLg_60.000_70.000", "Käuzchen")


def test_a_store_opens_with_plain_h5py_and_records_its_parameters(store: Path) -> None:
    with h5py.File(store) as file:
        assert set(file) == {"features", "clip_id", "n_frames", "n_samples", "audio_sha256", "checksum"}
        assert file["features"].shape == (3, 500, 80)
        assert file["features"].dtype == np.float16
        assert file["features"].chunks == (1, 500, 80)
        assert file["clip_id"].asstr()[:].tolist() == ["a", "-5QrBL6MzLg_60.000_70.000", "Käuzchen"]
        assert file["n_frames"][:].tolist() == [500, 499, 498]
        assert file["audio_sha256"].asstr()[1] == f"{1:064x}"
        assert file["checksum"][1] == checksum_of(file["features"][1], 499, f"{1:064x}")
        assert dict(file.attrs) == {
            "sample_rate": 44_100,
            "window_length": 1764,
            "hop_length": 882,
            "n_fft": 2048,
            "n_frames": 500,
            "n_mels": 80,
            "floor": 1e-10,
            "dtype": "float16",
            "extractor_version": 2,
        }


def test_values_are_stored_as_precisely_as_the_dtype_allows(tmp_path: Path) -> None:
    [row] = rows("a")
    for dtype in ("float16", "float32"):
        merge(tmp_path / f"{dtype}.h5", [row], 1, FeatureSpec(CONFIG, dtype))
        stored = FeatureFile(tmp_path / f"{dtype}.h5").read_features([0])
        assert stored.dtype == dtype
        np.testing.assert_array_equal(stored[0], row.features.astype(dtype))


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_merging_shards_gives_the_same_bytes_as_writing_the_rows_directly(tmp_path: Path, compression: str) -> None:
    some = rows("a", "b", "c")
    merge(tmp_path / "whole.h5", some, 3, FeatureSpec(CONFIG), compression)
    write_shard(tmp_path / "2.h5", some[1:], FeatureSpec(CONFIG), compression, stamps(some[1:]))
    write_shard(tmp_path / "1.h5", some[:1], FeatureSpec(CONFIG), "none", stamps(some[:1]))
    shelf = Shelf([tmp_path / "2.h5", tmp_path / "1.h5"], [])
    clips = [(row.clip_id, row.audio_sha256) for row in some]
    merge(tmp_path / "merged.h5", shelf.rows(clips, compression), 3, FeatureSpec(CONFIG), compression)
    assert (tmp_path / "merged.h5").read_bytes() == (tmp_path / "whole.h5").read_bytes()
    file = FeatureFile(tmp_path / "merged.h5")
    assert file.compression == compression
    np.testing.assert_array_equal(file.read_features([1])[0], some[1].features.astype(np.float16))


def test_a_shard_stores_the_stamps_of_audio_files_if_they_are_given(tmp_path: Path) -> None:
    some = rows("a", "b")
    write_shard(tmp_path / "told.h5", some, FeatureSpec(CONFIG), stamps=stamps(some))
    write_shard(tmp_path / "untold.h5", some, FeatureSpec(CONFIG))
    assert FeatureFile(tmp_path / "told.h5").audio_stamps == stamps(some)
    assert FeatureFile(tmp_path / "untold.h5").audio_stamps == []


def test_a_split_without_clips_gives_a_store_without_rows(tmp_path: Path) -> None:
    merge(tmp_path / "testing.h5", [], 0, FeatureSpec(CONFIG), "lzf")
    with h5py.File(tmp_path / "testing.h5") as file:
        assert {name: column.shape for name, column in file.items()} == {
            "features": (0, 500, 80), "clip_id": (0,), "n_frames": (0,), "n_samples": (0,), "audio_sha256": (0,),
                "checksum": (0,),
        }  # fmt: skip
    assert FeatureFile(tmp_path / "testing.h5").clip_ids == []


def test_a_failed_shard_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises((TypeError, ValueError)):
        write_shard(tmp_path / "a.h5", [replace(rows("a")[0], features=np.zeros((3, 3)))], FeatureSpec(CONFIG))
    assert list(tmp_path.iterdir()) == []


ON_A_FULL_DISK = """
import resource, sys
from pathlib import Path
from sedpipe.errors import SedpipeError
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.cache.feature_store import merge
from stored_rows import CONFIG, rows
some, asked = rows("a", "b", "c", "d", "e"), []
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    merge(Path(sys.argv[1]), (asked.append(0) or row for row in some), len(some), FeatureSpec(CONFIG))
except SedpipeError as error:
    print(len(asked), error.message)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="files have no limit there")
def test_a_merge_stops_reading_rows_when_the_disk_is_full(tmp_path: Path) -> None:
    code = f"import sys\nsys.path[:] = {sys.path!r}\n{ON_A_FULL_DISK}"
    command = [sys.executable, "-c", code, str(tmp_path / "whole.h5")]
    outcome = subprocess.run(command, check=True, capture_output=True, text=True)
    assert outcome.stdout.startswith("3 cannot write ")  # a row takes 80,000 bytes
    assert outcome.stderr == ""
    assert list(tmp_path.iterdir()) == []


def test_clip_lengths_are_kept_from_shard_to_store_and_damage_is_detected(tmp_path: Path) -> None:
    made = [replace(row, n_samples=441_000 - 10 * k) for k, row in enumerate(rows("a", "b", "c"))]
    write_shard(tmp_path / "shard.h5", made, FeatureSpec(CONFIG))
    path = tmp_path / "training.h5"
    merge(path, [FeatureFile(tmp_path / "shard.h5").read(row) for row in range(3)], 3, FeatureSpec(CONFIG))
    assert FeatureFile(path).n_samples.tolist() == [441_000, 440_990, 440_980]
    whole = path.read_bytes()
    kept = np.array([441_000, 440_990, 440_980], dtype="<i8").tobytes()
    assert whole.count(kept) == 1
    path.write_bytes(whole.replace(kept, kept[:8] + b"\x01" + kept[9:]))
    with pytest.raises(DamagedStoreError):
        _ = FeatureFile(path).n_samples


def test_clip_lengths_of_first_edition_stores_are_read_as_zero(store: Path) -> None:
    with h5py.File(store, "r+") as file:
        del file["n_samples"]
    assert FeatureFile(store).n_samples.tolist() == [0, 0, 0]
