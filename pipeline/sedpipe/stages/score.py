"""``sedpipe score``: trained runs on a split -> events, and scores that are verified with sed_eval.

A single run is never tuned here. Several runs are scored as their mean, which is tuned on ``testing`` first. Where
frame probabilities are stored already, neither torch nor the network is needed.

- :func:`score`: frame probabilities, events at each operating point, scores
- :func:`counts_of_clips`: the contribution of each clip to the scores of a run
- :func:`counts_at_point`: the same from frame probabilities, for one setting of the post-processing
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from sedpipe.choices import OPERATING_POINTS, TUNED_ON
from sedpipe.detection.frame_scores import FrameScores
from sedpipe.detection.postprocess import PostProcessing
from sedpipe.detection.tuning import common_settings
from sedpipe.errors import SettingsError
from sedpipe.events import Event
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.frame_scores import export_frame_scores
from sedpipe.io.cache.ledger import read_ledgers
from sedpipe.io.cache.runs import Run, find_run
from sedpipe.io.lists.events import write_event_list
from sedpipe.io.records.common import Common
from sedpipe.io.records.reading import write_record
from sedpipe.io.records.scores import Coverage, Intervals, Learned, ScoreReport
from sedpipe.io.records.table import Counts
from sedpipe.listener import Listener
from sedpipe.metrics.intervals import intervals
from sedpipe.metrics.segment_scores import TIME_RESOLUTION, segment_based_counts
from sedpipe.metrics.sharing import Sharing
from sedpipe.metrics.undefined import undefined
from sedpipe.metrics.yardsticks import commonest_class
from sedpipe.steps.against import Rivals, against_runs
from sedpipe.steps.metrics import Heard, Scored, custom_metrics, measured
from sedpipe.steps.recordings import recordings_of
from sedpipe.steps.results import writing_results
from sedpipe.steps.scoring import SEGMENTS, checked, yardstick_scores
from sedpipe.steps.systems import System, system_of, written_to
from sedpipe.steps.truth import known_truth
from sedpipe.truth import Truth
from sedpipe.wording import counted

MOST_MISSING = 1000
_METRICS = ("event_based", "clip_based", "psds", "threshold_free")
_SCORES = ("segment_based", "operating_points", *_METRICS, "metrics", "per_class")


def score(
    dataset: Dataset,
    *,
    run: str | Sequence[str] | None = None,
    split: str = "evaluation",
    operating_point: str = "min_er",
    against: str | Sequence[str] | None = None,
    export_scores: Path | None = None,
    device: str = "auto",
    listener: Listener | None = None,
) -> ScoreReport:
    """Score a run; write ``estimated-<split>.tsv`` and ``scores-<split>.json`` to its folder.

    Parameters
    ----------
    dataset : Dataset
        Dataset with features and a trained run.
    run : str or sequence of str, optional
        Name or path of a run; by default the newest. Several runs are scored as their mean, whose results have a folder
        of their own.
    split : str
        Split to score: ``testing`` or ``evaluation``, or ``training`` if its events are known.
    operating_point : str
        Operating point of the event list and the tables; segment-based scores are computed for both.
    against : str or sequence of str, optional
        Another run, with which the first is compared on the same clips; or the runs of another system, one per random
        seed, as many as there are of this one.
    export_scores : Path, optional
        Folder for the frame probabilities as TSV files.
    device : str
        Device that the network runs on, if it is needed.
    listener : Listener, optional
        Receiver of progress and remarks.

    Raises
    ------
    MissingStageError
        If the run, the features, or strong labels for the split are missing.
    SettingsError
        If a run of a system is named twice, or there is no such operating point.
    SedpipeError
        If sed_eval and sedpipe disagree on a score: a bug, whose numbers must not be shown.
    """
    if operating_point not in OPERATING_POINTS:
        raise SettingsError(f"operating point must be one of {', '.join(OPERATING_POINTS)}, got {operating_point!r}")
    cache, listener = dataset, listener or Listener()
    cache.read_record()
    names: Sequence[str | None] = [run] if run is None or isinstance(run, str) else list(run) or [None]
    runs = [find_run(cache, name) for name in names]
    others = [find_run(cache, name) for name in ([against] if isinstance(against, str) else against or [])]
    for system in (runs, others):
        _check_distinct(system)
    with writing_results(written_to(cache, runs), listener, is_trained=len(runs) == 1):
        return _scored(cache, runs, split, operating_point, others, export_scores, device, listener)


def _check_distinct(runs: Sequence[Run]) -> None:
    """Raise ``SettingsError`` if a run occurs twice: it would look like two random seeds with identical results."""
    folders = [run.folder.resolve() for run in runs]
    twice = next((run.name for run in runs if folders.count(run.folder.resolve()) > 1), None)
    if twice is not None:
        raise SettingsError(f"the run {twice} is named twice", hint="name each run of a system once")


def _scored(
    cache: Dataset,
    runs: Sequence[Run],
    split: str,
    operating_point: str,
    against: Sequence[Run],
    export_scores: Path | None,
    device: str,
    listener: Listener,
) -> ScoreReport:
    """Score a system, and write its events and scores."""
    system = system_of(cache, runs, split, device, listener)
    truth = known_truth(cache, split, system.scores)
    recordings = recordings_of(cache, split, system.scores.clip_ids)
    if export_scores is not None:
        n_files = export_frame_scores(export_scores, system.scores)
        listener.say(f"{export_scores}: frame scores of {counted(n_files, 'clip')}")
    estimated = {name: system.scores.decode(system.scores.points[name]) for name in OPERATING_POINTS}
    segment_based = {name: checked(SEGMENTS, truth, events, TIME_RESOLUTION) for name, events in estimated.items()}
    chosen = segment_based[operating_point]
    heard = _heard(cache, split, system.scores, system.scores.points[operating_point])
    found, shown = measured(Scored(truth, estimated[operating_point], heard, listener))
    report = ScoreReport(
        dataset=cache.name,
        run=system.run.name,
        split=split,
        tuned_on_this_split=split == TUNED_ON,
        contaminated_by=system.contaminated_by,
        clips=_coverage(cache, split, system.scores),
        operating_point=operating_point,
        post_processing=dict(system.scores.points),
        segment_based=chosen.overall,
        operating_points={name: scores.overall for name, scores in segment_based.items()},
        intervals={name: _intervals(truth, events, recordings.sharing) for name, events in estimated.items()},
        **{name: numbers for name, numbers in found.items() if name in _METRICS},
        training=_learned(runs),
        metrics=custom_metrics(found, known=_METRICS),
        shown=shown,
        post_processing_common=_common(truth, system, listener),
        own_rule=_by_own_rule(truth, system, listener),
        yardsticks=yardstick_scores(truth, TIME_RESOLUTION),
        commonest_class=commonest_class(truth.reference, truth.labels),
        per_class=dict(chosen.per_class),
        tuning=system.tuning,
        estimated=str(system.run.estimated_path(split)),
        remarks=(*system.remarks, *([recordings.remark] if recordings.remark else [])),
    )
    if against:
        rivals = Rivals(runs, against)
        found_against = against_runs(cache, rivals, split, operating_point, truth, recordings, device, listener)
        report = report.model_copy(update={"against": found_against})
    scores = report.as_json()
    report = report.model_copy(update={"undefined": undefined({name: scores[name] for name in _SCORES})})
    write_event_list(system.run.estimated_path(split), estimated[operating_point], system.scores.clip_ids)
    write_record(system.run.scores_path(split), report)
    return report


def counts_of_clips(
    dataset: Dataset, run: str, split: str, *, device: str = "cpu"
) -> tuple[tuple[str, ...], dict[str, Counts], dict[str, Counts]]:
    """Return what each clip contributes to the segment-based scores of a run, in the order of the clips.

    Parameters
    ----------
    dataset : Dataset
        Dataset with features and the run.
    run : str
        Name of the run.
    split : str
        Split of the clips.
    device : str
        Device that the network runs on, if it is needed.

    Returns
    -------
    clip_ids : tuple of str
        Names of the clips.
    chosen, common : dict
        Counts by operating point: one row per clip, with the columns of :data:`sedpipe.metrics.spread.COUNTED`; with
        the settings that were chosen, and with common settings for all classes.
    """
    system = system_of(dataset, [find_run(dataset, run)], split, device, Listener())
    truth = known_truth(dataset, split, system.scores)
    common = {name: settings for name, steps in system.tuning.items() if (settings := common_settings(steps))}

    def counts(points: Mapping[str, PostProcessing]) -> dict[str, Counts]:
        return {name: counts_at_point(system.scores, truth, point) for name, point in points.items()}

    return tuple(system.scores.clip_ids), counts(system.scores.points), counts(common)


def counts_at_point(scores: FrameScores, truth: Truth, point: PostProcessing) -> Counts:
    """Return the counts of each clip from frame probabilities, with the given post-processing."""
    counts = segment_based_counts(truth.reference, scores.decode(point), truth.durations, truth.labels)
    per_class = (counts.n_reference, counts.correct, counts.n_estimated)
    columns = [counts.errors, *(items.sum(axis=1) for items in per_class)]
    rows: list[list[int]] = np.stack(columns, axis=1).astype(int).tolist()
    return tuple((errors, reference, correct, estimated) for errors, reference, correct, estimated in rows)


def _learned(runs: Sequence[Run]) -> Learned | None:
    """Return best epoch and losses of a single run with a result."""
    record = runs[0].find_record() if len(runs) == 1 else None
    result = None if record is None else record.result
    if result is None:
        return None
    return Learned(
        best_epoch=result.best_epoch, training_loss=result.training_loss, validation_loss=result.validation_loss
    )


def _coverage(cache: Dataset, split: str, scores: FrameScores) -> Coverage:
    """Count the listed and the scored clips, and name the missing ones, as far as the download knows their names."""
    scored = set(scores.clip_ids)
    known = [clip_id for in_split, clip_id in read_ledgers(cache.folder) if in_split == split]
    known += [clip.clip_id for clip in cache.read_clips().get(split, [])]
    missing = [clip_id for clip_id in dict.fromkeys(known) if clip_id not in scored]
    listed = cache.read_record().listed.get(split, 0)
    return Coverage(listed=listed, scored=len(scored), missing=tuple(missing[:MOST_MISSING]))


def _intervals(truth: Truth, estimated: dict[str, list[Event]], sharing: Sharing) -> Intervals:
    counts = segment_based_counts(truth.reference, estimated, truth.durations, truth.labels, TIME_RESOLUTION)
    return intervals(counts, sharing)


def _heard(cache: Dataset, split: str, scores: FrameScores, point: PostProcessing) -> Heard:
    labels_of = {clip.clip_id: clip.labels for clip in cache.read_clips()[split]}
    tags = np.stack([scores.labels.multi_hot(labels_of[clip_id]) for clip_id in scores.clip_ids])
    return Heard(scores, point, tags)


def _common(truth: Truth, system: System, listener: Listener) -> dict[str, Common]:
    """Score the paper's post-processing rule at each operating point whose tuning is known."""
    found = {}
    for name, steps in system.tuning.items():
        settings = common_settings(steps)
        if settings is not None:
            scores = checked(SEGMENTS, truth, system.scores.decode(settings), TIME_RESOLUTION, listener=listener)
            found[name] = Common(settings=settings, segment_based=scores.overall, per_class=dict(scores.per_class))
    return found


def _by_own_rule(truth: Truth, system: System, listener: Listener) -> Common | None:
    """Score the post-processing that the system was published with; None if it has none of its own."""
    if system.own_rule is None:
        return None
    scores = checked(SEGMENTS, truth, system.scores.decode(system.own_rule), TIME_RESOLUTION, listener=listener)
    return Common(settings=system.own_rule, segment_based=scores.overall, per_class=dict(scores.per_class))
