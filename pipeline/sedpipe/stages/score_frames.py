"""``sedpipe score --frame-scores F --reference R``: any system's frame probabilities, tuned and scored.

- :func:`score_frames`: tables of probabilities and a list of events -> scores
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np

from sedpipe.choices import OPERATING_POINTS
from sedpipe.clips import recording_of_piece
from sedpipe.detection.frame_scores import FrameScores
from sedpipe.detection.postprocess import PostProcessing
from sedpipe.detection.tuning import common_settings, tune
from sedpipe.errors import ListFormatError
from sedpipe.events import EventLists
from sedpipe.frames import FrameGrid
from sedpipe.io.lists.events import events_of
from sedpipe.io.lists.frame_tables import FrameTables, read_frame_tables
from sedpipe.io.lists.known_names import KnownNames
from sedpipe.io.lists.read import read_annotations
from sedpipe.io.records.common import Common
from sedpipe.io.records.scores import Coverage, ScoreReport
from sedpipe.labels import LabelSet
from sedpipe.listener import Listener
from sedpipe.metrics.detection_scores import OverallScores
from sedpipe.metrics.intervals import intervals
from sedpipe.metrics.segment_scores import TIME_RESOLUTION, segment_based_counts
from sedpipe.metrics.sharing import Sharing
from sedpipe.metrics.undefined import undefined
from sedpipe.metrics.yardsticks import commonest_class
from sedpipe.steps.metrics import Heard, Scored, custom_metrics, measured
from sedpipe.steps.recordings import Recordings
from sedpipe.steps.scoring import SEGMENTS, checked, yardstick_scores
from sedpipe.suggestions import did_you_mean
from sedpipe.truth import Truth
from sedpipe.wording import counted

_MOST_TICKS = 100_000  # per second: times written to the millisecond locate frames no more precisely
_DUST_S = 1e-6
_METRICS = ("event_based", "clip_based", "psds", "threshold_free")


def score_frames(
    frames: Path,
    reference: Path,
    *,
    labels: LabelSet | None = None,
    duration: float | None = None,
    operating_point: str = "min_er",
    listener: Listener | None = None,
) -> ScoreReport:
    """Tune the post-processing of frame probabilities on the clips of a reference, and score it there.

    The scores are tuned on the same clips, and the report says so; cross-validated scores are given beside them.

    Parameters
    ----------
    frames : Path
        Table or folder that :func:`~sedpipe.io.lists.frame_tables.read_frame_tables` can read.
    reference : Path
        List of reference events; its clips are those that are scored.
    labels : LabelSet, optional
        The classes; by default the columns of the tables.
    duration : float, optional
        Duration of every clip in seconds; needed if the tables contain no times, refused if it contradicts the end of a
        clip in a table.
    operating_point : str
        Operating point of the events that most scores are computed from.
    listener : Listener, optional
        Receiver of progress and remarks.

    Raises
    ------
    ListFormatError
        If a file cannot be read, or clips, classes or durations do not fit together, or the reference has no event with
        times.
    """
    listener = listener or Listener()
    tables = read_frame_tables(frames)
    classes = labels or LabelSet(tables.labels)
    truth_events = events_of(read_annotations(reference), classes)
    remarks: list[str] = ["the probability of a clip is the maximum over its frames"]
    scores = _scores(frames, tables, classes, truth_events, duration, remarks)
    truth = Truth(truth_events, dict(zip(scores.clip_ids, scores.durations.tolist(), strict=True)), classes)
    if not truth.is_located:
        raise ListFormatError(f"{reference} has no event with times, so nothing can be tuned")
    made_of = Recordings(tuple((recording_of_piece(clip_id),) for clip_id in scores.clip_ids))
    points = tune(scores, truth, groups=made_of.groups(scores.clip_ids))
    estimated = {name: scores.decode(points[name].settings) for name in OPERATING_POINTS}
    segments = {
        name: checked(SEGMENTS, truth, events, TIME_RESOLUTION, listener=listener) for name, events in estimated.items()
    }
    tags = np.stack([classes.multi_hot([event.label for event in truth_events[clip]]) for clip in scores.clip_ids])
    heard = Heard(scores, points[operating_point].settings, tags)
    found, shown = measured(Scored(truth, estimated[operating_point], heard, listener))
    sharing = Sharing.of([{recording_of_piece(clip_id)} for clip_id in truth.reference])
    of_segments = {
        name: segment_based_counts(truth.reference, events, truth.durations, classes, TIME_RESOLUTION)
        for name, events in estimated.items()
    }
    report = ScoreReport(
        dataset=str(reference),
        run=str(frames),
        split="these clips",
        tuned_on_this_split=True,
        clips=Coverage(listed=len(truth_events), scored=len(truth_events)),
        operating_point=operating_point,
        post_processing={name: point.settings for name, point in points.items()},
        segment_based=segments[operating_point].overall,
        operating_points={name: of.overall for name, of in segments.items()},
        intervals={name: intervals(counts, sharing) for name, counts in of_segments.items()},
        **{name: numbers for name, numbers in found.items() if name in _METRICS},
        metrics=custom_metrics(found, known=_METRICS),
        shown=shown,
        post_processing_common={
            name: Common(settings=rule, segment_based=_overall(truth, scores, rule, listener))
            for name, point in points.items()
            if (rule := common_settings(point.steps)) is not None
        },
        yardsticks=yardstick_scores(truth, TIME_RESOLUTION),
        commonest_class=commonest_class(truth.reference, classes),
        per_class=dict(segments[operating_point].per_class),
        tuning={name: point.steps for name, point in points.items()},
        estimated="not written",
        remarks=(*remarks, *(remark for point in points.values() for remark in point.remarks)),
    )
    numbers = report.as_json()
    scored = {name: numbers[name] for name in ("segment_based", "operating_points", *_METRICS, "per_class")}
    return report.model_copy(update={"undefined": undefined(scored)})


def _overall(truth: Truth, scores: FrameScores, rule: PostProcessing, listener: Listener) -> OverallScores:
    return checked(SEGMENTS, truth, scores.decode(rule), TIME_RESOLUTION, listener=listener).overall


def _scores(
    path: Path,
    tables: FrameTables,
    labels: LabelSet,
    truth: EventLists,
    duration: float | None,
    remarks: list[str],
) -> FrameScores:
    """Return the probabilities of the reference's clips, in the order of the reference."""
    for label in labels:
        if label not in tables.labels:
            raise ListFormatError(f"{path} has no column {label!r}{did_you_mean(label, tables.labels)}")
    columns = [tables.labels.index(label) for label in labels]
    try:
        period = tables.frame_period(duration)
    except ValueError as error:
        raise ListFormatError(f"{path}: {error}") from error
    names = KnownNames(tables.probs).find_all(truth)
    lacking = [clip for clip in truth if clip not in names]
    if lacking:
        more = f" and {len(lacking) - 1} more" if len(lacking) > 1 else ""
        raise ListFormatError(f"{path} has no frames of clip {lacking[0]!r}{more}, which the reference lists")
    if len(tables.probs) > len(truth):
        unlisted = counted(len(tables.probs) - len(truth), "clip")
        remarks.append(f"{unlisted} of {path.name} left out: not in the reference")
    each = [tables.probs[names[clip]][:, columns] for clip in truth]
    n_frames = np.array([len(probs) for probs in each])
    frame_probs = np.zeros((len(each), int(n_frames.max()), len(labels)))
    for row, probs in zip(frame_probs, each, strict=True):
        row[: len(probs)] = probs
    ends = _ends(path, tables, [names[clip] for clip in truth], period, duration, remarks)
    lasting = [max([end, *(event.offset for event in truth[clip])]) for clip, end in zip(truth, ends, strict=True)]
    longer = sum(last > end + period for last, end in zip(lasting, ends, strict=True))
    if longer:
        remarks.append(f"{counted(longer, 'clip')} with events after the last frame: taken to end with the last event")
    exact = Fraction(period).limit_denominator(_MOST_TICKS)
    return FrameScores(
        list(truth), frame_probs, frame_probs.max(axis=1), n_frames, np.array(lasting), labels,
        FrameGrid(exact.denominator, max(1, exact.numerator)),
    )  # fmt: skip


def _ends(
    path: Path, tables: FrameTables, clips: Sequence[str], period: float, duration: float | None, remarks: list[str]
) -> list[float]:
    """Return the end of each clip in seconds: from its column, else ``duration``, else the end of its last frame."""
    if duration is None or not tables.onsets:  # without times, the frames have been spread over the duration already
        return [tables.ends.get(clip, len(tables.probs[clip]) * period) for clip in clips]
    for clip in clips:
        end = tables.ends.get(clip, duration)
        if abs(end - duration) >= period:
            raise ListFormatError(
                f"{path}: {clip!r} ends at {end:g} s by its column offset, expected {duration:g} s by --duration",
                hint="leave --duration out: the tables say how long each clip is",
            )
    cut = sum((len(tables.probs[clip]) - 1) * period > duration - _DUST_S for clip in clips)
    if cut:
        remarks.append(f"{counted(cut, 'clip')} with frames after the {duration:g} s of --duration: these are left out")
    return [tables.ends.get(clip, duration) for clip in clips]
