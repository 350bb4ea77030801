"""Log-mel parameters of one's own, as a TOML: ``n_mels = 64``, ``sample_rate = 32000``, ...

- :func:`load_front_end`: read and check
- :func:`feature_spec`: what a person asks of features
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sedpipe.features.logmel import LogMelConfig
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.settings.toml import config_from, read_toml


def load_front_end(path: Path) -> LogMelConfig:
    """The parameters in a file; those that it does not name keep their defaults.

    Raises
    ------
    SettingsError
        If the file cannot be read, or has an unknown key or a value that cannot be used.
    """
    return config_from(LogMelConfig, read_toml(path), str(path))


def feature_spec(path: Path | None = None, n_mels: int | None = None, dtype: str = "float16") -> FeatureSpec:
    """Which features a person asks for: a front end of a file, or the usual one, with what else is said of it.

    Raises
    ------
    SettingsError
        As :func:`load_front_end`.
    """
    front_end = LogMelConfig() if path is None else load_front_end(path)
    return FeatureSpec(front_end if n_mels is None else replace(front_end, n_mels=n_mels), dtype)
