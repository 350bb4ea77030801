from pathlib import Path

import h5py
import numpy as np
import pytest

from pipeline.io.frame_scores import FrameScores, find_frame_scores, write_frame_scores


@pytest.fixture
def scores() -> FrameScores:
    """Of two clips, five frames, three classes."""
    g = np.random.default_rng(0)
    return FrameScores(
        ["-a_0.000_10.000", "ü"],
        g.random((2, 5, 3), dtype=np.float32),
        g.random((2, 3), dtype=np.float32),
        np.array([20, 7], np.int32),
    )


def test_probabilities_come_back_to_the_bit(tmp_path, scores):
    write_frame_scores(tmp_path / "frame-scores-testing.h5", scores, "model 1")
    read = find_frame_scores(tmp_path / "frame-scores-testing.h5", "model 1")
    assert read.clip_ids == scores.clip_ids
    for name in ("frame_probs", "clip_probs", "n_frames"):
        assert getattr(read, name).dtype == getattr(scores, name).dtype
        np.testing.assert_array_equal(getattr(read, name), getattr(scores, name))


def test_what_another_model_made_is_not_found(tmp_path, scores):
    write_frame_scores(tmp_path / "a.h5", scores, "model 1")
    assert find_frame_scores(tmp_path / "a.h5", "model 2") is None
    write_frame_scores(tmp_path / "a.h5", scores, "model 2")
    assert find_frame_scores(tmp_path / "a.h5", "model 2") is not None


@pytest.mark.parametrize("share", [0, 0.3, 0.9])
def test_a_damaged_file_is_as_none(tmp_path, scores, share):
    path: Path = tmp_path / "a.h5"
    assert find_frame_scores(path, "model 1") is None
    write_frame_scores(path, scores, "model 1")
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    assert find_frame_scores(path, "model 1") is None


def test_a_file_that_lacks_a_part_is_as_none(tmp_path, scores):
    write_frame_scores(tmp_path / "a.h5", scores, "model 1")
    with h5py.File(tmp_path / "a.h5", "a") as file:
        del file["clip_probs"]
    assert find_frame_scores(tmp_path / "a.h5", "model 1") is None


def test_the_file_opens_with_plain_h5py(tmp_path, scores):
    write_frame_scores(tmp_path / "a.h5", scores, "model 1")
    with h5py.File(tmp_path / "a.h5") as file:
        assert sorted(file) == ["clip_id", "clip_probs", "frame_probs", "n_frames"]
        assert file["clip_id"].asstr()[0] == "-a_0.000_10.000"
