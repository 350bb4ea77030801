"""Which features a run learns from: a front end, and how its values are stored.

- :class:`FeatureSpec`: both as one value, which names the folder that such features lie in
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field

from sedpipe.choices import DTYPES
from sedpipe.features.logmel import EXTRACTOR_VERSION, LogMelConfig


@dataclass(frozen=True)
class FeatureSpec:
    """A front end and the type that its values are stored as.

    Parameters
    ----------
    front_end : LogMelConfig
        Waveform to features.
    dtype : str
        ``float16`` or ``float32``.

    Raises
    ------
    ValueError
        If the type is another one.

    Examples
    --------
    >>> FeatureSpec().shape
    (500, 80)
    >>> FeatureSpec().fingerprint == FeatureSpec(dtype="float32").fingerprint
    False
    """

    front_end: LogMelConfig = field(default_factory=LogMelConfig)
    dtype: str = "float16"

    def __post_init__(self) -> None:
        if self.dtype not in DTYPES:
            raise ValueError(f"dtype must be one of {', '.join(DTYPES)}, got {self.dtype!r}")

    @property
    def shape(self) -> tuple[int, int]:
        """Frames and features of a stored clip, (T, F)."""
        return self.front_end.n_frames, self.front_end.n_mels

    @property
    def parameters(self) -> dict[str, int | float | str]:
        """Everything that decides a stored value."""
        return {**asdict(self.front_end), "dtype": self.dtype, "extractor_version": EXTRACTOR_VERSION}

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that differ whenever a parameter does."""
        canonical = json.dumps(self.parameters, sort_keys=True)
        return hashlib.sha256(canonical.encode()).hexdigest()[:16]
