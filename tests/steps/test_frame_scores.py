import shutil
from pathlib import Path

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


def test_stored_scores_of_clips_by_another_name_are_made_anew(tones: Dataset) -> None:
    run = Run(tones.runs / "whole")
    before = frame_scores(tones, run, "testing", "cpu", Listener())
    path = run.frame_scores_path("testing")
    raw = path.read_bytes()
    assert raw.count(b"testing-2") == 1
    path.write_bytes(raw.replace(b"testing-2", b"tasting-2"))
    again = frame_scores(tones, run, "testing", "cpu", Listener())
    assert list(again.clip_ids) == list(before.clip_ids)
    assert abs(again.frame_probs - before.frame_probs).max() < 1e-5
    assert b"testing-2" in path.read_bytes()
