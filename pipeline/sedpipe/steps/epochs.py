"""Reports on the epochs of a training.

- :func:`epoch_line`: a line for the user after each epoch
- :func:`log_of`, :func:`epochs_of`: make and read ``log.csv``
"""

from __future__ import annotations

import csv
from collections.abc import Sequence

from sedpipe.errors import SedpipeError
from sedpipe.io.cache.runs import Run
from sedpipe.io.files.reading import is_there
from sedpipe.io.lists.text import numbered_lines
from sedpipe.listener import clock
from sedpipe.training.fit import EpochRecord, Fit

_SCORES = ("error_rate", "f1")


def epoch_line(fit: Fit, record: EpochRecord, clips_per_second: float, at_most_s: float) -> str:
    """Return the line about an epoch that the user sees.

    Parameters
    ----------
    fit : Fit
        The fit after the epoch.
    record : EpochRecord
        Results of the epoch.
    clips_per_second : float
        Speed of its training.
    at_most_s : float
        Seconds that the remaining epochs take without early stopping.
    """
    best = " (best)" if fit.best_epoch == record.epoch else ""
    error_rate, f1 = (record.scores.get(name) for name in _SCORES)
    scores = "" if error_rate is None or f1 is None else f", testing ER {error_rate:.2f} F1 {100 * f1:.1f} %"
    left = f", {fit.stopped}: stops" if fit.stopped else f", at most {clock(at_most_s)} to go"
    return (
        f"epoch {record.epoch}: training loss {record.training_loss:.4f}, validation loss "
        f"{record.validation_loss:.4f}{best}{scores}, {clips_per_second:.1f} clips/s{left}"
    )


def log_of(records: Sequence[EpochRecord]) -> str:
    """Return the text of ``log.csv``: one line per epoch; undefined values are empty."""
    lines = ["epoch,training_loss,validation_loss,error_rate,f1\n"]
    for record in records:
        scores = ("" if score is None else repr(score) for score in map(record.scores.get, _SCORES))
        lines.append(f"{record.epoch},{record.training_loss!r},{record.validation_loss!r},{','.join(scores)}\n")
    return "".join(lines)


def epochs_of(run: Run) -> list[EpochRecord]:
    """Return the epochs in a run's ``log.csv``; none if there is no such file.

    Raises
    ------
    SedpipeError
        If the file is damaged.
    """
    if not is_there(run.log_path):
        return []
    lines = csv.DictReader(line for _, line in numbered_lines(run.log_path))
    try:
        return [_epoch(line) for line in lines]
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        raise SedpipeError(
            f"{run.log_path}, line {lines.line_num}: expected an epoch, its losses and its scores",
            hint=f"delete {run.folder} and train again",
        ) from error


def _epoch(line: dict[str, str]) -> EpochRecord:
    scores = {name: None if line[name] == "" else float(line[name]) for name in _SCORES}
    return EpochRecord(int(line["epoch"]), float(line["training_loss"]), float(line["validation_loss"]), scores)
