"""Reference events of the clips of a split, from the reference list in the cache.

- :func:`find_truth`: the reference, or None if there are no strong labels
- :func:`known_truth`: the reference for scores
"""

from __future__ import annotations

from collections.abc import Mapping

from sedpipe.detection.frame_scores import FrameScores
from sedpipe.errors import MissingStageError
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.files.reading import is_there
from sedpipe.io.lists.events import read_stored_events
from sedpipe.labels import LabelSet
from sedpipe.truth import Truth


def find_truth(dataset: Dataset, split: str, durations: Mapping[str, float], labels: LabelSet) -> Truth | None:
    """Return the reference events of the clips in ``durations``; None if the split has no strong labels.

    Parameters
    ----------
    dataset : Dataset
        Dataset in the cache.
    split : str
        Split of the dataset.
    durations : mapping of str to float
        Length of each clip in seconds.
    labels : LabelSet
        The classes.
    """
    path = dataset.reference_path(split)
    if not is_there(path):
        return None
    events = read_stored_events(path, labels)
    return Truth({clip_id: events.get(clip_id, []) for clip_id in durations}, durations, labels)


def known_truth(dataset: Dataset, split: str, scores: FrameScores) -> Truth:
    """Return the reference events of the clips of ``scores``; raise ``MissingStageError`` without strong labels."""
    durations = dict(zip(scores.clip_ids, scores.durations.tolist(), strict=True))
    truth = find_truth(dataset, split, durations, scores.labels)
    if truth is None:
        raise MissingStageError(
            f"{dataset.name} has no strong labels for {split} ({dataset.reference_path(split)} does not exist)",
            hint="scores need onsets and offsets: give the split a `strong` list",
        )
    return truth
