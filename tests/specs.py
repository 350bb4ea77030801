"""Features of any shape, for networks that are built by hand."""

from sedpipe.features.logmel import LogMelConfig
from sedpipe.features.spec import FeatureSpec


def of(n_frames: int, n_features: int) -> FeatureSpec:
    """Return log-mel features of this shape."""
    return FeatureSpec(LogMelConfig(n_frames=n_frames, n_mels=n_features))
