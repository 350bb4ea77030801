import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.runs import Run
from sedpipe.listener import Listener
from sedpipe.steps.frame_scores import frame_scores

MADE = Path(__file__).parents[1] / "first_edition" / "made"


@pytest.fixture
def tones(tmp_path: Path) -> Dataset:
    shutil.copytree(MADE / "cache", tmp_path / "cache")
    return Dataset(tmp_path / "cache", "tones")


def test_stored_scores_with_other_clip_ids_are_recomputed(tones: Dataset) -> None:
    run = Run(tones.runs / "whole")
    before = frame_scores(tones, run, "testing", "cpu", Listener())
    clip_ids, probs = before.clip_ids, np.array(before.frame_probs)
    del before  # HDF5 shares one copy of a file among all that have it open
    path = run.frame_scores_path("testing")
    raw = path.read_bytes()
    assert raw.count(b"testing-2") == 1
    path.write_bytes(raw.replace(b"testing-2", b"tasting-2"))
    again = frame_scores(tones, run, "testing", "cpu", Listener())
    assert again.clip_ids == clip_ids
    made, silent = np.array(again.frame_probs), (np.array(again.frame_probs) == 0).all(axis=2)
    assert abs(made - probs)[~silent].max() < 1e-5
    assert 0 < silent.mean() < 0.9  # these clips contain digital silence, which was network input in the first edition
    assert b"testing-2" in path.read_bytes()


def test_many_clips_are_predicted_in_a_separate_process_with_the_same_result(
    tones: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run(tones.runs / "whole")
    path = run.frame_scores_path("testing")
    path.unlink(missing_ok=True)
    here = np.array(frame_scores(tones, run, "testing", "cpu", Listener()).frame_probs)
    path.unlink()
    monkeypatch.setattr("sedpipe.steps.frame_scores.MANY_CLIPS", 1)
    monkeypatch.setattr("sedpipe.training.inference.predict", None)  # this process must not predict
    apart = frame_scores(tones, run, "testing", "cpu", Listener())
    np.testing.assert_allclose(apart.frame_probs, here, atol=1e-6)
    assert len(apart.clip_ids) > 1


def test_durations_of_stored_scores_follow_the_sample_counts_without_the_network(
    tones: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run(tones.runs / "whole")
    before = frame_scores(tones, run, "testing", "cpu", Listener())
    lasting, rate = before.durations.tolist(), before.grid.sample_rate
    del before
    [path] = tones.folder.glob("features/*/testing.h5")
    with h5py.File(path, "r+") as file:
        file["n_samples"] = [round(rate * seconds) - rate // 100 for seconds in lasting]
    monkeypatch.setattr("sedpipe.training.inference.predict", None)
    found = frame_scores(tones, run, "testing", "cpu", Listener())
    assert found.durations.tolist() == pytest.approx([seconds - 0.01 for seconds in lasting])
    record = tones.read_record()
    tones.write_record(record.model_copy(update={"clip_s": 0.5}))
    assert frame_scores(tones, run, "testing", "cpu", Listener()).durations.tolist() == [0.5] * len(lasting)
