"""What is known of the clips of a split: when their events sound, and how long they are.

- :class:`Truth`: of exactly the clips that are scored
- :func:`read_truth`: from the reference list of the cache
"""

from __future__ import annotations

from dataclasses import dataclass

from sedpipe.events import Event
from sedpipe.features.front_end import FrontEnd
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.lists.events import read_event_list
from sedpipe.labels import LabelSet
from sedpipe.steps.batches import ClipBatches


@dataclass(frozen=True)
class Truth:
    """Reference events and durations (seconds) by ``clip_id``, of the clips that have features."""

    clip_ids: list[str]
    reference: dict[str, list[Event]]
    durations: dict[str, float]


def read_truth(cache: Dataset, split: str, batches: ClipBatches, labels: LabelSet, front_end: FrontEnd) -> Truth | None:
    """Truth about the clips of ``batches``; None where the split has no strong labels."""
    path = cache.reference_path(split)
    if not path.exists():
        return None
    events = read_event_list(path, labels)
    clip_ids = [clip.clip_id for clip in batches.clips]
    durations = front_end.grid.edges(front_end.n_frames)[batches.n_frames].tolist()
    return Truth(
        clip_ids,
        {clip_id: events.get(clip_id, []) for clip_id in clip_ids},
        dict(zip(clip_ids, durations, strict=True)),
    )
