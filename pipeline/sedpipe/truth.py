"""What is known about clips without any system's output.

- :class:`Truth`: reference events, lengths of the clips, and classes
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sedpipe.events import EventLists
from sedpipe.labels import LabelSet


@dataclass(frozen=True, eq=False)
class Truth:
    """Reference events of N clips.

    Parameters
    ----------
    reference : mapping of str to sequence of Event
        Reference events of each clip, by ``clip_id``; a clip without events has an empty list, and is scored, too.
    durations : mapping of str to float
        Length of each clip in seconds; other clips in it are ignored.
    labels : LabelSet
        The classes.

    Raises
    ------
    ValueError
        If a clip has no duration.

    Examples
    --------
    >>> from sedpipe.events import Event
    >>> Truth({"a": [Event(0.0, 0.0, "Dog")]}, {"a": 10.0}, LabelSet(("Dog",))).is_located
    False
    """

    reference: EventLists
    durations: Mapping[str, float]
    labels: LabelSet

    def __post_init__(self) -> None:
        for clip_id in self.reference:
            if clip_id not in self.durations:
                raise ValueError(f"clip {clip_id!r} of the reference has no duration")

    @property
    def clip_ids(self) -> list[str]:
        """Names of the N clips, in the order of the reference."""
        return list(self.reference)

    @property
    def is_located(self) -> bool:
        """Whether the times of any event are known."""
        return any(event.is_located for events in self.reference.values() for event in events)

    def of(self, clip_ids: Iterable[str]) -> Truth:
        """Return the truth of these clips only, in this order; raises ``ValueError`` for a clip that it lacks."""
        chosen = {}
        for clip_id in clip_ids:
            if clip_id not in self.reference:
                raise ValueError(f"clip {clip_id!r} has probabilities but is not in the reference")
            chosen[clip_id] = self.reference[clip_id]
        return Truth(chosen, self.durations, self.labels)
