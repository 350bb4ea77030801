from pathlib import Path

import pytest
from sedpipe.errors import SedpipeError
from sedpipe.io.cache.curves import Curves
from sedpipe.training.fit import EpochRecord

RECORDS = [EpochRecord(epoch, 1.0 / epoch, 2.0 / epoch, {"error_rate": 0.5 / epoch, "f1": None}) for epoch in (1, 2, 3)]


def read(folder: Path) -> dict[str, list[tuple[int, float]]]:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    events = accumulator.EventAccumulator(str(folder)).Reload()
    return {tag: [(event.step, event.value) for event in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


def test_each_epoch_appears_once_after_an_interrupted_run_is_resumed(tmp_path: Path) -> None:
    folder = tmp_path / "tensorboard"
    killed = Curves(folder, [])
    for record in RECORDS[:2]:
        killed.add(record)  # never closed
    resumed = Curves(folder, RECORDS[:2])
    resumed.add(RECORDS[2])
    resumed.close()
    found = read(folder)
    assert found["loss/training"] == [(1, 1.0), (2, 0.5), (3, pytest.approx(1 / 3))]
    assert [step for step, _ in found["testing/error_rate"]] == [1, 2, 3]
    assert "testing/f1" not in found  # undefined is not 0


def test_a_full_disk_raises_an_error_and_prints_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Path, "open", lambda _, mode: open("/dev/full", mode))  # noqa: SIM115
    with pytest.raises(SedpipeError, match=r"cannot write .*tfevents.*: No space left"):
        Curves(tmp_path / "tensorboard", [])
    assert capfd.readouterr().err == ""
