"""Work of processes in tests of ``predict``: module-level functions, so that new processes can unpickle them."""

from pathlib import Path

import torch
from sedpipe.io.prediction_log import PredictionLog
from sedpipe.io.predictions import PredictedFile
from sedpipe.stages import predict_files
from sedpipe.stages.predict import predict
from sedpipe.stages.predict_files import Output
from sedpipe.steps.work import Work


def predict_by_two(recordings: Path, model: str, out: Path) -> None:
    """Predict with two worker processes, one recording per task."""
    torch.set_num_threads(1)
    predict_files.FILES_A_TASK = 1
    predict([recordings], model, output=Output(out), work=Work(jobs=2))


def note(folder: Path, process: int, n_lines: int) -> None:
    """Add lines to a log."""
    log = PredictionLog(folder, {"threshold": 0.5})
    for number in range(n_lines):
        log.add(PredictedFile("x", f"{process}/{number}.wav" + "long" * 2000, 1.0, []), (number, process))
