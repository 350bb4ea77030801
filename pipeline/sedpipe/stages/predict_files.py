"""Recordings -> events of each, in this process or in several; one that cannot be read becomes a row with the reason.

- :class:`Output`: what is written for each recording, and where
- :class:`Predicting`: model, settings and output as one value that can be sent to other processes
- :func:`predicted`: recordings -> :class:`Outcome` of each, as they are finished
- :func:`write_events`: write the list of one recording; :func:`shown`: a name in printable form
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

from sedpipe.detection.postprocess import PostProcessing
from sedpipe.errors import AudioError, NameTooLongError, SedpipeError
from sedpipe.io.audio.find import AudioFile
from sedpipe.io.audio.waveforms import Recording
from sedpipe.io.files.atomic import check_name, write_text
from sedpipe.io.models.open import OpenModel, open_for_prediction
from sedpipe.io.parallel import chunked, in_parallel
from sedpipe.io.prediction_log import State, state_of
from sedpipe.io.predictions import FORMATS, PredictedFile, rendered
from sedpipe.nn.device import devices_like
from sedpipe.stages.predict_page import recording_parts, write_recording_page
from sedpipe.steps.hearing import events_of, glance_of, probabilities_and_remarks
from sedpipe.steps.work import Work

FILES_A_TASK = 16
"""Recordings that a worker process is given at a time: few enough that little is lost when it is killed."""

_UNLISTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")  # anything but one line of UTF-8 text


@dataclass(frozen=True)
class Output:
    """Destination and format of the results.

    Parameters
    ----------
    folder : Path, optional
        Folder to write to: ``<name>.<suffix>`` for each recording, mirroring the input folders. Files from earlier are
        kept if recording, model and settings are the same.
    form : str
        Format of the files: one of ``FORMATS``, or ``html``: one page per recording, on which to see, hear and correct
        its events; it is written to ``folder``, by default the working directory.
    keeps : bool
        Whether the report contains every recording with its events; else only the recordings with a remark, without
        their events, so that memory does not grow with the number of recordings.
    """

    folder: Path | None = None
    form: str = "tsv"
    keeps: bool = True

    def path_of(self, name: str) -> Path | None:
        """Return the path of a recording's file, or None if no file is to be written."""
        if self.form == "html":
            return (self.folder or Path()) / f"{name}.html"
        return None if self.folder is None else self.folder / f"{name}{FORMATS[self.form]}"


@dataclass(frozen=True)
class Predicting:
    """Everything that determines what is found and written.

    Parameters
    ----------
    folder : Path
        Folder of the model.
    sha256 : str
        Checksum of the model's files.
    device : str
        Device that the network runs on; with several processes, ``cuda`` means all GPUs.
    encoders : Path
        Cache with the files of the encoders that the model may need.
    point : PostProcessing
        Post-processing of the frame probabilities.
    output : Output
        Destination and format of the results.
    """

    folder: Path
    sha256: str
    device: str
    encoders: Path
    point: PostProcessing
    output: Output


class Outcome(NamedTuple):
    """The result of a recording, and the state of its file before it was read; the state is None if it failed."""

    file: PredictedFile
    state: State | None


def predicted(
    files: Sequence[AudioFile], opened: OpenModel, predicting: Predicting, work: Work
) -> Iterator[list[Outcome]]:
    """Find events in recordings, and write them.

    Parameters
    ----------
    files : sequence of AudioFile
        The recordings.
    opened : OpenModel
        The model, for this process; other processes open it themselves.
    predicting : Predicting
        Model, settings and output.
    work : Work
        Processes that do the work.

    Yields
    ------
    list of Outcome
        Outcomes of some recordings, as soon as these are finished, in any order.
    """
    if not work.is_elsewhere:
        for file in files:
            yield [_predicted(file, opened, predicting)]
        return
    devices = devices_like(predicting.device)
    tasks = [
        _Task(number, devices[number % len(devices)], [_as_seen_elsewhere(file, work) for file in some])
        for number, some in enumerate(chunked(list(files), FILES_A_TASK))
    ]
    predict_some = partial(_predict_some, predicting if work.scheduler is None else _everywhere(predicting))
    for number, outcomes in in_parallel(predict_some, tasks, work.jobs, work.scheduler, ordered=False):
        named = files[number * FILES_A_TASK :]
        yield [
            Outcome(replace(outcome.file, path=shown(file.path)), outcome.state)
            for file, outcome in zip(named, outcomes, strict=False)
        ]


class _Task(NamedTuple):
    """Some recordings, and the device that the network runs on for them."""

    number: int
    device: str
    files: list[AudioFile]


def _as_seen_elsewhere(file: AudioFile, work: Work) -> AudioFile:
    """Make the path absolute for workers of a cluster, whose working directory is another than this process's."""
    return file if work.scheduler is None else AudioFile(file.path.absolute(), file.name)


def _everywhere(predicting: Predicting) -> Predicting:
    output, folder = predicting.output, predicting.output.folder
    if folder is not None:
        output = replace(output, folder=folder.absolute())
    return replace(
        predicting, folder=predicting.folder.absolute(), encoders=predicting.encoders.absolute(), output=output
    )


def _predict_some(predicting: Predicting, task: _Task) -> tuple[int, list[Outcome]]:
    opened = _opened(predicting.folder, task.device, predicting.encoders)
    if opened.sha256 != predicting.sha256:
        raise SedpipeError(
            f"the worker on {socket.gethostname()} sees a different model in {predicting.folder}",
            hint="do not change a model while it is in use, and make sure that all machines see the same one",
        )
    return task.number, [_predicted(file, opened, predicting) for file in task.files]


@cache
def _opened(folder: Path, device: str, encoders: Path) -> OpenModel:
    """Open a model, once per process."""
    if not folder.is_dir():
        raise SedpipeError(
            f"the worker on {socket.gethostname()} does not see {folder}",
            hint="put the model, the recordings and --out where all machines see them under the same path",
        )
    return open_for_prediction(str(folder), None, device, encoders)


def _predicted(file: AudioFile, opened: OpenModel, predicting: Predicting) -> Outcome:
    """Find the events of a recording, and write them if a file is wanted."""
    output, path = predicting.output, predicting.output.path_of(file.name)
    try:
        _check_name(file)
        if path is not None:
            check_name(path)
        state = state_of(file.path)
        found = _heard(file, opened, predicting, path if output.form == "html" else None)
        if path is not None and output.form != "html":
            write_events(path, found, output.form, opened.trained.spec.front_end.sample_rate)
    except OSError as error:
        return Outcome(_failed(file, f"{file.path}: {error.strerror or error}", path), None)
    except AudioError as error:
        return Outcome(_failed(file, error.message, path), None)
    except NameTooLongError as error:
        return Outcome(_failed(file, f"{error.message}: rename it"), None)
    return Outcome(found, state)


def write_events(path: Path, found: PredictedFile, form: str, sample_rate: int) -> None:
    """Write the list of a recording's events atomically."""
    write_text(path, rendered([replace(found, state="ok")], form, sample_rate))


def _heard(file: AudioFile, opened: OpenModel, predicting: Predicting, page: Path | None) -> PredictedFile:
    """Return the events of a recording; its page, if one is wanted, is written first."""
    trained, point, recording = opened.trained, predicting.point, Recording(file.path)
    heard, told = probabilities_and_remarks(recording, trained)
    if page is not None:
        write_recording_page(page, recording_parts(file, heard, opened, point, told.remark))
    duration = round(heard.n_samples / trained.spec.front_end.sample_rate, 3)
    events = events_of(*heard, trained, point)
    looks = predicting.output.keeps or predicting.output.form == "json"
    glance = glance_of(heard, events, trained, point) if looks else None
    return PredictedFile(
        str(file.path), file.name, duration, events, reason=told.remark, unlike_training=told.unlike, glance=glance
    )


def _check_name(file: AudioFile) -> None:
    if _UNLISTABLE.search(str(file.path)):
        raise AudioError(f"{file.path}: its name contains characters that lists cannot contain: rename it")


def _failed(file: AudioFile, reason: str, path: Path | None = None) -> PredictedFile:
    if path is not None and path.is_file():  # it belongs to an earlier version of the recording, or is the user's own
        reason = f"{reason} (an earlier {path} was left as it is)"
    return PredictedFile(shown(file.path), shown(file.name), None, [], "failed", shown(reason))


def shown(name: object) -> str:
    """Return a name as printable text, with the characters replaced that a file system allows but a list does not."""
    return _UNLISTABLE.sub("\N{REPLACEMENT CHARACTER}", str(name))
