"""``sedpipe predict``: a trained model on any recordings, of any length and format, in one process or several.

- :func:`predict`: recordings -> events, in a report or in a folder; prediction into a folder can be resumed
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from sedpipe.errors import SedpipeError, SettingsError
from sedpipe.io.audio.find import AudioFile, find_audio
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.files.atomic import remove_leftovers
from sedpipe.io.files.locks import hold, is_held
from sedpipe.io.files.reading import entries, is_there
from sedpipe.io.models.open import OpenModel
from sedpipe.io.prediction_log import LOG_NAME, PredictionLog
from sedpipe.io.predictions import FORMATS, PredictedFile
from sedpipe.listener import Listener
from sedpipe.reports.listening import PredictReport
from sedpipe.shards import Shard
from sedpipe.stages.predict_files import Output, Predicting, predicted, shown, write_events
from sedpipe.steps.default_model import model_for_prediction
from sedpipe.steps.hearing import OVERLAP, Hearing, chosen_settings
from sedpipe.steps.work import Work

_ONE_AT_A_TIME = "wait until it has finished, name another folder with --out, or give each process a part with --shard"


def predict(
    places: Sequence[Path],
    model: str | None,
    hearing: Hearing | None = None,
    *,
    cache: Dataset | None = None,
    output: Output | None = None,
    work: Work | None = None,
    listener: Listener | None = None,
) -> PredictReport:
    """Find events in recordings.

    Parameters
    ----------
    places : sequence of Path
        Files and folders.
    model : str, optional
        Name or path of a model, as :func:`sedpipe.io.models.open.open_model` takes it. If neither ``model`` nor
        ``cache`` is given, the model that comes with sedpipe is used, and ``listener`` is told so.
    hearing : Hearing, optional
        Device and post-processing of the model.
    cache : Dataset, optional
        Dataset whose runs can be named.
    output : Output, optional
        What is written for each recording, and where.
    work : Work, optional
        Processes that do the work, and the part of the recordings that is processed.
    listener : Listener, optional
        Receiver of progress and remarks.

    Raises
    ------
    MissingStageError
        If the model does not exist, or the file of an encoder that it needs is missing.
    SettingsError
        If the places contain no recording, or two with the same name, or if a setting cannot be used.
    StaleError
        If the folder was started with another model or other settings.
    SedpipeError
        If another process writes to the folder, or it cannot be written to.
    """
    listener, hearing = listener or Listener(), hearing or Hearing()
    output, work = output or Output(), work or Work()
    opened = model_for_prediction(model, cache, hearing.device, hearing.encoders, listener)
    point = chosen_settings(opened.trained, hearing.operating_point, hearing.threshold, opens_gates=hearing.opens_gates)
    found = find_audio(places)
    if output.form == "audacity" and output.folder is None and len(found.files) > 1:
        raise SettingsError(
            f"an Audacity label track describes one recording, got {len(found.files)}", hint="name a folder with --out"
        )
    files = [file for file in found.files if work.shard is None or work.shard.holds(file.name)]
    predicting = Predicting(opened.folder, opened.sha256, hearing.device, hearing.encoders, point, output)
    tally = _Tally(files, keeps=output.keeps)
    with _log_of(files, predicting, work.shard, listener) as log:
        for file in listener.track(_done(files, opened, predicting, work, log), len(files), "recordings"):
            tally.note(file)
    rate = opened.trained.spec.front_end.sample_rate
    labels = tuple(opened.trained.labels)
    return PredictReport(str(opened.folder), tally.files, point, found.left_out, rate, labels, counts=tally.counts)


@contextmanager
def _log_of(
    files: Sequence[AudioFile], predicting: Predicting, shard: Shard | None, listener: Listener
) -> Iterator[PredictionLog | None]:
    """Lock the output folder and open its log of finished recordings; None if nothing is written to a folder."""
    folder = predicting.output.folder
    if folder is None:
        yield None
        return
    own, of_all = _lock(folder, shard), _lock(folder)
    with hold(own, f"writing to {folder}", _ONE_AT_A_TIME):
        # processes with different shards may work at the same time; one without a shard must be the only one
        rivals = [of_all] if shard is not None else entries(folder, ".predict*.lock")
        if any(is_held(path) for path in rivals if path != own):
            raise SedpipeError(f"another process is writing to {folder}", hint=_ONE_AT_A_TIME)
        if not is_there(folder / LOG_NAME):
            _refuse_to_overwrite(files, predicting.output, folder)
        settings = {"model": predicting.sha256, "post_processing": predicting.point.as_table(), "overlap": OVERLAP}
        log = PredictionLog(folder, settings)
        remove_leftovers(folder, *{(folder / file.name).parent for file in files})
        if log.n_dropped:
            lost = f"{log.n_dropped} damaged lines in the log of {folder} are dropped"
            listener.remark(f"{lost}: their recordings are processed again")
        yield log


def _refuse_to_overwrite(files: Sequence[AudioFile], output: Output, folder: Path) -> None:
    """Refuse to overwrite lists in a folder without a log: they were not predicted, so they are the user's own."""
    for path in filter(None, (output.path_of(file.name) for file in files)):
        if os.path.lexists(path):
            raise SettingsError(
                f"{path} would be overwritten, and no {LOG_NAME} in {folder} says that it was predicted",
                hint="name another --out, or move such lists elsewhere",
            )


def _lock(folder: Path, shard: Shard | None = None) -> Path:
    return folder / (".predict.lock" if shard is None else f".predict-{shard.suffix}.lock")


def _done(
    files: Sequence[AudioFile], opened: OpenModel, predicting: Predicting, work: Work, log: PredictionLog | None
) -> Iterator[PredictedFile]:
    """Yield recordings that were finished earlier, then the others as they are finished; the latter are logged."""
    left, changed = [], set[str]()
    for file in files:
        kept = None if log is None else _kept(file, opened, predicting.output, log)
        if kept is None:
            left.append(file)
            changed |= {file.name} if log is not None and log.has_changed(file.name, file.path) else set()
        else:
            yield kept
    for outcomes in predicted(left, opened, predicting, work):
        for found, state in outcomes:
            if state is not None and found.name in changed:
                _renew(found, predicting.output, opened.trained.spec.front_end.sample_rate)
        if log is not None:
            log.add_all((file, state) for file, state in outcomes if state is not None)
        yield from (file for file, _ in outcomes)


def _kept(file: AudioFile, opened: OpenModel, output: Output, log: PredictionLog) -> PredictedFile | None:
    """Return the logged result of a finished recording, or None; its list is written again if it is missing."""
    kept, path = log.find(file.name, file.path), output.path_of(file.name)
    if kept is not None and output.form in ("csv", "json") and not _has_peaks(kept):
        return None
    if kept is None or path is None or path.exists():
        return kept
    if output.form in ("html", "json"):  # the log does not hold everything that these contain
        return None
    write_events(path, kept, output.form, opened.trained.spec.front_end.sample_rate)
    return kept


def _renew(file: PredictedFile, output: Output, sample_rate: int) -> None:
    """Update the files of a changed recording in other formats, which would otherwise describe its old content."""
    for form in {*FORMATS, "html"} - {output.form}:
        path = replace(output, form=form).path_of(file.name)
        if path is None or not path.is_file():
            continue
        if form in ("html", "json"):  # these need more than the events; they are written when asked for
            path.unlink()
        else:
            write_events(path, file, form, sample_rate)


def _has_peaks(file: PredictedFile) -> bool:
    """Whether the highest probability of each event is known; the first edition of sedpipe logged only the mean."""
    return all(event.mean_probability is not None for event in file.events)


class _Tally:
    """Counts, and the recordings that the report is to contain, in the order of the input."""

    def __init__(self, files: Sequence[AudioFile], *, keeps: bool) -> None:
        self._order = {shown(file.name): number for number, file in enumerate(files)}
        self._keeps = keeps
        self._files: list[PredictedFile] = []
        self._counts: Counter[str] = Counter()
        self._seconds = 0.0

    def note(self, file: PredictedFile) -> None:
        self._counts.update({"recordings": 1, file.state: 1, "events": len(file.events)})
        self._counts["unlike_training"] += bool(file.unlike_training)
        self._seconds += file.duration or 0
        if self._keeps:
            self._files.append(file)
        elif file.reason:
            self._files.append(replace(file, events=[], glance=None))

    @property
    def files(self) -> list[PredictedFile]:
        return sorted(self._files, key=lambda file: self._order[file.name])

    @property
    def counts(self) -> dict[str, float]:
        names = ("recordings", "ok", "kept", "failed", "events", "unlike_training")
        return {**{name: self._counts[name] for name in names}, "seconds": round(self._seconds, 3)}
