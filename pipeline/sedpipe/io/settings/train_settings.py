"""What a user asks of a training -> the settings of a run.

- :class:`Asked`: a preset, a recipe, and values that replace theirs
- :func:`train_settings`: combine all of them
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sedpipe.errors import SettingsError
from sedpipe.hierarchy import Hierarchy
from sedpipe.io.models.beginning import Beginning
from sedpipe.io.settings.presets import Preset, load_preset, network_from
from sedpipe.io.settings.recipes import load_recipe
from sedpipe.nn.device import choose_device
from sedpipe.nn.networks.network import NetworkConfig
from sedpipe.nn.networks.registry import kind_of
from sedpipe.training.settings import PAPER, TrainSettings

ON_A_PROCESSOR, ON_A_GPU = "small", "paper"
"""Presets if none is named: the paper's network takes hours on a processor."""

BY_CONTENT = {"embedding": "head", "both": "both", "samples": "mlms"}
"""Presets for features that the networks of the two presets above cannot take as input."""


@dataclass(frozen=True)
class Asked:
    """What a user asks of a training; None leaves a value as preset and recipe have it.

    Parameters
    ----------
    threads : int
        Number of CPU threads.
    preset : str, optional
        Name or path of a preset; by default one that fits the features: ``head``, ``both`` or ``mlms``, or, for
        spectrograms, ``small`` on a processor and ``paper`` on a GPU.
    network : str, optional
        Name of a network: of the preset's sizes if the preset has this network, otherwise of its default sizes.
    recipe : str
        Name or path of a recipe.
    pooling, segment_weights : str, optional
    hierarchy : tuple of int, optional
        Sizes of the segments in hierarchical pooling; ``()`` is single pooling.
    seed : int
        Random seed.
    device : str
        ``auto``, ``cpu``, ``cuda``, ...
    epochs, batch_size : int, optional
    precision : str
    compiled : bool
    devices : int
        Number of processes that share each batch.
    deterministic : bool
        Whether the same seed yields the same bits on a GPU, too.
    freeze : bool
        Whether only the last layers are trained.
    more_epochs : int, optional
        Number of epochs to add to a run that has ended.
    supervision : str, optional
    teacher : str, optional
        A run as :func:`sedpipe.steps.supervision.teacher_named` names it.
    """

    threads: int
    preset: str | None = None
    recipe: str = PAPER
    pooling: str | None = None
    hierarchy: Hierarchy | None = None
    segment_weights: str | None = None
    seed: int = 0
    device: str = "auto"
    epochs: int | None = None
    batch_size: int | None = None
    precision: str = "auto"
    compiled: bool = False
    devices: int = 1
    network: str | None = None
    deterministic: bool = False
    freeze: bool = False
    more_epochs: int | None = None
    supervision: str | None = None
    teacher: str | None = None


def train_settings(asked: Asked, begin: Beginning | None = None, content: str = "decibels") -> TrainSettings:
    """Return the settings of a run.

    Parameters
    ----------
    asked : Asked
    begin : Beginning, optional
        Model whose weights the training starts from; unless a preset is named, network and pooling are this model's.
    content : str
        Content of the features, one of :data:`sedpipe.features.front_end.CONTENTS`; determines the default preset.

    Raises
    ------
    SettingsError
        If preset, recipe or device does not exist, or the values exclude each other.
    """
    if asked.freeze and begin is None:
        raise SettingsError("--freeze needs a trained model", hint="name the model to start from with --init")
    device = choose_device(asked.device)
    usual = BY_CONTENT.get(content, ON_A_PROCESSOR if device == "cpu" else ON_A_GPU)
    preset = load_preset(asked.preset or usual)
    if begin is not None and asked.preset is None:
        preset = replace(preset, network=begin.network, pooling=begin.pooling)
    recipe = load_recipe(asked.recipe)
    pooling = _given(function=asked.pooling, hierarchy=asked.hierarchy, segment_weights=asked.segment_weights)
    network = _network(preset, asked.network)
    if pooling and not kind_of(network.name).pools:
        raise SettingsError(
            f"the network {network.name} pools no frames", hint="leave out --pooling, --hierarchy and --segment-weights"
        )
    try:
        pooled = replace(preset.pooling, **pooling)
    except ValueError as error:
        raise SettingsError(str(error)) from error
    training = replace(
        recipe.applied_to(preset.training),
        **_given(epochs=asked.epochs, batch_size=asked.batch_size, supervision=asked.supervision),
    )
    if asked.teacher is not None and training.supervision == "mixed":
        of_file = "" if asked.supervision else f' (`supervision = "mixed"` of recipe {recipe.name} or {preset.name})'
        raise SettingsError(
            f"--teacher and --supervision mixed{of_file} cannot be combined",
            hint="leave one of them out, or give --supervision weak",
        )
    return TrainSettings(
        preset=preset.name,
        network=network,
        pooling=pooled,
        training=training,
        seed=asked.seed,
        device=device,
        threads=asked.threads,
        precision=asked.precision,
        compiled=asked.compiled,
        recipe=recipe.name,
        devices=asked.devices,
        deterministic=asked.deterministic,
        init="" if begin is None else begin.told,
        freeze=asked.freeze,
        teacher=asked.teacher or "",
        more_epochs=asked.more_epochs or 0,
        own_rule=preset.own_rule,
    )


def _network(preset: Preset, name: str | None) -> NetworkConfig:
    """Return the preset's network, or the one that is asked for."""
    if name is None or name == preset.network.name:
        return preset.network
    return network_from({"name": name}, "--network")


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
