"""What ``sedpipe score`` can score, and which options apply to each.

- :data:`RUN`, :data:`LISTS`, :data:`FRAMES`: a run, event lists, frame probabilities
- :func:`check_options`: refuse options that only apply to the others, since they would have no effect
"""

from __future__ import annotations

import rich_click as click
from click.globals import get_current_context

from sedpipe.cli.applies import refuse

RUN, LISTS, FRAMES = (
    "a run",
    "event lists (--reference and --estimated)",
    "frame probabilities (--reference and --frame-scores)",
)
_TAKES = {
    RUN: ("runs", "split", "against", "operating_point", "explain", "export_scores", "device"),
    LISTS: ("reference", "estimated", "duration", "durations", "time_resolution", "against"),
    FRAMES: ("reference", "frame_scores", "duration", "operating_point", "explain"),
}
_OF_ONE = list(dict.fromkeys(name for takes in _TAKES.values() for name in takes))


def check_options(scored: str) -> None:
    """Raise ``UsageError`` if an option does not apply to what is scored, or if two options contradict each other."""
    given = get_current_context().params
    if given["duration"] is not None and given["durations"] is not None:
        raise click.UsageError("--duration and --durations both say how long clips are: give one of them")
    for name in _OF_ONE:
        if name not in _TAKES[scored]:
            refuse((name,), scored, " or ".join(other for other, takes in _TAKES.items() if name in takes))
