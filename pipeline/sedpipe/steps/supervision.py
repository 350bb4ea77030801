"""Supervision in addition to weak labels: strong labels where they are known, or the predictions of another run.

- :func:`teach_frames`: add frame targets to batches of ``training``, according to the settings
- :func:`check_strong_labels`: check that there are any, before a run is started that needs them
- :func:`teacher_named`: a run as a teacher, in the form that settings have
"""

from __future__ import annotations

from sedpipe.errors import MissingStageError, SettingsError
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.runs import named_run
from sedpipe.io.files.checksums import sha256_in_cache
from sedpipe.io.files.reading import is_there
from sedpipe.io.lists.events import read_stored_events
from sedpipe.labels import LabelSet
from sedpipe.listener import Listener
from sedpipe.steps.batches import ClipBatches
from sedpipe.steps.frame_scores import frame_scores
from sedpipe.steps.frame_targets import PseudoTargets
from sedpipe.training.settings import TrainSettings
from sedpipe.wording import counted


def teach_frames(
    dataset: Dataset, settings: TrainSettings, training: ClipBatches, spec: FeatureSpec, listener: Listener
) -> None:
    """Add frame targets to batches of ``training``, according to the settings; report for how many clips.

    Parameters
    ----------
    dataset : Dataset
        Dataset with the strong labels of ``training``, or the teacher's run.
    settings : TrainSettings
        Settings with the supervision and the teacher.
    training : ClipBatches
        Training clips.
    spec : FeatureSpec
        Features that the network takes as input.
    listener : Listener
        Receives progress and remarks.

    Raises
    ------
    MissingStageError
        If there are no strong labels, or they are complete for no clip; or the teacher has no features.
    SettingsError
        If the teacher has been trained again since the run was started, or does not know the classes.
    """
    labels = LabelSet(dataset.read_record().labels)
    if settings.training.supervision == "mixed":
        _by_strong_labels(dataset, training, labels, spec, listener)
    if settings.teacher:
        _by_a_teacher(dataset, settings, training, labels, spec, listener)


def check_strong_labels(dataset: Dataset, settings: TrainSettings) -> None:
    """Raise ``MissingStageError`` if the settings need strong labels and ``training`` has none."""
    path = dataset.reference_path("training")
    if settings.training.supervision == "mixed" and not is_there(path):
        raise _no_strong_labels(dataset, f"{path} does not exist")


def teacher_named(dataset: Dataset, name: str) -> str:
    """Return the name of a finished run with its checksum, as settings have it: ``NAME@<16 hex digits>``.

    Raises
    ------
    MissingStageError
        If the dataset has no such run, or it is not finished.
    """
    run = named_run(dataset, name)
    if not run.is_finished:
        raise MissingStageError(
            f"--teacher {name}: {dataset.name} has no finished run of that name",
            hint="train it first; `sedpipe status` lists the runs",
        )
    return f"{name}@{sha256_in_cache(run.model_path)[:16]}"


def _by_strong_labels(
    dataset: Dataset, training: ClipBatches, labels: LabelSet, spec: FeatureSpec, listener: Listener
) -> None:
    path = dataset.reference_path("training")
    events = read_stored_events(path, labels)
    n_known = training.locate(events, spec.front_end.grid) if events else 0
    if not n_known:
        raise _no_strong_labels(dataset, f"{path} has no clip whose labels all have events")
    listener.say(f"{n_known:,} of {len(training):,} training clips are also used with their strong labels")


def _no_strong_labels(dataset: Dataset, found: str) -> MissingStageError:
    return MissingStageError(
        f"--supervision mixed needs strong labels of training: {found}",
        hint=f"give [splits.training] a `strong` list and run `{dataset.command('download')}`, or leave it out",
    )


def _by_a_teacher(
    dataset: Dataset,
    settings: TrainSettings,
    training: ClipBatches,
    labels: LabelSet,
    spec: FeatureSpec,
    listener: Listener,
) -> None:
    name = settings.teacher.partition("@")[0]
    if teacher_named(dataset, name) != settings.teacher:
        raise SettingsError(
            f"the teacher {name} has been retrained since this run was started", hint="name another run with --run"
        )
    heard = frame_scores(dataset, named_run(dataset, name), "training", settings.device, listener)
    front_end = spec.front_end
    targets = PseudoTargets.heard(heard, training.clips, labels, front_end.grid, front_end.n_frames)
    training.frame_targets = targets
    unheard = f"; it has no frame probabilities for {counted(n, 'clip')}" if (n := int((~targets.known).sum())) else ""
    heard_for = f"in clips with a class, its mean probability is {targets.share:.0%}"
    listener.say(f"{name} teaches when classes sound: {heard_for}{unheard}")
