"""Recordings divided among processes: the same results as from one process, in one folder with one log."""

import json
import multiprocessing
import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from predict_work import note, predict_by_two
from sedpipe.errors import SedpipeError
from sedpipe.io.files.locks import hold
from sedpipe.io.models.checkpoints import write_model
from sedpipe.io.prediction_log import LOG_NAME, PredictionLog
from sedpipe.reports.listening import PredictReport
from sedpipe.shards import Shard
from sedpipe.stages import predict_files
from sedpipe.stages.predict import predict
from sedpipe.stages.predict_files import Output
from sedpipe.steps.work import Work
from tiny_dataset import FRONT_END, untrained_model

N_RECORDINGS = 11
PROCESSES = multiprocessing.get_context("spawn" if sys.platform == "win32" else "forkserver")


@pytest.fixture(autouse=True)
def small_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predict_files, "FILES_A_TASK", 2)
    torch.set_num_threads(1)


@pytest.fixture
def model(tmp_path: Path) -> str:
    """An untrained model that predicts something in about half of all frames."""
    trained = untrained_model()
    with torch.no_grad():
        trained.model.classify.weight.mul_(100)
    write_model(tmp_path / "model" / "checkpoint.pt", trained)
    return str(tmp_path / "model")


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    for number in range(N_RECORDINGS):
        path = folder / f"{number % 3}" / f"{number:02d}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        waveform = np.random.default_rng(number).uniform(-0.5, 0.5, FRONT_END.sample_rate * (2 + number % 4))
        soundfile.write(path, waveform, FRONT_END.sample_rate)
    (folder / "1" / "bad.wav").write_bytes(b"this is not audio")
    return folder


def lists(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("[!.]*.tsv")}


def told(report: PredictReport) -> list[tuple[str, str, int]]:
    return [(file.name, file.path, len(file.events)) for file in report.files]


def logged(folder: Path) -> list[str]:
    return sorted(json.loads(line)["name"] for line in (folder / LOG_NAME).read_text().splitlines()[1:])


@pytest.mark.parametrize("is_relative", [False, True])
def test_worker_processes_give_the_results_of_one_process_in_the_same_order(
    tmp_path: Path, model: str, recordings: Path, monkeypatch: pytest.MonkeyPatch, is_relative: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    place = Path("in") if is_relative else recordings
    alone = predict([place], model, output=Output(Path("alone")))
    by_two = predict([place], model, output=Output(Path("by two")), work=Work(jobs=2))
    assert told(by_two) == told(alone)
    assert by_two.counts == alone.counts
    assert alone.counts["ok"] == N_RECORDINGS
    assert alone.counts["failed"] == by_two.n_failed == 1
    assert sum(len(file.events) for file in alone.files) > N_RECORDINGS
    assert lists(tmp_path / "by two") == lists(tmp_path / "alone")
    assert logged(tmp_path / "by two") == logged(tmp_path / "alone")


def test_shards_write_to_one_folder_and_together_equal_the_whole(tmp_path: Path, model: str, recordings: Path) -> None:
    predict([recordings], model, output=Output(tmp_path / "whole"))
    out = Output(tmp_path / "out")
    parts = [predict([recordings], model, output=out, work=Work(shard=Shard(k, 3))) for k in (1, 2, 3)]
    assert sum(part.counts["recordings"] for part in parts) == N_RECORDINGS + 1
    assert lists(tmp_path / "out") == lists(tmp_path / "whole")
    assert logged(tmp_path / "out") == logged(tmp_path / "whole")
    assert predict([recordings], model, output=out).counts["kept"] == N_RECORDINGS


def test_two_processes_cannot_predict_the_same_recordings_at_a_time(
    tmp_path: Path, model: str, recordings: Path
) -> None:
    out = Output(tmp_path / "out")
    with hold(tmp_path / "out" / ".predict-1-of-2.lock", "testing", ""):
        for shard in (None, Shard(1, 2)):
            with pytest.raises(SedpipeError, match=r"^another process is writing to .*out"):
                predict([recordings], model, output=out, work=Work(shard=shard))
        predict([recordings], model, output=out, work=Work(shard=Shard(2, 2)))
    with (
        hold(tmp_path / "out" / ".predict.lock", "testing", ""),
        pytest.raises(SedpipeError, match=r"^another process is writing to .*out"),
    ):
        predict([recordings], model, output=out, work=Work(shard=Shard(2, 2)))


def test_a_report_without_events_lists_only_failures_and_counts_all(
    tmp_path: Path, model: str, recordings: Path
) -> None:
    whole = predict([recordings], model, output=Output(tmp_path / "out"))
    short = predict([recordings], model, output=Output(tmp_path / "short", keeps=False), work=Work(jobs=2))
    assert short.counts == whole.counts
    assert [(file.name, file.state) for file in short.files] == [("1/bad.wav", "failed")]


def test_a_worker_refuses_a_replaced_or_missing_model(tmp_path: Path, model: str, recordings: Path) -> None:
    opened = predict_files._opened(Path(model), "cpu", tmp_path)
    predicting = predict_files.Predicting(
        Path(model), "0" * 64, "cpu", tmp_path, opened.trained.operating_points["min_er"], Output()
    )
    with pytest.raises(SedpipeError, match="sees a different model"):
        predict_files._predict_some(predicting, predict_files._Task(0, "cpu", []))
    with pytest.raises(SedpipeError, match="does not see"):
        predict_files._opened(tmp_path / "nowhere", "cpu", tmp_path)


def test_predict_killed_at_any_moment_resumes_to_the_same_lists(tmp_path: Path, model: str, recordings: Path) -> None:
    predict([recordings], model, output=Output(tmp_path / "whole"))
    out = tmp_path / "out"
    for least in (1, 5):
        process = PROCESSES.Process(target=predict_by_two, args=(recordings, model, out))
        process.start()
        while process.is_alive() and (not (out / LOG_NAME).exists() or len(logged(out)) < least):
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
        process.join()
    predict([recordings], model, output=Output(out), work=Work(jobs=2))
    assert lists(out) == lists(tmp_path / "whole")
    assert logged(out) == logged(tmp_path / "whole")
    predict([recordings], model, output=Output(out))
    assert not list(out.rglob(".tmp-*"))


def test_processes_that_write_to_one_log_break_no_line(tmp_path: Path) -> None:
    writers = [PROCESSES.Process(target=note, args=(tmp_path, process, 40)) for process in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    names = {f"{process}/{number}.wav" + "long" * 2000 for process in range(4) for number in range(40)}
    assert set(logged(tmp_path)) == names
    assert PredictionLog(tmp_path, {"threshold": 0.5}).n_dropped == 0
