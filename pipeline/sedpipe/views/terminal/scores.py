"""Reports of ``score`` and ``demo`` -> lines for a person, without line ends.

- :func:`score_lines`: of a run
- :func:`list_score_lines`: of an event list
- :func:`demo_lines`
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sedpipe.choices import TUNED_ON
from sedpipe.views.terminal.quantities import percent, rate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sedpipe.detection.tuning import SearchStep
    from sedpipe.io.records.scores import Intervals, Numbers, ScoreReport
    from sedpipe.metrics.bootstrap import Difference
    from sedpipe.metrics.detection_scores import ClassScores, OverallScores
    from sedpipe.reports.scores import DemoReport, ListScoreReport


def score_lines(report: ScoreReport, *, explain: bool = False) -> list[str]:
    """The score table: both operating points, yardsticks, then the classes; ``explain`` adds what tuning gained."""
    tuned = ", TUNED ON THIS SPLIT" if report.tuned_on_this_split else ""
    against = report.against
    return [
        f"{report.run} on {report.dataset} {report.split}: {report.clips.scored} of {report.clips.listed} clips "
        f"scored{tuned}",
        *_contaminated_line(report.contaminated_by),
        "",
        *_detection_table(report.operating_points, report.yardsticks, report.intervals),
        *_common_lines(report),
        *_validated_lines(report.tuning),
        *(f"remark: {remark}" for remark in report.remarks),
        *(_against_lines(against.run, against.differences) if against else ()),
        *(_tuning_lines(report.tuning) if explain else ()),
        *_class_table(report.per_class, report.operating_point),
        "",
        *_other_scores(report.numbers_shown),
        f"events: {report.estimated}",
    ]


def _contaminated_line(encoders: Sequence[str]) -> list[str]:
    if not encoders:
        return []
    return [f"CONTAMINATED: {' and '.join(encoders)} may have been taught with these recordings: expect less elsewhere"]


def _other_scores(shown: Mapping[str, Numbers]) -> list[str]:
    """A line a metric."""
    return [", ".join(f"{title} {percent(number)}" for title, number in numbers.items()) for numbers in shown.values()]


def list_score_lines(report: ListScoreReport) -> list[str]:
    """The score table of an event list."""
    against = report.against
    return [
        f"{report.estimated} against {report.reference}: {report.clips.scored} clips, "
        f"{report.clips.without_output} of them without output",
        "",
        *_detection_table(
            {"estimated": report.segment_based},
            report.yardsticks,
            {"estimated": report.intervals},
            report.time_resolution,
        ),
        *(_against_lines(against.estimated, against.differences) if against else ()),
        *_class_table(report.per_class, "estimated"),
        "",
        *_other_scores(report.shown),
    ]


def demo_lines(report: DemoReport) -> list[str]:
    """The score table, and what the same network scores untrained."""
    best, chance = (each.operating_points["max_f1"].f1 for each in (report.score, report.untrained))
    return [
        *score_lines(report.score),
        f"F1 at max_f1: {percent(best)}; of the same network untrained: {percent(chance)}",
        "next, on real recordings: sedpipe download esc10-fold4",
    ]


def _detection_table(
    points: Mapping[str, OverallScores],
    yardsticks: Mapping[str, OverallScores],
    intervals: Mapping[str, Intervals],
    time_resolution: float = 1.0,
) -> list[str]:
    title = f"segment-based, {time_resolution:g} s"
    lines = [f"{title:<21}     ER    sub    del    ins      P      R     F1  macro F1"]
    lines += [_detection_row(name, scores) for name, scores in points.items()]
    lines += [_detection_row(name.replace("_", " "), scores) for name, scores in yardsticks.items()]
    for name, of_point in intervals.items():
        er, f1, macro = (of_point.get(key) for key in ("error_rate", "f1", "macro_f1"))
        if er and f1 and macro:
            lines.append(
                f"{name}, 95 % over clips: ER {er[0]:.2f} to {er[1]:.2f}, F1 {100 * f1[0]:.1f} to {100 * f1[1]:.1f}, "
                f"macro F1 {100 * macro[0]:.1f} to {100 * macro[1]:.1f}"
            )
    return lines


def _detection_row(name: str, scores: OverallScores) -> str:
    rates = (scores.error_rate, scores.substitution_rate, scores.deletion_rate, scores.insertion_rate)
    shares = (scores.precision, scores.recall, scores.f1, scores.macro_f1)
    return f"{name:<21}  {'  '.join(map(rate, rates))}  {'  '.join(map(percent, shares))}"


def _class_table(per_class: Mapping[str, ClassScores], name: str) -> list[str]:
    title = f"class ({name})"
    lines = ["", f"{title:<33}     ER      P      R     F1"]
    for label, scores in per_class.items():
        shares = "  ".join(map(percent, (scores.precision, scores.recall, scores.f1)))
        lines.append(f"{label:<33}  {rate(scores.error_rate)}  {shares}")
    return lines


def _against_lines(other: str, differences: Mapping[str, Difference | None]) -> list[str]:
    lines = ["", f"less the scores of {other}, on the same clips:"]
    for name, found in differences.items():
        if found:
            low, high = found.interval
            lines.append(
                f"  {name.replace('_', ' ')} {found.difference:+.3f} (95 %: {low:+.3f} to {high:+.3f}), better in "
                f"{100 * found.better:.0f} % of the draws"
            )
    return lines


def _common_lines(report: ScoreReport) -> list[str]:
    """What the paper's rule comes to: the same settings for all classes."""
    return [
        f"{name} with one setting for all classes (threshold {common.settings.threshold:g}, median "
        f"{common.settings.median_s:g} s, shortest event {common.settings.min_duration_s:g} s): "
        f"ER {rate(common.segment_based.error_rate).strip()}, F1 {percent(common.segment_based.f1).strip()}"
        for name, common in report.post_processing_common.items()
    ]


def _validated_lines(tuning: Mapping[str, Sequence[SearchStep]]) -> list[str]:
    """What the tuned score comes to on clips that were not tuned on."""
    chosen = {point: step for point, steps in tuning.items() for step in steps if step.chosen}
    return [
        f"{point} is tuned on {TUNED_ON} ({step.step.replace('_', ' ')}): "
        f"{'ER' if point == 'min_er' else 'F1'} {step.tuned:.3f} there, {_validated(step)} cross-validated"
        for point, step in chosen.items()
    ]


def _validated(step: SearchStep) -> str:
    return "-" if step.cross_validated is None else f"{step.cross_validated:.3f}"


def _tuning_lines(tuning: Mapping[str, Sequence[SearchStep]]) -> list[str]:
    """What each step of tuning gained, there and on clips it was not tuned on."""
    lines = []
    for point, steps in tuning.items():
        lines += ["", f"tuning for {point:<24}  tuned  cross-validated"]
        for step in steps:
            name, chosen = step.step.replace("_", " "), "  <- chosen" if step.chosen else ""
            lines.append(f"  {name:<33}   {step.tuned:.3f}            {_validated(step):>5}{chosen}")
    return lines
