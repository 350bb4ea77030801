"""Log-mel parameters of one's own, as a TOML: ``n_mels = 64``, ``sample_rate = 32000``, ...

- :func:`load_front_end`: read and check
"""

from __future__ import annotations

from pathlib import Path

from sedpipe.features.logmel import LogMelConfig
from sedpipe.io.settings.toml import config_from, read_toml


def load_front_end(path: Path) -> LogMelConfig:
    """The parameters in a file; those that it does not name keep their defaults.

    Raises
    ------
    SettingsError
        If the file cannot be read, or has an unknown key or a value that cannot be used.
    """
    return config_from(LogMelConfig, read_toml(path), str(path))
