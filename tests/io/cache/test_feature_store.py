import multiprocessing
import os
import pickle
import subprocess
import sys
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

import h5py
import numpy as np
import pytest
from sedpipe.errors import SedpipeError
from sedpipe.features.logmel import LogMelConfig
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.cache import feature_store
from sedpipe.io.cache.audio_checksums import AudioStamp
from sedpipe.io.cache.feature_store import (
    COMPRESSIONS,
    FeatureFile,
    FeatureRow,
    Shelf,
    merge,
    write_shard,
)

CONFIG = LogMelConfig()


def rows(*clip_ids: str, value: float = 0.0) -> list[FeatureRow]:
    """Features that differ from clip to clip; ``value`` in the first cell."""
    made = []
    for number, clip_id in enumerate(clip_ids):
        features = np.random.default_rng(number).uniform(-100, 0, (500, 80)).astype(np.float32)
        features[0, 0] = value
        made.append(FeatureRow(clip_id, features, 500 - number, f"{number:064x}"))
    return made


def stamps(some: list[FeatureRow]) -> list[AudioStamp]:
    return [AudioStamp(10 + number, 20, row.audio_sha256) for number, row in enumerate(some)]


def test_shards_remember_the_audio_files_and_stores_do_not(tmp_path: Path, store: Path) -> None:
    some = rows("a", "b")
    write_shard(tmp_path / "shard.h5", some, FeatureSpec(CONFIG), "none", stamps(some))
    assert FeatureFile(tmp_path / "shard.h5").audio_stamps == stamps(some)
    assert FeatureFile(store).audio_stamps == []


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "training.h5"
    some = rows("a", "-5QrBL6MzLg_60.000_70.000", "Käuzchen")
    merge(path, some, len(some), FeatureSpec(CONFIG))
    return path


def test_store_opens_with_plain_h5py_and_says_how_it_was_made(store: Path) -> None:
    with h5py.File(store) as file:
        assert set(file) == {"features", "clip_id", "n_frames", "audio_sha256"}
        assert file["features"].shape == (3, 500, 80)
        assert file["features"].dtype == np.float16
        assert file["features"].chunks == (1, 500, 80)
        assert file["clip_id"].asstr()[:].tolist() == ["a", "-5QrBL6MzLg_60.000_70.000", "Käuzchen"]
        assert file["n_frames"][:].tolist() == [500, 499, 498]
        assert file["audio_sha256"].asstr()[1] == f"{1:064x}"
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


def test_values_are_kept_as_precisely_as_the_dtype_can(tmp_path: Path) -> None:
    [row] = rows("a")
    for dtype in ("float16", "float32"):
        merge(tmp_path / f"{dtype}.h5", [row], 1, FeatureSpec(CONFIG, dtype))
        stored = FeatureFile(tmp_path / f"{dtype}.h5").read_features([0])
        assert stored.dtype == dtype
        np.testing.assert_array_equal(stored[0], row.features.astype(dtype))


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_the_same_rows_are_the_same_bytes_from_shards_or_not(tmp_path: Path, compression: str) -> None:
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


def test_a_shelf_of_more_shards_than_files_may_be_open_gives_every_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feature_store, "MOST_OPEN_FILES", 2)
    some = rows("a", "b", "c", "d", "e")
    paths = [tmp_path / f"{row.clip_id}.h5" for row in some]
    for path, row in zip(paths, some, strict=True):
        write_shard(path, [row], FeatureSpec(CONFIG, "float32"))
    shelf = Shelf(paths, [])
    wanted = [some[k] for k in (4, 0, 4, 2, 1, 3, 0)]
    merge(
        tmp_path / "m.h5",
        shelf.rows([(r.clip_id, r.audio_sha256) for r in wanted], "none"),
        7,
        FeatureSpec(CONFIG, "float32"),
    )
    np.testing.assert_array_equal(FeatureFile(tmp_path / "m.h5").read_features(range(7)), [r.features for r in wanted])
    assert sum(file._handle is not None for file in shelf._files.values()) <= 2


def test_of_several_places_of_an_audio_the_last_counts_and_the_name_is_the_one_asked_for(tmp_path: Path) -> None:
    write_shard(tmp_path / "shard.h5", rows("a", "b", value=-1), FeatureSpec(CONFIG, "float32"))
    merge(tmp_path / "store.h5", rows("a", value=-2), 1, FeatureSpec(CONFIG, "float32"))
    shelf = Shelf([tmp_path / "shard.h5"], [tmp_path / "store.h5"])
    assert f"{1:064x}" in shelf
    assert f"{2:064x}" not in shelf
    clips = [("renamed", f"{0:064x}"), ("b", f"{1:064x}"), ("twin", f"{0:064x}")]
    merge(tmp_path / "merged.h5", shelf.rows(clips, "none"), 3, FeatureSpec(CONFIG, "float32"))
    file = FeatureFile(tmp_path / "merged.h5")
    assert file.clip_ids == ["renamed", "b", "twin"]
    assert file.read_features([0, 1, 2])[:, 0, 0].tolist() == [-2, -1, -2]


def test_a_store_can_be_replaced_while_another_is_made_from_what_it_held(tmp_path: Path) -> None:
    merge(tmp_path / "training.h5", rows("a", "b", value=-1), 2, FeatureSpec(CONFIG, "float32"))
    shelf = Shelf([], [tmp_path / "training.h5"])
    merge(tmp_path / "training.h5", shelf.rows([("a", f"{0:064x}")], "none"), 1, FeatureSpec(CONFIG, "float32"))
    merge(tmp_path / "testing.h5", shelf.rows([("b", f"{1:064x}")], "none"), 1, FeatureSpec(CONFIG, "float32"))
    np.testing.assert_array_equal(
        FeatureFile(tmp_path / "testing.h5").read_features([0])[0], rows("a", "b", value=-1)[1].features
    )


def test_rows_come_in_the_order_asked_for(store: Path) -> None:
    file = FeatureFile(store)
    expected = [file.read(row).features for row in (2, 0, 2)]
    np.testing.assert_array_equal(file.read_features([2, 0, 2]), expected)
    assert file.read_features([]).shape == (0, 500, 80)


def test_a_row_is_read_back_whole(store: Path) -> None:
    row = FeatureFile(store).read(1)
    assert (row.clip_id, row.n_frames, row.audio_sha256) == ("-5QrBL6MzLg_60.000_70.000", 499, f"{1:064x}")
    assert row.features.shape == (500, 80)


def test_parameters_are_read_back_as_they_were_given(store: Path) -> None:
    assert FeatureFile(store).parameters == FeatureSpec(CONFIG).parameters


def test_a_store_without_clips_can_be_read(tmp_path: Path) -> None:
    merge(tmp_path / "none.h5", [], 0, FeatureSpec(CONFIG))
    file = FeatureFile(tmp_path / "none.h5")
    assert (file.clip_ids, file.audio_sha256) == ([], [])
    assert file.read_features([]).shape == (0, 500, 80)


def test_an_open_file_survives_pickling(store: Path) -> None:
    file = FeatureFile(store)
    expected = file.read_features([1])
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(file)).read_features([1]), expected)


def send_features(file: FeatureFile, connection: Connection) -> None:
    inherited = file._handle
    connection.send((file._file is not inherited, file.read_features([1])))


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
def test_a_forked_process_opens_the_file_itself(store: Path) -> None:
    file = FeatureFile(store)
    expected = file.read_features([1])
    ours, theirs = multiprocessing.Pipe()
    child = multiprocessing.get_context("fork").Process(target=send_features, args=(file, theirs))
    child.start()
    assert ours.poll(20)
    is_its_own, found = ours.recv()
    child.join()
    assert is_its_own
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(file.read_features([1]), expected)


def test_a_closed_file_opens_again_and_sees_what_replaced_it(tmp_path: Path, store: Path) -> None:
    file = FeatureFile(store)
    assert file.read(0).clip_id == "a"
    file.close()
    file.close()
    merge(store, rows("a", value=-7), 1, FeatureSpec(CONFIG, "float32"))
    assert file.read_features([0])[0, 0, 0] == -7


def test_a_shard_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises((TypeError, ValueError)):
        write_shard(tmp_path / "a.h5", [replace(rows("a")[0], features=np.zeros((3, 3)))], FeatureSpec(CONFIG))
    assert list(tmp_path.iterdir()) == []


def test_fingerprint_follows_every_parameter_and_the_dtype() -> None:
    changes = [
        {name: value * 2} for name, value in vars(CONFIG).items() if name not in ("window_length",)
    ] + [{"window_length": 882}]  # fmt: skip
    made = {FeatureSpec(replace(CONFIG, **change)).fingerprint for change in changes}
    made |= {FeatureSpec(CONFIG).fingerprint, FeatureSpec(CONFIG, "float32").fingerprint}
    assert len(made) == len(changes) + 2
    assert all(len(digits) == 16 and int(digits, 16) >= 0 for digits in made)
    assert FeatureSpec(LogMelConfig()).fingerprint == FeatureSpec(CONFIG).fingerprint


def test_unknown_dtypes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^dtype must be one of float16, float32, got 'float64'$"):
        FeatureSpec(CONFIG, "float64")


def test_a_damaged_store_is_one_sentence(store: Path) -> None:
    store.write_bytes(store.read_bytes()[:1000])
    with pytest.raises(SedpipeError, match=r"^cannot read .*training\.h5: ") as caught:
        FeatureFile(store).clip_ids  # noqa: B018
    assert caught.value.hint == "delete it and run `sedpipe features` again"


LOADER = """
import sys
import numpy as np, torch
from pathlib import Path
from sedpipe.io.cache.feature_store import FeatureFile

class Shuffled(torch.utils.data.Dataset):
    def __init__(self, file): self.file = file
    def __len__(self): return len(self.file.clip_ids)
    def __getitem__(self, row): return row, self.file.read_features([row])[0]

if __name__ == "__main__":
    file = FeatureFile(Path(sys.argv[1]))
    expected = file.read_features(range(len(file.clip_ids)))  # the file is open before the workers are there
    seen = []
    loader = torch.utils.data.DataLoader(
        Shuffled(file), batch_size=4, shuffle=True, num_workers=2, multiprocessing_context=sys.argv[2])
    for rows, features in loader:
        np.testing.assert_array_equal(features.numpy(), expected[rows.numpy()])
        np.testing.assert_array_equal(file.read_features([0])[0], expected[0])
        seen += rows.tolist()
    assert sorted(seen) == list(range(len(expected)))
    print("right")
"""


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_workers_of_a_data_loader_read_the_right_clips(tmp_path: Path, start: str) -> None:
    if start not in multiprocessing.get_all_start_methods():
        pytest.skip(f"no {start} here")
    some = rows(*(f"clip-{number}" for number in range(40)))
    merge(tmp_path / "training.h5", some, len(some), FeatureSpec(CONFIG), "lzf")
    script = tmp_path / "loader.py"
    script.write_text(LOADER)
    command = [sys.executable, os.fspath(script), os.fspath(tmp_path / "training.h5"), start]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (outcome.stdout, outcome.returncode) == ("right\n", 0), outcome.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="no flock here")
def test_hdf5_locks_are_not_needed_and_can_be_asked_for(store: Path) -> None:
    import fcntl

    code = f"""
import pathlib, sys
from sedpipe.errors import SedpipeError
from sedpipe.io.cache.feature_store import FeatureFile
try:
    FeatureFile(pathlib.Path({os.fspath(store)!r})).clip_ids
except SedpipeError as error:
    sys.exit(error.hint)
"""
    with store.open("rb") as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)  # what a disk whose locks do not work looks like
        file = FeatureFile(store)
        assert file.clip_ids[0] == "a"
        file.close()
        environment = {**os.environ, "HDF5_USE_FILE_LOCKING": "TRUE"}
        command = [sys.executable, "-c", code]
        outcome = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert outcome.returncode == 1
    assert "set HDF5_USE_FILE_LOCKING=FALSE" in outcome.stderr


def test_a_store_that_is_open_opens_with_plain_h5py_too_and_the_other_way_round(store: Path) -> None:
    file = FeatureFile(store)
    assert file.clip_ids[0] == "a"
    for locking in (None, False):
        if locking is False:
            file.close()
        with h5py.File(store, locking=locking) as plain:
            np.testing.assert_array_equal(plain["features"][0], file.read_features([0])[0])
            file.close()
