"""Comparison of several runs on the same split of the same dataset.

- :func:`same_clips`: the runs on the clips that all of them scored, and warnings for the reader
- :func:`most_different`: the clips in which they differ most
- :func:`differences_to_first`: differences between their scores, with intervals
- :func:`compared_classes`: F1 of the classes, run by run
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from sedpipe.choices import TRAINED_ON
from sedpipe.errors import SettingsError
from sedpipe.io.records.scores import Coverage
from sedpipe.metrics.comparison import Difference, compare_runs
from sedpipe.metrics.segment_scores import count_segments, segment_based_scores
from sedpipe.metrics.sharing import Sharing
from sedpipe.truth import Truth
from sedpipe.views.page.mistakes import errors_of_clips
from sedpipe.views.page.scored_run import ScoredRun

_ROUNDING_S = 0.002
"""Tolerance in seconds for the length of a clip, which differs a little if it was read at several sample rates."""

MOST_RUNS = 8
"""The number of colours that people can tell apart."""


@dataclass(frozen=True)
class ComparedClass:
    """F1 of one class by run, and F1 of the last run minus that of the first."""

    label: str
    n_reference: int
    f1: Sequence[float | None]
    gain: float | None

    @property
    def span(self) -> tuple[float, float] | None:
        """The lowest and the highest F1."""
        known = [value for value in self.f1 if value is not None]
        return (min(known), max(known)) if known else None


def same_clips(runs: Sequence[ScoredRun]) -> tuple[list[ScoredRun], list[str]]:
    """Return the runs on the clips that all of them scored.

    Parameters
    ----------
    runs : sequence of ScoredRun
        Runs on one split of one dataset.

    Returns
    -------
    runs : list of ScoredRun
        The runs on the common clips, in the order of the first run and with its clip lengths. If all runs scored the
        same clips, their scores are unchanged, except for runs that assumed other clip lengths, whose scores are
        recomputed; otherwise all scores are recomputed.
    warnings : list of str
        Reasons why the comparison is not quite fair.

    Raises
    ------
    SettingsError
        If the classes differ, the runs have no clip in common, two runs have the same name, or there are more than
        :data:`MOST_RUNS`.
    """
    names = [run.name for run in runs]
    if len(runs) > MOST_RUNS:
        raise SettingsError(f"a page compares at most {MOST_RUNS} runs, got {len(runs)}", hint="name fewer runs")
    if len(set(names)) < len(names):
        raise SettingsError(f"a run is named twice: {', '.join(names)}", hint="name different runs")
    for run in runs[1:]:
        if run.labels != runs[0].labels:
            raise SettingsError(f"{run.name} and {runs[0].name} have different classes")
    common = [clip.clip_id for clip in runs[0].clips if all(clip.clip_id in run.row_of for run in runs)]
    if not common:
        raise SettingsError(f"{' and '.join(names)} have no clip in common on {runs[0].split}")
    warnings, truth = _warnings(runs), runs[0].truth.of(common)
    alike = [_on_clips(run, common, truth) for run in runs]
    first = _lengths(runs[0], common)
    unlike = [run.name for run in runs if (np.abs(_lengths(run, common) - first) > _ROUNDING_S).any()]
    if any(len(run.clips) > len(common) for run in runs):
        warnings.append(
            f"They were scored on different clips: all numbers are recomputed on the {len(common):,} that all scored."
        )
        return [_counted_anew(run) for run in alike], warnings
    if unlike:
        warnings.append(
            f"{' and '.join(unlike)} took clips to last longer or shorter than {names[0]} did: their numbers are "
            f"recomputed with the lengths that {names[0]} took."
        )
    return [_counted_anew(run) if run.name in unlike else run for run in alike], warnings


def _lengths(run: ScoredRun, clip_ids: Sequence[str]) -> np.ndarray:
    return np.array([run.truth.durations[clip_id] for clip_id in clip_ids])


def _warnings(runs: Sequence[ScoredRun]) -> list[str]:
    points = {run.name: run.scores.operating_point for run in runs}
    warnings = []
    if len(set(points.values())) > 1:
        named = ", ".join(f"{name} {point}" for name, point in points.items())
        warnings.append(f"Their events belong to different operating points: {named}.")
    if runs[0].split == TRAINED_ON:
        warnings.append("They were trained on this split: expect lower scores elsewhere.")
    if any(run.scores.tuned_on_this_split for run in runs):
        warnings.append("Thresholds were tuned on this split: expect lower scores elsewhere.")
    for run in runs:
        if run.scores.contaminated_by:
            names = " and ".join(run.scores.contaminated_by)
            warnings.append(f"{run.name} uses {names}, which may have been trained on these recordings.")
    return warnings


def _on_clips(run: ScoredRun, clip_ids: Sequence[str], truth: Truth) -> ScoredRun:
    """Return a run on these clips only, in this order, with a reference that all runs share."""
    scored = run.frame_scores
    return replace(
        run,
        clips=[run.clips[run.row_of[clip_id]] for clip_id in clip_ids],
        truth=truth,
        estimated={clip_id: run.estimated[clip_id] for clip_id in clip_ids},
        frame_scores=scored if scored.clip_ids == clip_ids else scored.of(clip_ids),
    )


def _counted_anew(run: ScoredRun) -> ScoredRun:
    """Return a run with the scores recomputed on its clips; intervals and baselines are left out.

    Only the operating point that the events were made with remains.
    """
    truth = run.truth
    counted = segment_based_scores(truth.reference, run.estimated, truth.durations, truth.labels)
    scores = run.scores.model_copy(
        update={
            "segment_based": counted.overall,
            "operating_points": {run.scores.operating_point: counted.overall},
            "per_class": dict(counted.per_class),
            "clips": Coverage(listed=run.scores.clips.listed, scored=len(run.clips)),
            "intervals": {},
            "yardsticks": {},
        }
    )
    return replace(run, scores=scores)


def most_different(runs: Sequence[ScoredRun], n: int) -> list[str]:
    """Return up to ``n`` clips, by how much the numbers of errors differ between runs, then by how much estimates do.

    Clips in which all runs predict the same are left out.
    """
    by_run = [[errors.total for errors in errors_of_clips(*run.rolls)] for run in runs]
    estimates = np.stack([run.rolls[1] for run in runs])
    unlike = (estimates != estimates[0]).any(axis=0).sum(axis=(1, 2)).tolist()
    errors = list(zip(*by_run, strict=True))
    order = sorted(range(len(errors)), key=lambda i: (min(errors[i]) - max(errors[i]), -unlike[i], i))
    return [runs[0].clips[i].clip_id for i in order if unlike[i]][:n]


def compared_classes(runs: Sequence[ScoredRun]) -> list[ComparedClass]:
    """Return the classes that occur in the reference; those that differ most between first and last run come first."""
    rows = []
    for label in runs[0].labels:
        scores = [run.scores.per_class[label] for run in runs]
        f1 = [of_run.f1 for of_run in scores]
        if scores[0].n_reference:
            gain = None if f1[0] is None or f1[-1] is None else f1[-1] - f1[0]
            rows.append(ComparedClass(label, scores[0].n_reference, f1, gain))
    return sorted(rows, key=lambda row: (-abs(row.gain or 0.0), row.label))


def differences_to_first(runs: Sequence[ScoredRun], sharing: Sharing) -> list[dict[str, Difference | None]]:
    """Return the scores of each other run minus those of the first, by metric, with 95 % intervals over recordings."""
    counts = [count_segments(*run.rolls) for run in runs]
    return [compare_runs([of_run], [counts[0]], sharing) for of_run in counts[1:]]
