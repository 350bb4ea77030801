"""Events as activities of frames, for tests that find the events again."""

from collections.abc import Iterable

import numpy as np
from sedpipe.events import Event
from sedpipe.frames import FrameGrid
from sedpipe.labels import LabelSet


def encode_activity(events: Iterable[Event], labels: LabelSet, grid: FrameGrid, n_frames: int) -> np.ndarray:
    """Return the activity (n_frames, K) of events; an event begins and ends at the frame edge nearest to its time."""
    active = np.zeros((n_frames, len(labels)), dtype=bool)
    for event in events:
        first, end = (round(seconds / grid.frame_duration) for seconds in (event.onset, event.offset))
        active[first:end, labels.index(event.label)] = True
    return active


def column(text: str) -> np.ndarray:
    """Return '..##' as an activity (4, 1)."""
    return np.array([[frame == "#"] for frame in text])


def text_of(active: np.ndarray) -> str:
    return "".join(".#"[int(frame)] for frame in active[:, 0])
