"""Presets: a network, its pooling and its training in one TOML; for published systems, also their post-processing.

- :class:`Preset`: the parts of a preset
- :func:`load_preset`: read one by the name of a preset that comes with sedpipe, or by path
- :func:`network_from`: a table -> the sizes of a network
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sedpipe.detection.clip_thresholds import ClipThresholds
from sedpipe.detection.postprocess import PostProcessing
from sedpipe.errors import SettingsError
from sedpipe.io.settings.shipped import PACKAGE, Shelf
from sedpipe.io.settings.toml import config_from, read_toml
from sedpipe.nn.networks.network import NetworkConfig
from sedpipe.nn.networks.registry import DEFAULT, kind_of
from sedpipe.nn.pooling import PoolingConfig
from sedpipe.suggestions import did_you_mean
from sedpipe.training.config import TrainingConfig

PRESETS = Shelf("preset", PACKAGE / "presets")
TABLES = ("network", "pooling", "training", "own_rule")


@dataclass(frozen=True)
class Preset:
    """A network, its pooling and its training; ``name`` is the TOML's file name without extension.

    ``own_rule`` is the post-processing that a system was published with; ``threshold = "clips"`` in it stands for the
    thresholds with which the clips of ``testing`` are tagged best.
    """

    name: str
    network: NetworkConfig
    pooling: PoolingConfig
    training: TrainingConfig
    own_rule: PostProcessing | ClipThresholds | None = None


def preset_names() -> list[str]:
    """Return the names of the presets that come with sedpipe."""
    return PRESETS.names


def load_preset(name_or_path: str) -> Preset:
    """Read and check a preset.

    Parameters
    ----------
    name_or_path : str
        A name from :func:`preset_names`, or the path of a ``.toml`` file.

    Raises
    ------
    SettingsError
        If there is no such preset, or it has an unknown key or a value that cannot be used.
    """
    path = PRESETS.find(name_or_path)
    sections = _sections(path)
    return Preset(
        path.stem,
        network_from(sections.get("network", {}), f"{path}: network"),
        config_from(PoolingConfig, sections.get("pooling", {}), f"{path}: pooling"),
        config_from(TrainingConfig, sections.get("training", {}), f"{path}: training"),
        _rule_from(sections["own_rule"], f"{path}: own_rule") if "own_rule" in sections else None,
    )


def _rule_from(table: Any, where: str) -> PostProcessing | ClipThresholds:
    if table == {"threshold": "clips"}:
        return ClipThresholds()
    try:
        return PostProcessing(**table)
    except (ValueError, TypeError) as error:
        raise SettingsError(f"{where}: {error}") from error


def network_from(table: Any, where: str) -> NetworkConfig:
    """Return the sizes of the network that the table's ``name`` selects, by default the CRNN; other keys have defaults.

    Raises
    ------
    SettingsError
        If there is no such network, or the table has an unknown key or a value that cannot be used.
    """
    name = table.get("name", DEFAULT) if isinstance(table, dict) else DEFAULT
    try:
        config = kind_of(name).config if isinstance(name, str) else None
    except ValueError as error:
        raise SettingsError(f"{where}.name: {error}") from error
    if config is None:
        raise SettingsError(f"{where}.name: expected a name in quotes, found {name!r}")
    return config_from(config, table, where)


def _sections(path: Path) -> dict[str, Any]:
    sections = read_toml(path)
    for name in sections:
        if name not in TABLES:
            expected = ", ".join(f"[{table}]" for table in TABLES)
            raise SettingsError(f"{path}: found {name!r}, expected the tables {expected}{did_you_mean(name, TABLES)}")
    return sections
