"""What a training is taught with beside weak labels: strong ones where they are known, or what another run heard.

- :func:`teach_frames`: let batches of ``training`` tell when classes sound, as the settings say
- :func:`check_strong_labels`: whether there are any, before a run is begun with them
- :func:`teacher_named`: a run as a teacher, as settings hold it
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
    """Let batches of ``training`` tell when classes sound, as the settings say; says of how many clips.

    Parameters
    ----------
    dataset : Dataset
        Whose strong labels of ``training``, or whose run as a teacher, are used.
    settings : TrainSettings
        Supervision and teacher.
    training : ClipBatches
        What a network learns from.
    spec : FeatureSpec
        What it hears.
    listener : Listener
        Receives progress and remarks.

    Raises
    ------
    MissingStageError
        If there are no strong labels, or they locate everything in no clip; or the teacher has no features.
    SettingsError
        If the teacher is not the model any more that it was, or does not know the classes.
    """
    labels = LabelSet(dataset.read_record().labels)
    if settings.training.supervision == "mixed":
        _by_strong_labels(dataset, training, labels, spec, listener)
    if settings.teacher:
        _by_a_teacher(dataset, settings, training, labels, spec, listener)


def check_strong_labels(dataset: Dataset, settings: TrainSettings) -> None:
    """Raise ``MissingStageError`` where strong labels are to teach and ``training`` has none."""
    path = dataset.reference_path("training")
    if settings.training.supervision == "mixed" and not is_there(path):
        raise _no_strong_labels(dataset, f"{path} does not exist")


def teacher_named(dataset: Dataset, name: str) -> str:
    """A finished run as settings hold it, ``NAME@<16 hex digits>``.

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
