"""Start of a training: a network with the statistics of its input, or with the weights of another model.

- :func:`start`: set up the fit of a network
- :func:`check_start`: check that this can be done
- :func:`start_message`: message about the model that the training starts from
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from lightning_fabric import Fabric

from sedpipe.detection.postprocess import PostProcessing
from sedpipe.errors import SettingsError
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.models.beginning import Beginning
from sedpipe.labels import LabelSet
from sedpipe.nn.networks.network import Network
from sedpipe.nn.networks.registry import MOST_MEMBERS, build_network, kind_of
from sedpipe.nn.transfer import begin_with
from sedpipe.steps.batches import ClipBatches
from sedpipe.steps.statistics import FeatureStatistics, kept_statistics
from sedpipe.training.augment import check_content
from sedpipe.training.fit import Fit
from sedpipe.training.settings import TrainSettings


def start(
    fabric: Fabric,
    settings: TrainSettings,
    labels: LabelSet,
    spec: FeatureSpec,
    training: ClipBatches,
    statistics: Callable[[ClipBatches], FeatureStatistics] = kept_statistics,
    begin: Beginning | None = None,
    in_all: int = 0,
) -> Fit:
    """Set up the fit of a network.

    Parameters
    ----------
    fabric : Fabric
        Device, precision and processes.
    settings : TrainSettings
        Settings of the run.
    labels : LabelSet
        The classes.
    spec : FeatureSpec
        Features that the network takes as input.
    training : ClipBatches
        Training clips.
    statistics : callable
        Function that returns mean and deviation of the features of these clips.
    begin : Beginning, optional
        Model whose weights and statistics the network starts from; by default, weights are random.
    in_all : int
        Total number of epochs of a fit that continues an earlier one; 0 for any other fit.

    Raises
    ------
    SettingsError
        If network, features and the model to start from do not fit together.
    """
    torch.manual_seed(settings.seed)
    model = _built(settings, labels, spec)
    if begin is None:
        of_training = statistics(training) if fabric.is_global_zero else None
        fabric.barrier()  # the first process computes them, the others find them stored
        model.standardise_with(*(of_training or statistics(training)))
    else:
        _begin(model, labels, begin)
    if settings.freeze:
        model.freeze()
    if settings.compiled:
        model.compile_for(len(range(fabric.global_rank, settings.training.batch_size, fabric.world_size)))
    n_steps = -(-len(training) // settings.training.batch_size)
    return Fit(model, settings.training, settings.seed, fabric, n_steps, in_all)


def check_start(settings: TrainSettings, labels: LabelSet, spec: FeatureSpec, begin: Beginning | None) -> None:
    """Raise ``SettingsError`` if :func:`start` would, or if ``own_rule`` does not fit the classes.

    This is called before anything of a run is written.
    """
    model = _built(settings, labels, spec)
    if begin is not None:
        _begin(model, labels, begin)
    if isinstance(settings.own_rule, PostProcessing):
        try:
            settings.own_rule.check_classes(len(labels))
        except ValueError as error:
            raise SettingsError(f"preset {settings.preset}: own_rule: {error}, as many as the dataset has") from error


def _built(settings: TrainSettings, labels: LabelSet, spec: FeatureSpec) -> Network:
    members, checkpoints = settings.network.members, settings.training.checkpoints
    if members > 1 and members * checkpoints > MOST_MEMBERS:  # otherwise the training would end without a model
        raise SettingsError(
            f"preset {settings.preset}: {members} members x {checkpoints} checkpoints are too many networks for one "
            f"model: at most {MOST_MEMBERS}"
        )
    try:
        model = build_network(settings.network, settings.pooling, len(labels), spec)
    except ValueError as error:
        hint = _what_would_fit(settings.network.name, spec.front_end.content)
        raise SettingsError(f"preset {settings.preset}: {error}", hint=hint) from error
    try:
        check_content(settings.training.augment, model.content)
    except ValueError as error:
        raise SettingsError(
            f"recipe {settings.recipe}: {error}, which the front end {spec.front_end.name} makes",
            hint="leave --recipe out, or give one of your own without this key",
        ) from error
    return model


def _what_would_fit(network: str, content: str) -> str:
    """Return a hint on what to use instead, if the network cannot take the features; "" if it can."""
    takes = kind_of(network).takes
    if content in takes:
        return ""
    if "embedding" in takes:
        return "give an encoder, such as --encoder yamnet, to features and train"
    if "both" in takes:
        return "give log-mel and an encoder, such as --encoder logmel,yamnet, to features and train"
    return "leave --preset and --network out, and one that fits is taken"


def _begin(model: Network, labels: LabelSet, begin: Beginning) -> None:
    try:
        begin_with(model, labels, begin.weights, begin.labels)
    except ValueError as error:
        raise SettingsError(
            f"--init {begin.name}, a network {begin.network.name}, does not fit: {error}",
            hint="leave --preset and --network out: the network is then that of the model to start from",
        ) from error


def start_message(begin: Beginning, labels: LabelSet, *, freeze: bool) -> str:
    """Return a message that a training starts from a model, and which classes are new to that model."""
    new = [label for label in labels if label not in begin.labels]
    classes = f"; new classes: {', '.join(new)}" if new else ", which knows all classes"
    return f"starts from {begin.name}{classes}{'; only the last layers are trained' if freeze else ''}"
