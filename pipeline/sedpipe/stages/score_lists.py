"""``sedpipe score --reference R --estimated E``: scores of any event list, without dataset or run.

- :func:`score_lists`: reference and estimated events -> scores
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from sedpipe.clips import recording_of_piece
from sedpipe.errors import SettingsError
from sedpipe.events import EventLists
from sedpipe.labels import LabelSet
from sedpipe.listener import Listener
from sedpipe.metrics.intervals import intervals
from sedpipe.metrics.segment_scores import check_size, segment_based_counts
from sedpipe.metrics.sharing import Sharing
from sedpipe.metrics.undefined import undefined
from sedpipe.metrics.yardsticks import commonest_class
from sedpipe.reports import as_json
from sedpipe.reports.scores import AgainstList, ListCoverage, ListScoreReport
from sedpipe.steps.clip_lengths import ClipLengths, lengths_of
from sedpipe.steps.event_lists import read_lists
from sedpipe.steps.metrics import Scored, custom_metrics, measured
from sedpipe.steps.scoring import SEGMENTS, checked, compare, yardstick_scores
from sedpipe.truth import Truth


def score_lists(
    reference: Path,
    estimated: Path,
    *,
    labels: LabelSet | None = None,
    duration: float | None = None,
    durations: Path | None = None,
    against: Path | None = None,
    time_resolution: float = 1.0,
    listener: Listener | None = None,
) -> ListScoreReport:
    """Score a list of events.

    Parameters
    ----------
    reference, estimated : Path
        Lists, or folders of lists, that :func:`~sedpipe.io.lists.read.read_annotations` can read. The clips of the
        reference are scored.
    labels : LabelSet, optional
        The classes; by default every label of the lists, in alphabetical order.
    duration : float, optional
        Duration of every clip in seconds.
    durations : Path, optional
        List with the duration of each clip, ``filename duration``. If neither is given, nothing is truncated, as in the
        official metric.
    against : Path, optional
        Another list of estimated events, with which the first is compared.
    time_resolution : float > 0
        Length of a segment in seconds.
    listener : Listener, optional
        Receiver of progress: sed_eval takes milliseconds per clip.

    Raises
    ------
    ListFormatError
        If a list cannot be read, or does not fit the reference.
    SettingsError
        If there would be far too many segments.
    """
    lists = read_lists(reference, [path for path in (estimated, against) if path], labels)
    truth_events, found = lists.reference, lists.estimated
    by_name = {"reference": truth_events, "estimated events": found[estimated]}
    if against is not None:
        by_name["other estimated events"] = found[against]
    lengths = lengths_of(truth_events, by_name, duration, durations)
    truth = Truth(truth_events, lengths.scored, lists.labels)
    _check_size(truth, time_resolution)
    listener = listener or Listener()
    segments = checked(SEGMENTS, truth, found[estimated], time_resolution, listener=listener)
    counts = segment_based_counts(truth_events, found[estimated], truth.durations, truth.labels, time_resolution)
    numbers, shown = measured(Scored(truth, found[estimated], listener=listener))
    report = ListScoreReport(
        reference=str(reference),
        estimated=str(estimated),
        clips=_clips(truth_events, found[estimated], lengths),
        time_resolution=time_resolution,
        segment_based=segments.overall,
        intervals=intervals(counts, _sharing(truth)),
        event_based=numbers["event_based"],
        metrics=custom_metrics(numbers, known=("event_based",)),
        shown=shown,
        yardsticks=yardstick_scores(replace(truth, durations=lengths.whole), time_resolution),
        commonest_class=commonest_class(truth_events, truth.labels),
        per_class=dict(segments.per_class),
        against=_against(truth, found, estimated, against, time_resolution),
        remarks=(*lists.remarks, *lengths.remarks),
    )
    scores = {name: as_json(getattr(report, name)) for name in ("segment_based", "event_based", "metrics", "per_class")}
    return replace(report, undefined=undefined(scores))


def _check_size(truth: Truth, time_resolution: float) -> None:
    try:
        check_size([truth.durations[clip_id] for clip_id in truth.reference], len(truth.labels), time_resolution)
    except ValueError as error:
        hint = "use a longer --time-resolution, or check the lists for a mistyped time"
        raise SettingsError(str(error), hint=hint) from error


def _clips(truth: EventLists, found: EventLists, lengths: ClipLengths) -> ListCoverage:
    cut = {"reference": lengths.cut.get("reference", 0), "estimated": lengths.cut.get("estimated events", 0)}
    without_output = sum(not found.get(clip_id) for clip_id in truth)
    return ListCoverage(len(truth), len(truth), [], without_output, cut)


def _against(
    truth: Truth, found: Mapping[Path, EventLists], estimated: Path, against: Path | None, time_resolution: float
) -> AgainstList | None:
    if against is None:
        return None
    differences = compare(truth, [found[estimated]], [found[against]], time_resolution, _sharing(truth))
    return AgainstList(str(against), differences)


def _sharing(truth: Truth) -> Sharing:
    """Return which clips are pieces of the same recording, as far as their names show it."""
    return Sharing.of([{recording_of_piece(clip_id)} for clip_id in truth.reference])
