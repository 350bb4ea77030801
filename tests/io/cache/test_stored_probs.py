import pickle

import h5py
import numpy as np
import pytest
from sedpipe.io.cache.stored_probs import DamagedProbsError, StoredProbs

PROBS = np.random.default_rng(0).random((7, 5, 3), dtype=np.float32)


@pytest.fixture
def stored(tmp_path, monkeypatch) -> StoredProbs:
    """Probabilities of 7 clips, which are read two at a time."""
    monkeypatch.setattr("sedpipe.io.cache.stored_probs._MOST_READ", 30)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("probs", data=PROBS, chunks=(2, 5, 3), fletcher32=True)
    return StoredProbs(tmp_path / "a.h5", "probs")


@pytest.mark.parametrize(
    "key",
    [
        0, -1, np.int64(3), slice(2, 5), slice(None), slice(5, 5), slice(6, 99), slice(4, 2), slice(None, None, 2),
        slice(None, None, -1), [3, 0], PROBS[:, 0, 0] > 0.5, PROBS[:, :, 0] > 0.5, ..., (2, 1), (-2, slice(1, 3), 0),
        (slice(None), slice(None), 1), (slice(1, 6), 2), (slice(3, 3), slice(None), 1), (slice(0, 1), ..., 0),
    ],
    ids=str,
)  # fmt: skip
def test_indexing_gives_the_same_values_as_indexing_an_array(stored, key):
    np.testing.assert_array_equal(stored[key], PROBS[key])
    assert np.asarray(stored[key]).dtype == np.float32


def test_numpy_treats_it_as_an_array(stored):
    assert (stored.shape, stored.ndim, stored.dtype, len(stored)) == (PROBS.shape, 3, np.float32, 7)
    assert stored.max() == PROBS.max() == np.max(stored)
    np.testing.assert_array_equal(1 - stored, 1 - PROBS)
    np.testing.assert_array_equal(stored >= 0.5, PROBS >= 0.5)
    np.testing.assert_array_equal(np.mean([stored, stored], axis=0), PROBS)
    np.testing.assert_array_equal([*stored], PROBS)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(stored)), PROBS)


def test_an_index_out_of_range_is_an_index_error(stored):
    with pytest.raises(IndexError):
        stored[7]


def test_probabilities_stay_the_same_after_the_file_is_replaced(stored, tmp_path):
    with h5py.File(tmp_path / "b.h5", "w") as file:
        file["probs"] = np.zeros_like(PROBS)
    (tmp_path / "b.h5").replace(tmp_path / "a.h5")
    np.testing.assert_array_equal(stored, PROBS)


def test_a_damaged_value_is_an_error_only_when_it_is_read(stored, tmp_path):
    raw = bytearray((tmp_path / "a.h5").read_bytes())
    raw[raw.index(PROBS[4:6].tobytes())] ^= 1
    (tmp_path / "a.h5").write_bytes(raw)
    damaged = StoredProbs(tmp_path / "a.h5", "probs")
    np.testing.assert_array_equal(damaged[:4], PROBS[:4])
    with pytest.raises(DamagedProbsError, match=r"^cannot read .*a\.h5: ") as told:
        damaged[4]
    assert len(told.value.message) <= 300
