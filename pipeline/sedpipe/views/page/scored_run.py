"""The data of a run on one split that a report needs, read from the files that ``score`` wrote.

- :class:`ScoredRun`: scores, events and probabilities of the same clips
- :func:`read_scored_run`: read them from the cache; files that are inconsistent are refused
- :func:`scored_splits`: the splits that can be reported
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from sedpipe.choices import SPLITS
from sedpipe.clips import Clip
from sedpipe.detection.frame_scores import FrameScores
from sedpipe.errors import MissingStageError, StaleError
from sedpipe.events import Event, EventLists
from sedpipe.frames import clip_lengths
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.feature_file import FeatureFile
from sedpipe.io.cache.frame_scores import find_frame_scores, find_origin
from sedpipe.io.cache.runs import Run
from sedpipe.io.files.checksums import sha256_in_cache
from sedpipe.io.files.reading import is_there
from sedpipe.io.lists.events import read_stored_events
from sedpipe.io.records.run import RunRecord
from sedpipe.io.records.scores import ScoreReport
from sedpipe.labels import LabelSet
from sedpipe.metrics.segment_scores import TIME_RESOLUTION, segment_based_scores, segment_roll
from sedpipe.metrics.validation import validate
from sedpipe.steps.truth import known_truth
from sedpipe.truth import Truth

_ALIKE = 1e-9


@dataclass(frozen=True, eq=False)
class ScoredRun:
    """A run on one split.

    Parameters
    ----------
    name, dataset, split : str
    scores : ScoreReport
        ``scores-<split>.json``.
    record : RunRecord, optional
        ``run.json``; None for the mean of several runs, which has no such file.
    files : dict of str to str
        sha256 of each file that the report is made from, by file name.
    clips : list of Clip
        The N clips that were scored.
    truth : Truth
        Their reference.
    estimated : mapping of str to sequence of Event
        Estimated events by ``clip_id``, at the operating point that the scores name.
    frame_scores : FrameScores
        Probabilities that the events were made from.
    features : FeatureFile
        Features that the probabilities were computed from.
    """

    name: str
    dataset: str
    split: str
    scores: ScoreReport
    record: RunRecord | None
    files: dict[str, str]
    clips: list[Clip]
    truth: Truth
    estimated: EventLists
    frame_scores: FrameScores
    features: FeatureFile

    @property
    def labels(self) -> LabelSet:
        """The K classes."""
        return self.truth.labels

    @cached_property
    def rolls(self) -> tuple[np.ndarray, np.ndarray]:
        """Reference and estimated activity, boolean (N, S, K), in segments of one second."""
        clips = validate(self.truth.reference, self.estimated, self.truth.durations, self.labels)
        return (
            segment_roll(clips.reference, clips.durations, len(self.labels), TIME_RESOLUTION),
            segment_roll(clips.estimated, clips.durations, len(self.labels), TIME_RESOLUTION),
        )

    @cached_property
    def row_of(self) -> dict[str, int]:
        """The row of each clip in the arrays, by ``clip_id``."""
        return {clip.clip_id: n for n, clip in enumerate(self.clips)}


def scored_splits(run: Run) -> list[str]:
    """Return the splits that the run was scored on, ``evaluation`` first."""
    return [split for split in reversed(SPLITS) if is_there(run.scores_path(split))]


def read_scored_run(cache: Dataset, run: Run, split: str | None = None) -> ScoredRun:
    """Read a run's scores on a split, and the data that they were computed from.

    Parameters
    ----------
    cache : Dataset
        The dataset of the run.
    run : Run
        A finished run.
    split : str, optional
        By default the first of :func:`scored_splits`.

    Raises
    ------
    MissingStageError
        If a file has not been made yet; the hint names the command that makes it.
    StaleError
        If the stored events are not those that were scored, or if the scores lack a class or the dataset a clip.
    SedpipeError
        If a file is not one that ``score`` writes.
    """
    split = split or next(iter(scored_splits(run)), "evaluation")
    command = f"run `{cache.command('score', '--run', run.name, '--split', split)}` first"
    frame_scores, features = _frame_scores_and_features(cache, run, split, command)
    if not is_there(cache.reference_path(split)):
        raise MissingStageError(f"{cache.reference_path(split)} does not exist", hint=command)
    clip_ids, labels = frame_scores.clip_ids, frame_scores.labels
    scores = _read_scores(run, split, labels, command)
    scored = ScoredRun(
        name=run.name,
        dataset=cache.name,
        split=split,
        scores=scores,
        record=run.find_record(),
        files=_checksums(cache, run, split),
        clips=_clips(cache, split, clip_ids, command),
        truth=known_truth(cache, split, frame_scores),
        estimated=_read_estimated(run.estimated_path(split), clip_ids, labels, command),
        frame_scores=frame_scores,
        features=features,
    )
    _check_same(scored, command)
    return scored


def _read_scores(run: Run, split: str, labels: LabelSet, command: str) -> ScoreReport:
    scores = run.find_scores(split)
    if scores is None:
        raise MissingStageError(f"{run.name} has no scores on {split}", hint=command)
    lacking = [label for label in labels if label not in scores.per_class]
    if lacking:
        raise StaleError(
            f"{run.scores_path(split)} has no scores of {lacking[0]!r}", hint=command.replace(" first", " again")
        )
    return scores


def _frame_scores_and_features(cache: Dataset, run: Run, split: str, command: str) -> tuple[FrameScores, FeatureFile]:
    """Read the frame scores, and the features that they were made from."""
    path = run.frame_scores_path(split)
    origin = find_origin(path)
    stored = None if origin is None else find_frame_scores(path, origin)
    if origin is None or stored is None:
        raise MissingStageError(f"{path} does not exist or cannot be read", hint=command)
    features = cache.features_dir(origin.features) / f"{split}.h5"
    if not (origin.features.isalnum() and is_there(features)):
        raise MissingStageError(f"{features} does not exist", hint=f"run `{cache.command('features')}` first")
    file = FeatureFile(features)
    return _as_long_as_audio(stored, file, cache.read_record().clip_format.clip_s), file


def _as_long_as_audio(stored: FrameScores, features: FeatureFile, longest_s: float) -> FrameScores:
    """Return frame scores with the clip durations that ``score`` uses; early editions stored the last frame's end."""
    counted = dict(zip(features.clip_ids, features.n_samples.tolist(), strict=True))
    n_samples = np.array([counted.get(clip_id, 0) for clip_id in stored.clip_ids], dtype=np.int64)
    return replace(stored, durations=clip_lengths(stored.durations, n_samples, stored.grid.sample_rate, longest_s))


def _clips(cache: Dataset, split: str, clip_ids: list[str], command: str) -> list[Clip]:
    """Return the scored clips, all of which must still be listed."""
    listed = {clip.clip_id: clip for clip in cache.read_clips().get(split, [])}
    strange = [clip_id for clip_id in clip_ids if clip_id not in listed]
    if strange:
        raise StaleError(
            f"{split} does not list the scored clip {strange[0]!r}", hint=command.replace(" first", " again")
        )
    return [listed[clip_id] for clip_id in clip_ids]


def _read_estimated(path: Path, clip_ids: list[str], labels: LabelSet, command: str) -> dict[str, list[Event]]:
    if not is_there(path):
        raise MissingStageError(f"{path} does not exist", hint=command)
    events = read_stored_events(path, labels)
    return {clip_id: events.get(clip_id, []) for clip_id in clip_ids}


def _checksums(cache: Dataset, run: Run, split: str) -> dict[str, str]:
    paths = (run.model_path, run.scores_path(split), run.estimated_path(split), run.frame_scores_path(split))
    return {path.name: sha256_in_cache(path) for path in (*paths, cache.reference_path(split)) if is_there(path)}


def _check_same(run: ScoredRun, command: str) -> None:
    """Check that the stored events give the stored scores."""
    truth = run.truth
    counted = segment_based_scores(truth.reference, run.estimated, truth.durations, truth.labels).overall
    for name, value in asdict(counted).items():
        told = getattr(run.scores.segment_based, name)
        if (value is None) != (told is None) or (value is not None and abs(value - told) > _ALIKE):
            raise StaleError(
                f"the events of {run.name} on {run.split} give {name} {value}, its scores say {told}",
                hint=command.replace(" first", " again"),
            )
