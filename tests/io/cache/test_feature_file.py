import multiprocessing
import os
import pickle
import struct
import subprocess
import sys
from collections import Counter
from multiprocessing.connection import Connection
from pathlib import Path

import h5py
import numpy as np
import pytest
from rights import unreadable
from sedpipe.choices import COMPRESSIONS
from sedpipe.errors import SedpipeError
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.cache import feature_file
from sedpipe.io.cache.feature_file import DamagedStoreError, FeatureFile
from sedpipe.io.cache.feature_store import merge, write_shard
from stored_rows import CONFIG, as_in_the_first_edition, rows, stamps, stored, zero_bytes


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return stored(tmp_path / "training.h5", "a", "-5QrBL6MzLg_60.000_70.000", "Käuzchen")


def test_rows_are_returned_in_the_requested_order(store: Path) -> None:
    file = FeatureFile(store)
    expected = [file.read(row).features for row in (2, 0, 2)]
    np.testing.assert_array_equal(file.read_features([2, 0, 2]), expected)
    assert file.read_features([]).shape == (0, 500, 80)


def test_a_row_is_read_back_with_its_clip_id_frames_and_checksum(store: Path) -> None:
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


def test_shards_keep_the_stamps_of_audio_files_and_stores_do_not(tmp_path: Path, store: Path) -> None:
    some = rows("a", "b")
    write_shard(tmp_path / "shard.h5", some, FeatureSpec(CONFIG), "none", stamps(some))
    assert FeatureFile(tmp_path / "shard.h5").audio_stamps == stamps(some)
    assert FeatureFile(store).audio_stamps == []


def test_an_open_file_survives_pickling(store: Path) -> None:
    file = FeatureFile(store)
    expected = file.read_features([1])
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(file)).read_features([1]), expected)


def send_features(file: FeatureFile, connection: Connection) -> None:
    inherited = file._handle
    connection.send((file._file is not inherited, file.read_features([1])))


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
def test_a_forked_process_opens_its_own_handle(store: Path) -> None:
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


def test_a_closed_file_reopens_and_reads_its_replacement(tmp_path: Path, store: Path) -> None:
    file = FeatureFile(store)
    assert file.read(0).clip_id == "a"
    file.close()
    file.close()
    merge(store, rows("a", value=-7), 1, FeatureSpec(CONFIG, "float32"))
    assert file.read_features([0])[0, 0, 0] == -7


def test_a_damaged_store_gives_a_one_line_error(store: Path) -> None:
    store.write_bytes(store.read_bytes()[:1000])
    with pytest.raises(SedpipeError, match=r"^cannot read .*training\.h5: ") as caught:
        FeatureFile(store).clip_ids  # noqa: B018
    assert caught.value.hint.startswith("run `sedpipe features DATASET` again")


@pytest.mark.parametrize("column", ["features", "clip_id", "n_frames", "audio_sha256", "checksum"])
def test_a_store_with_columns_of_different_lengths_is_damaged(store: Path, column: str) -> None:
    with h5py.File(store, "r+") as file:
        short, kind = file[column][:-1], file[column].dtype
        del file[column]
        file.create_dataset(column, data=short, dtype=kind)
    with pytest.raises(DamagedStoreError, match="its columns do not match"):
        FeatureFile(store).clip_ids  # noqa: B018


@pytest.mark.parametrize("features", [np.zeros((3, 500, 80), np.int16), np.zeros((3, 40_000), np.float16)])
def test_a_store_with_integer_or_two_dimensional_features_is_damaged(store: Path, features: np.ndarray) -> None:
    with h5py.File(store, "r+") as file:
        del file["features"]
        file["features"] = features
    with pytest.raises(DamagedStoreError, match="its columns do not match"):
        FeatureFile(store).clip_ids  # noqa: B018


def test_a_file_that_claims_more_values_than_it_contains_is_rejected(store: Path) -> None:
    with h5py.File(store, "r+") as file:
        del file["features"]
        file.create_dataset("features", (3, 500, 800_000), np.float16, chunks=(1, 500, 80))
    with pytest.raises(DamagedStoreError, match="it claims more values than it contains"):
        FeatureFile(store).clip_ids  # noqa: B018


LOADER = """
import sys
import numpy as np, torch
from pathlib import Path
from sedpipe.io.cache.feature_file import FeatureFile

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
def test_hdf5_locking_is_off_by_default_and_can_be_turned_on(store: Path) -> None:
    import fcntl

    code = f"""
import pathlib, sys
from sedpipe.errors import SedpipeError
from sedpipe.io.cache.feature_file import FeatureFile
try:
    FeatureFile(pathlib.Path({os.fspath(store)!r})).clip_ids
except SedpipeError as error:
    sys.exit(error.hint)
"""
    with store.open("rb") as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)  # imitates a disk without working locks
        file = FeatureFile(store)
        assert file.clip_ids[0] == "a"
        file.close()
        environment = {**os.environ, "HDF5_USE_FILE_LOCKING": "TRUE"}
        command = [sys.executable, "-c", code]
        outcome = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert outcome.returncode == 1
    assert "set HDF5_USE_FILE_LOCKING=FALSE" in outcome.stderr


def test_sedpipe_and_plain_h5py_can_have_a_store_open_together(store: Path) -> None:
    file = FeatureFile(store)
    assert file.clip_ids[0] == "a"
    for locking in (None, False):
        if locking is False:
            file.close()
        with h5py.File(store, locking=locking) as plain:
            np.testing.assert_array_equal(plain["features"][0], file.read_features([0])[0])
            file.close()


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_a_damaged_row_is_rejected_and_the_others_are_read(tmp_path: Path, compression: str) -> None:
    path = stored(tmp_path / "training.h5", "a", "b", "c", compression=compression)
    zero_bytes(path, 1)
    file = FeatureFile(path)
    assert file.read_features([0, 2]).shape == (2, 500, 80)
    for again in range(2):
        with pytest.raises(DamagedStoreError, match=r"training\.h5") as caught:
            file.read_features([2, 1])
        assert "run `sedpipe features DATASET` again" in caught.value.hint, again
    assert file.damaged_rows([0, 1, 2]) == [1]


@pytest.mark.parametrize(("column", "value"), [("n_frames", 0), ("audio_sha256", "f" * 64), ("checksum", 7)])
def test_a_row_with_altered_metadata_is_damaged(store: Path, column: str, value: object) -> None:
    with h5py.File(store, "r+") as file:
        file[column][1] = value
    assert FeatureFile(store).damaged_rows([0, 1, 2]) == [1]


def test_in_first_edition_stores_only_rows_with_impossible_values_are_damaged(store: Path) -> None:
    expected = FeatureFile(store).read_features([0, 1, 2])
    as_in_the_first_edition(store)
    np.testing.assert_array_equal(FeatureFile(store).read_features([0, 1, 2]), expected)
    with h5py.File(store, "r+") as file:
        file["features"][0, 3, 4] = np.nan
        file["n_frames"][2] = 501
    assert FeatureFile(store).damaged_rows([0, 1, 2]) == [0, 2]


def test_the_checksum_of_a_row_is_verified_once(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[str] = []
    monkeypatch.setattr(
        feature_file, "is_intact", lambda features, n_frames, sha256, checksum: checked.append(sha256) is None
    )
    file = FeatureFile(store)
    file.read_features([0, 1])
    file.read_features([1, 0, 2])
    assert checked == [f"{number:064x}" for number in (0, 1, 2)]


def test_a_corrupted_store_gives_a_one_line_error_or_unchanged_values(tmp_path: Path) -> None:
    path = stored(tmp_path / "training.h5", "a", "b", compression="gzip")
    whole, expected = path.read_bytes(), FeatureFile(path).read_features([0, 1])
    outcomes = Counter[str]()
    for number in range(150):
        path.write_bytes(damaged(whole, np.random.default_rng(number)))
        file = FeatureFile(path)
        try:
            rows_of = {clip_id: row for row, clip_id in enumerate(file.clip_ids)}
            found = [rows_of[clip_id] for clip_id in ("a", "b") if clip_id in rows_of]
            np.testing.assert_array_equal(file.read_features(found), expected[found])
            outcomes["same"] += 1
        except DamagedStoreError as error:
            outcomes["sentence" if len(error.message) < 200 + len(str(path)) else "long"] += 1
        file.close()
    assert set(outcomes) == {"same", "sentence"}
    assert min(outcomes.values()) > 10, outcomes


def damaged(whole: bytes, g: np.random.Generator) -> bytes:
    """Return the file truncated, with zeros in it, or with a few bits flipped, half of the time near HDF5's tables."""
    kind, changed = g.integers(3), bytearray(whole)
    if kind == 0:
        return whole[: int(g.integers(len(whole)))]
    near_an_end = np.concatenate([np.arange(4000), len(whole) - 1 - np.arange(4000)])
    for _ in range(1 if kind == 1 else int(g.integers(1, 4))):
        at = int(g.choice(near_an_end)) if g.random() < 0.5 else int(g.integers(len(whole)))
        if kind == 1:
            changed[at : at + 64] = bytes(len(changed[at : at + 64]))
        else:
            changed[at] ^= 1 << int(g.integers(8))
    return bytes(changed)


def test_a_row_whose_index_entry_claims_too_many_bytes_is_damaged(store: Path) -> None:
    """h5py would write the excess bytes past the end of the buffer that it is given."""
    raw, n_bytes = store.read_bytes(), 500 * 80 * 2
    there, more = (struct.pack("<IIQQQQ", size, 0, 2, 0, 0, 0) for size in (n_bytes, n_bytes + 64))
    assert raw.count(there) == 1
    store.write_bytes(raw.replace(there, more))
    file = FeatureFile(store)
    assert file.damaged_rows([0, 1, 2]) == [2]
    with pytest.raises(DamagedStoreError, match=r"^cannot read .*training\.h5: row 2 is of another size$"):
        file.read_features([2])


@pytest.mark.skipif(os.name != "posix", reason="no such rights here")
def test_a_store_without_read_permission_is_not_reported_as_damaged(store: Path) -> None:
    with unreadable(store), pytest.raises(SedpipeError, match=r"Permission denied$") as caught:
        FeatureFile(store).clip_ids  # noqa: B018
    assert not isinstance(caught.value, DamagedStoreError)
    assert caught.value.hint.startswith("let your user read it")


def test_a_file_that_claims_more_rows_than_it_contains_is_rejected(tmp_path: Path) -> None:
    path, n = tmp_path / "training.h5", 2**40
    with h5py.File(path, "w") as file:
        file.create_dataset("features", (n, 0, 8), np.float32, chunks=(1024, 1, 8), maxshape=(None, None, None))
        for name, dtype in (("clip_id", h5py.string_dtype()), ("n_frames", np.int32), ("audio_sha256", "S64")):
            file.create_dataset(name, (n,), dtype, chunks=(1024,))
    with pytest.raises(DamagedStoreError, match="it claims more values than it contains"):
        FeatureFile(path).n_frames  # noqa: B018
