import errno
import os
import pickle
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from leftovers import left_by_a_killed_process
from sedpipe.detection.frame_scores import FrameScores
from sedpipe.detection.postprocess import PostProcessing
from sedpipe.errors import SedpipeError, SettingsError
from sedpipe.frames import FrameGrid
from sedpipe.io.cache.frame_scores import (
    Origin,
    export_frame_scores,
    find_frame_scores,
    find_origin,
    write_frame_scores,
)
from sedpipe.io.cache.stored_probs import DamagedProbsError
from sedpipe.labels import LabelSet


@pytest.fixture
def scores() -> FrameScores:
    """Scores of two clips with five frames and three classes."""
    g = np.random.default_rng(0)
    return FrameScores(
        ["-a_0.000_10.000", "ü"],
        g.random((2, 5, 3), dtype=np.float32),
        g.random((2, 3), dtype=np.float32),
        np.array([5, 2], np.int32),
        np.array([0.4, 0.15]),
        LabelSet(("Dog", "Air horn, truck horn", "ü")),
        FrameGrid(100, 8),
        {"min_er": PostProcessing((0.5, 0.4, 0.3), gap_s=0.2), "max_f1": PostProcessing(0.5)},
    )


ONE, TWO = Origin("features", "model 1"), Origin("features", "model 2")


def test_scores_are_read_back_bit_for_bit(tmp_path, scores):
    write_frame_scores(tmp_path / "frame-scores-testing.h5", [scores], 2, ONE)
    read = find_frame_scores(tmp_path / "frame-scores-testing.h5", ONE)
    assert read.clip_ids == scores.clip_ids
    assert (read.labels, read.grid, read.points) == (scores.labels, scores.grid, scores.points)
    for name in ("frame_probs", "clip_probs", "n_frames", "durations"):
        assert getattr(read, name).dtype == getattr(scores, name).dtype
        np.testing.assert_array_equal(getattr(read, name), getattr(scores, name))


def test_clips_written_in_several_parts_are_read_back_together(tmp_path, scores):
    write_frame_scores(tmp_path / "a.h5", (scores.of([clip_id]) for clip_id in scores.clip_ids), 2, ONE)
    read = find_frame_scores(tmp_path / "a.h5", ONE)
    assert read.clip_ids == scores.clip_ids
    np.testing.assert_array_equal(read.frame_probs, scores.frame_probs)
    np.testing.assert_array_equal(read.durations, scores.durations)


def test_fewer_clips_than_announced_are_an_error_and_leave_no_file(tmp_path, scores):
    with pytest.raises(ValueError, match=r"^expected scores of 2 clips, got 1$"):
        write_frame_scores(tmp_path / "a.h5", [scores.of(["ü"])], 2, ONE)
    assert list(tmp_path.iterdir()) == []


def test_scores_of_another_model_are_not_found(tmp_path, scores):
    write_frame_scores(tmp_path / "a.h5", [scores], 2, ONE)
    assert find_frame_scores(tmp_path / "a.h5", TWO) is None
    write_frame_scores(tmp_path / "a.h5", [scores], 2, TWO)
    assert find_frame_scores(tmp_path / "a.h5", TWO) is not None


@pytest.mark.parametrize("share", [0, 0.3, 0.9])
def test_a_truncated_file_is_treated_as_missing(tmp_path, scores, share):
    path: Path = tmp_path / "a.h5"
    assert find_frame_scores(path, ONE) is None
    write_frame_scores(path, [scores], 2, ONE)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    assert find_frame_scores(path, ONE) is None


@pytest.mark.parametrize("name", ["frame_probs", "clip_probs", "n_frames", "durations"])
def test_a_single_flipped_bit_in_a_value_is_detected(tmp_path, scores, name):
    path: Path = tmp_path / "a.h5"
    write_frame_scores(path, [scores], 2, ONE)
    raw, values = bytearray(path.read_bytes()), getattr(scores, name).tobytes()
    assert raw.count(values) == 1
    raw[raw.index(values)] ^= 1
    path.write_bytes(raw)
    assert find_frame_scores(path, ONE) is None


def test_a_file_without_clip_probs_is_treated_as_missing(tmp_path, scores):
    write_frame_scores(tmp_path / "a.h5", [scores], 2, ONE)
    with h5py.File(tmp_path / "a.h5", "a") as file:
        del file["clip_probs"]
    assert find_frame_scores(tmp_path / "a.h5", ONE) is None


def test_the_file_opens_with_plain_h5py(tmp_path, scores):
    write_frame_scores(tmp_path / "a.h5", [scores], 2, ONE)
    with h5py.File(tmp_path / "a.h5") as file:
        assert sorted(file) == ["clip_id", "clip_probs", "duration", "frame_probs", "n_frames"]
        assert file["clip_id"].asstr()[0] == "-a_0.000_10.000"


def test_a_file_with_invalid_operating_points_is_treated_as_missing(tmp_path, scores):
    write_frame_scores(tmp_path / "a.h5", [scores], 2, ONE)
    with h5py.File(tmp_path / "a.h5", "a") as file:
        file.attrs["operating_points"] = '{"min_er": {"threshold": 7}}'
    assert find_origin(tmp_path / "a.h5") == ONE
    assert find_frame_scores(tmp_path / "a.h5", ONE) is None


@pytest.mark.skipif(sys.platform == "win32", reason="no flock here")
def test_scores_are_read_from_a_disk_without_working_locks(tmp_path, scores):
    import fcntl

    write_frame_scores(tmp_path / "a.h5", [scores], 2, ONE)
    with (tmp_path / "a.h5").open("rb") as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)  # imitates a disk without working locks
        read = find_frame_scores(tmp_path / "a.h5", ONE)
        assert read is not None
        np.testing.assert_array_equal(read.frame_probs, scores.frame_probs)
        np.testing.assert_array_equal(pickle.loads(pickle.dumps(read.frame_probs)), scores.frame_probs)


@pytest.mark.parametrize("number", [errno.EIO, errno.EACCES, errno.ESTALE])
def test_a_temporary_read_error_is_not_reported_as_damage(tmp_path, scores, number, monkeypatch):
    write_frame_scores(tmp_path / "a.h5", [scores], 2, ONE)
    read = find_frame_scores(tmp_path / "a.h5", ONE)

    def fail(*_: object) -> None:
        raise OSError(f"Can't read data (file read failed: errno = {number}, error message = '{os.strerror(number)}')")

    monkeypatch.setattr(h5py.Dataset, "__getitem__", fail)
    for ask in (lambda: find_frame_scores(tmp_path / "a.h5", ONE), lambda: read.frame_probs[0]):
        with pytest.raises(SedpipeError, match=f"cannot read .*a.h5: {os.strerror(number)}") as caught:
            ask()
        assert not isinstance(caught.value, DamagedProbsError)


def test_an_impossible_path_is_treated_as_missing_and_an_unreadable_one_is_an_error(tmp_path):
    (tmp_path / "file").write_text("")
    assert find_frame_scores(tmp_path / "file" / "a.h5", ONE) is None
    (tmp_path / "a.h5").mkdir()
    with pytest.raises(SedpipeError, match="cannot read"):
        find_frame_scores(tmp_path / "a.h5", ONE)


def test_a_tsv_export_can_be_repeated_into_the_same_folder(tmp_path, scores):
    for _ in range(2):
        assert export_frame_scores(tmp_path / "not" / "there", scores) == 2


def test_a_tsv_export_has_one_row_per_frame_up_to_the_end_of_the_clip(tmp_path, scores):
    (tmp_path / "out").mkdir()
    left_by_a_killed_process(tmp_path / "out", ".tsv")
    assert export_frame_scores(tmp_path / "out", scores) == 2
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["-a_0.000_10.000.tsv", "ü.tsv"]
    lines = (tmp_path / "out" / "ü.tsv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "onset\toffset\tDog\tAir horn, truck horn\tü"
    assert [line.split("\t")[:2] for line in lines[1:]] == [["0.000", "0.080"], ["0.080", "0.150"]]


def test_a_tsv_export_does_not_overwrite_a_list_of_events(tmp_path: Path) -> None:
    (tmp_path / "b.tsv").write_text("onset\toffset\tevent_label\n0\t1\tDog\n")
    probs, labels = np.full((2, 1, 1), 0.5), LabelSet(("Dog",))
    scores = FrameScores(["a", "b"], probs, probs.max(1), np.ones(2, int), np.full(2, 0.1), labels, FrameGrid(10, 1))
    with pytest.raises(
        SettingsError, match=r"b\.tsv is no export of frame probabilities of these classes, and would be"
    ):
        export_frame_scores(tmp_path, scores)
    assert [path.name for path in tmp_path.iterdir()] == ["b.tsv"]
    (tmp_path / "b.tsv").unlink()
    assert export_frame_scores(tmp_path, scores) == export_frame_scores(tmp_path, scores) == 2
