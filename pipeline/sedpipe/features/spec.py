"""Which features a run learns from: a front end, and how its values are stored.

- :class:`FeatureSpec`: both as one value, which names the folder that such features lie in
- :func:`fingerprint_of`: that name, of parameters alone
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from sedpipe.choices import DTYPES
from sedpipe.clips import ClipFormat
from sedpipe.errors import AudioError
from sedpipe.features.front_end import FrontEnd, Setting, build_front_end, front_end_of, front_end_table

# Bounds on what a model from elsewhere may claim, far above what any front end needs: features of a clip are 64 MiB at
# most, as float32 (half an hour of log-mel, six minutes of samples), and its samples 128 MiB.
MOST_VALUES, _MOST_SAMPLES, MOST_RATE = 2**24, 2**25, 2**20


@dataclass(frozen=True)
class FeatureSpec:
    """A front end and the type that its values are stored as.

    Parameters
    ----------
    front_end : FrontEnd
        Waveform to features.
    dtype : str
        ``float16`` or ``float32``.

    Raises
    ------
    ValueError
        If the type is another one, or a size of the front end is no whole number, or too large to be meant.

    Examples
    --------
    >>> FeatureSpec().shape
    (500, 80)
    >>> FeatureSpec().fingerprint == FeatureSpec(dtype="float32").fingerprint
    False
    """

    front_end: FrontEnd = field(default_factory=build_front_end)
    dtype: str = "float16"

    def __post_init__(self) -> None:
        if self.dtype not in DTYPES:
            raise ValueError(f"dtype must be one of {', '.join(DTYPES)}, got {self.dtype!r}")
        for name in ("sample_rate", "hop_length", "n_samples", "n_frames", "n_features"):
            size = getattr(self.front_end, name)
            if not isinstance(size, int) or size < 1:
                raise ValueError(f"{name} must be a whole number of at least 1, got {size!r}")
        n_frames, n_features = self.shape
        if n_frames * n_features > MOST_VALUES:
            raise ValueError(f"{n_frames} x {n_features} values per clip are too many: at most {MOST_VALUES} are read")
        n_samples, rate = self.front_end.n_samples, self.front_end.sample_rate
        if rate > MOST_RATE:
            raise ValueError(f"a rate of {rate} Hz is too high: at most {MOST_RATE}")
        if n_samples > _MOST_SAMPLES:
            raise ValueError(
                f"clips of {n_samples / rate:,.0f} s are too long for {self.front_end.name} at {rate:,} Hz: at most "
                f"{_MOST_SAMPLES // rate:,} s"
            )

    @classmethod
    def of_clips(cls, clips: ClipFormat) -> FeatureSpec:
        """The usual features, log-mel, of a dataset's clips.

        >>> FeatureSpec.of_clips(ClipFormat(3.0, 8000)).shape
        (150, 80)
        """
        return cls(build_front_end().fitted_to(clips.sample_rate, clips.clip_s))

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, Setting]) -> FeatureSpec:
        """The features that were stored with these :attr:`parameters`.

        Raises
        ------
        ValueError, TypeError, KeyError
            If they are nobody's, or of another version of the front end, which gave other values.
        """
        table = dict(parameters)
        version, dtype = table.pop("extractor_version"), str(table.pop("dtype"))
        spec = cls(front_end_of(table), dtype)
        if version != spec.front_end.version:
            now = f"this sedpipe has version {spec.front_end.version}"
            raise ValueError(f"made by version {version} of {spec.front_end.name}, {now}")
        return spec

    @property
    def shape(self) -> tuple[int, int]:
        """Frames and features of a stored clip, (T, F)."""
        return self.front_end.n_frames, self.front_end.n_features

    def as_stored(self, features: np.ndarray) -> np.ndarray:
        """Features of the front end as the store holds them, and as a network hears them, therefore.

        Raises
        ------
        AudioError
            If one is no finite number there.
        """
        with np.errstate(over="ignore"):
            stored = features.astype(self.dtype)
        if np.isfinite(stored).all():
            return stored
        if not np.isfinite(features).all():
            raise AudioError("its features are NaN or infinite")
        raise AudioError(
            f"its features reach {np.abs(features).max():.3g}, and {self.dtype} ends at "
            f"{np.finfo(self.dtype).max:.3g}: give `features` and `train` --dtype float32"
        )

    @property
    def parameters(self) -> dict[str, Setting]:
        """Everything that decides a stored value, and the name of a front end that is not log-mel."""
        # in this order: they are a store's attributes, and the same features are the same bytes
        return {**front_end_table(self.front_end), "dtype": self.dtype, "extractor_version": self.front_end.version}

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that differ whenever a parameter does."""
        return fingerprint_of(self.parameters)


def fingerprint_of(parameters: Mapping[str, Setting]) -> str:
    """:attr:`FeatureSpec.fingerprint` of features that were made with these parameters, known here or not."""
    canonical = json.dumps(dict(parameters), sort_keys=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]
