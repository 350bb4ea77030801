from pathlib import Path
from types import SimpleNamespace

import pytest
from sedpipe.errors import SedpipeError
from sedpipe.io.cache.runs import Run
from sedpipe.steps.epochs import epoch_line, epochs_of, log_of
from sedpipe.training.fit import EpochRecord

SCORED = EpochRecord(2, 0.25, 0.5, {"error_rate": 0.456, "f1": 0.7001})
UNSCORED = EpochRecord(1, 1.0, 2.0, {"error_rate": None, "f1": None})


@pytest.mark.parametrize(
    ("record", "best_epoch", "stopped", "said"),
    [
        (
            SCORED,
            2,
            "",
            "validation loss 0.5000 (best), testing ER 0.46 F1 70.0 %, 12.3 clips/s, at most 1 min 5 s to go",
        ),
        (UNSCORED, 2, "", "validation loss 2.0000, 12.3 clips/s, at most 1 min 5 s to go"),
        (SCORED, 1, "patience", "testing ER 0.46 F1 70.0 %, 12.3 clips/s, patience: stops"),
    ],
)
def test_an_epoch_line_reports_losses_scores_speed_and_remaining_time(
    record: EpochRecord, best_epoch: int, stopped: str, said: str
) -> None:
    fit = SimpleNamespace(best_epoch=best_epoch, stopped=stopped)
    line = epoch_line(fit, record, 12.34, 65.0)
    assert line.startswith(f"epoch {record.epoch}: training loss {record.training_loss:.4f}, ")
    assert line.endswith(said)


def test_the_log_has_one_line_per_epoch_and_reads_back_exactly(tmp_path: Path) -> None:
    header, *lines = log_of([UNSCORED, SCORED]).splitlines()
    assert header == "epoch,training_loss,validation_loss,error_rate,f1"
    assert lines == ["1,1.0,2.0,,", "2,0.25,0.5,0.456,0.7001"]
    run = Run(tmp_path)
    assert epochs_of(run) == []
    run.log_path.write_text(log_of([UNSCORED, SCORED]))
    assert epochs_of(run) == [UNSCORED, SCORED]


@pytest.mark.parametrize("line", ["1,0.5", "1,loud,0.5,,", "one,0.5,0.5,,"])
def test_a_damaged_log_gives_an_error_with_the_line_number(tmp_path: Path, line: str) -> None:
    run = Run(tmp_path)
    run.log_path.write_text(f"{log_of([UNSCORED])}{line}\n")
    with pytest.raises(SedpipeError, match=r"log.csv, line 3: expected an epoch") as error:
        epochs_of(run)
    assert error.value.hint == f"delete {run.folder} and train again"
