"""Default name of a run, which tells runs with different settings or different encoders apart.

- :func:`default_run_name`
"""

from __future__ import annotations

import re

from sedpipe.features.encoders.encoder import NeedsEncoders
from sedpipe.features.spec import FeatureSpec
from sedpipe.training.settings import TrainSettings

_MOST_OF_ENCODERS = 32


def default_run_name(settings: TrainSettings, spec: FeatureSpec) -> str:
    """Return a name such as ``small-linear-5x5-seed0``; with encoders, also their names and the time between frames.

    Parameters
    ----------
    settings : TrainSettings
    spec : FeatureSpec
        Features of the run. Log-mel features, whatever their parameters, are not in the name, as in the first version.
    """
    return settings.default_run(_heard_through(spec))


def _heard_through(spec: FeatureSpec) -> str:
    front_end = spec.front_end
    if not isinstance(front_end, NeedsEncoders):
        return ""
    names = "+".join(encoder.name for encoder in front_end.encoders)
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", names)[:_MOST_OF_ENCODERS]
    return f"{safe}-{1000 * front_end.grid.frame_duration:.0f}ms"
