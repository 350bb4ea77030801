"""The features of a run: a front end, and the type in which its values are stored.

- :class:`FeatureSpec`: both as one value, which also names the folder of these features
- :func:`fingerprint_of`: this name, from the parameters alone
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

# Limits for model files from elsewhere, far above what any front end needs: features of a clip take 64 MiB at most, as
# float32 (half an hour of log-mel, six minutes of samples), and its samples 128 MiB.
MOST_VALUES, _MOST_SAMPLES, MOST_RATE = 2**24, 2**25, 2**20


@dataclass(frozen=True)
class FeatureSpec:
    """A front end and the type in which its values are stored.

    Parameters
    ----------
    front_end : FrontEnd
        Front end that turns waveforms into features.
    dtype : str
        ``float16`` or ``float32``.

    Raises
    ------
    ValueError
        If the type is unknown, or a size of the front end is not a whole number of at least 1 or is implausibly large.

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
        """Return the usual features, log-mel, for the clips of a dataset.

        >>> FeatureSpec.of_clips(ClipFormat(3.0, 8000)).shape
        (150, 80)
        """
        return cls(build_front_end().fitted_to(clips.sample_rate, clips.clip_s))

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, Setting]) -> FeatureSpec:
        """Return the features that were stored with these :attr:`parameters`.

        Raises
        ------
        ValueError, TypeError, KeyError
            If they belong to no front end, or to another version of it, which gave other values.
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
        """Numbers of frames and features of a stored clip, (T, F)."""
        return self.front_end.n_frames, self.front_end.n_features

    def as_stored(self, features: np.ndarray) -> np.ndarray:
        """Return features of the front end as they are stored, and thus as a network takes them as input.

        Raises
        ------
        AudioError
            If a stored value would not be finite.
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
        """All parameters that determine stored values, and the name of the front end if it is not log-mel."""
        # in this order: they become attributes of a store, and the same features must give the same bytes
        return {**front_end_table(self.front_end), "dtype": self.dtype, "extractor_version": self.front_end.version}

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that differ whenever a parameter does."""
        return fingerprint_of(self.parameters)


def fingerprint_of(parameters: Mapping[str, Setting]) -> str:
    """Return the :attr:`FeatureSpec.fingerprint` of features made with these parameters, known here or not."""
    canonical = json.dumps(dict(parameters), sort_keys=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]
