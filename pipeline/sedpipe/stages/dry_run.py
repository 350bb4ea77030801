"""``sedpipe train --dry-run``: an estimate of what a training takes, before it starts.

- :func:`dry_run`: layers, parameters, multiply-adds, memory, and the time of an epoch from one measured step
"""

from __future__ import annotations

import time
from math import ceil

import torch

from sedpipe.features.spec import FeatureSpec
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.models.beginning import Beginning
from sedpipe.labels import LabelSet
from sedpipe.nn.device import wait_for
from sedpipe.nn.summary import layers, saved_bytes
from sedpipe.reports.learning import DryRunReport
from sedpipe.stages.train import open_splits
from sedpipe.steps.fixable_errors import fixable_errors
from sedpipe.steps.start import start
from sedpipe.steps.statistics import feature_statistics
from sedpipe.steps.supervision import check_strong_labels
from sedpipe.training.processes import check_devices, make_fabric
from sedpipe.training.settings import TrainSettings

MEASURED_CLIPS = 8
"""Clips in the measured step on a CPU, where a whole batch may take a minute; on a GPU, fewer clips save no time."""
_COPIES = 5  # values in memory per parameter: itself, its gradient, Adam's two means, its value in the best epoch


def dry_run(
    dataset: Dataset, settings: TrainSettings, spec: FeatureSpec, begin: Beginning | None = None
) -> DryRunReport:
    """Build the network, pass a clip through it, and time a training step of a few clips; write nothing.

    One process is measured; others are assumed to be as fast, and not to wait for each other.

    Parameters
    ----------
    dataset : Dataset
        Dataset with features.
    settings : TrainSettings
        Settings of the training.
    spec : FeatureSpec
        Features that the network takes as input.
    begin : Beginning, optional
        Model whose weights the training starts from; by default random weights.

    Raises
    ------
    SedpipeError
        In the same cases as :func:`sedpipe.stages.train.train`.
    """
    labels = LabelSet(dataset.read_record().labels)
    training = open_splits(dataset, spec, labels, settings.command)["training"]
    check_strong_labels(dataset, settings)
    check_devices(torch.device(settings.device), settings.devices)
    torch.set_num_threads(max(1, settings.threads // settings.devices))
    fabric = make_fabric(settings.device, settings.precision)
    fit = start(fabric, settings, labels, spec, training, feature_statistics, begin)
    most = settings.training.batch_size if fabric.device.type == "cuda" else MEASURED_CLIPS
    size = min(most, settings.training.batch_size, len(training))
    with fixable_errors("dry run", settings):
        batch = next(training.in_order(size))
        steps = fit.steps([batch, batch])
        next(steps)  # the first step is slower: imports, and allocation of memory
        wait_for(fabric.device)
        begun = time.monotonic()
        next(steps)
        wait_for(fabric.device)
        speed = settings.devices * size / max(time.monotonic() - begun, 1e-9)
        rows = layers(fit.model, spec)
        per_clip = saved_bytes(fit.model.cpu(), spec)
    parameters = sum(parameter.numel() for parameter in fit.model.parameters())
    return DryRunReport(
        dataset=dataset.name,
        clips=len(training),
        batch_size=settings.training.batch_size,
        devices=settings.devices,
        epochs=settings.training.epochs,
        layers=rows,
        parameters=parameters,
        multiply_adds=sum(row.multiply_adds for row in rows),
        memory_bytes=4 * _COPIES * parameters + per_clip * ceil(settings.training.batch_size / settings.devices),
        clips_per_second=speed,
        epoch_seconds=len(training) / speed,
    )
