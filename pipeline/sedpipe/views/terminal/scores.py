"""Reports of ``score`` and ``demo`` -> lines and tables for the terminal.

Shares are always in per cent, and an arrow beside the name of a score shows whether lower or higher is better.

- :func:`score_lines`: the scores of a run
- :func:`list_score_lines`: the scores of an event list
- :func:`demo_lines`
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sedpipe.choices import TRAINED_ON, TUNED_ON
from sedpipe.commands import DEFAULT_CACHE, command
from sedpipe.listener import clock
from sedpipe.views.baselines import baseline_meaning, baseline_name
from sedpipe.views.terminal.quantities import percent, rate
from sedpipe.views.terminal.table import Column, FittingTable, text
from sedpipe.views.verdicts import ONE_SEED, verdict
from sedpipe.wording import counted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import RenderableType
    from rich.text import Text

    from sedpipe.detection.tuning import SearchStep
    from sedpipe.io.records.scores import Intervals, Numbers, ScoreReport
    from sedpipe.metrics.comparison import Difference
    from sedpipe.metrics.detection_scores import ClassScores, OverallScores
    from sedpipe.reports.scores import DemoReport, ListScoreReport


ONE_RULE = ", both with one setting for all classes"


def score_lines(
    report: ScoreReport,
    *,
    explain: bool = False,
    cache: Path = DEFAULT_CACHE,
    of_run: bool = True,
    is_mean: bool = False,
) -> list[RenderableType]:
    """Return the score table, the classes, and, for a run, the command to run next.

    ``explain`` adds what each step of tuning gained. ``is_mean`` omits the command that makes a page, since there is no
    page for the mean of several runs.
    """
    trained = ", TRAINED ON THIS SPLIT" if of_run and report.split == TRAINED_ON else ""
    tuned = f", TUNED ON {'THIS SPLIT' if of_run else 'THESE CLIPS'}" if report.tuned_on_this_split else ""
    what = f"{report.run} {f'on {report.dataset} {report.split}' if of_run else f'against {report.dataset}'}"
    against = report.against
    return [
        f"{what}: {report.clips.scored} of {counted(report.clips.listed, 'clip')} scored{trained}{tuned}",
        *_contaminated_line(report.contaminated_by),
        "",
        *_detection_table(
            report.operating_points, report.yardsticks, report.intervals, commonest=report.commonest_class
        ),
        *_common_lines(report),
        *_own_rule_line(report),
        *_validated_lines(report.tuning, TUNED_ON if of_run else report.split),
        *(f"note: {remark}" for remark in report.remarks),
        *(_against_lines(against.run, against.differences) if against else ()),
        *(_against_lines(against.run, against.differences_common, ONE_RULE, against.remarks) if against else ()),
        *(_tuning_lines(report.tuning) if explain else ()),
        *_class_table(report.per_class, report.operating_point),
        "",
        *_other_scores(report.numbers_shown),
        *([f"events: {report.estimated}"] if of_run else ()),
        *([_next_line(report, cache)] if of_run and not is_mean else ()),
    ]


def _next_line(report: ScoreReport, cache: Path) -> str:
    folder = str(Path(report.estimated).parent)
    return f"next: {command('report', folder, '--split', report.split, cache=cache)}"


def _contaminated_line(encoders: Sequence[str]) -> list[str]:
    if not encoders:
        return []
    named = " and ".join(encoders)
    return [f"CONTAMINATED: {named} may have been trained on these recordings: expect lower scores on others"]


def _other_scores(shown: Mapping[str, Numbers]) -> list[str]:
    """Return a line for each metric."""
    return [
        ", ".join(f"{title} {_with_unit(number)}" for title, number in numbers.items()) for numbers in shown.values()
    ]


def _with_unit(share: float | None) -> str:
    return "-" if share is None else f"{percent(share).strip()} %"


def list_score_lines(report: ListScoreReport) -> list[RenderableType]:
    """Return the score table and the classes of an event list."""
    against = report.against
    return [
        f"{report.estimated} against {report.reference}: {counted(report.clips.scored, 'clip')}, "
        f"{report.clips.without_output:,} of them without output",
        "",
        *_detection_table(
            {"estimated": report.segment_based},
            report.yardsticks,
            {"estimated": report.intervals},
            report.time_resolution,
            report.commonest_class,
        ),
        *(f"note: {remark}" for remark in report.remarks),
        *(_against_lines(against.estimated, against.differences) if against else ()),
        *_class_table(report.per_class, "estimated"),
        "",
        *_other_scores(report.shown),
    ]


def demo_lines(report: DemoReport, cache: Path = DEFAULT_CACHE) -> list[RenderableType]:
    """Return the headline score, what it means, how long the demo took, and what can be done with the result."""
    scores, chance = report.score, report.untrained.operating_points["max_f1"].f1
    best, tagger = (
        scores.operating_points["max_f1"].f1, getattr(scores.yardsticks.get("tags_stretched"), "f1", None)
    )  # fmt: skip
    run = ("--dataset", scores.dataset, "--model", scores.run)
    return [
        "",
        text(f"F1 {_with_unit(best)} on {scores.clips.scored} clips that were not used for training or tuning", "bold"),
        text(
            "F1 balances misses and false alarms: 100 % is perfect. The network was told only WHICH classes "
            f"sound in each training clip, and learnt WHEN by itself. Untrained, the same network reaches "
            f"{_with_unit(chance)}; a perfect tagger that marks whole clips, {_with_unit(tagger)}."
        ),
        f"download, features, training and scores took {clock(report.seconds)}; all numbers: "
        f"{command('score', scores.dataset, '--run', scores.run, cache=cache)}",
        "",
        f"see and hear it:   {command('report', scores.run, '--open', cache=cache)}",
        *([f"one of its clips:  {command('predict', report.clip, *run, cache=cache)}"] if report.clip else []),
        f"real recordings:   {command('download', 'esc10-fold4', cache=cache)}",
    ]


_SCORES = (
    Column("ER \N{DOWNWARDS ARROW}", 0, "right"), Column("F1 % \N{UPWARDS ARROW}", 0, "right"),
    Column("macro F1 % \N{UPWARDS ARROW}", 1, "right"), Column("precision % \N{UPWARDS ARROW}", 3, "right"),
    Column("recall % \N{UPWARDS ARROW}", 2, "right"), Column("substitutions", 4, "right"),
    Column("misses", 5, "right"), Column("false alarms", 6, "right"),
)  # fmt: skip


def _detection_table(
    points: Mapping[str, OverallScores],
    yardsticks: Mapping[str, OverallScores],
    intervals: Mapping[str, Intervals],
    time_resolution: float = 1.0,
    commonest: str = "",
) -> list[RenderableType]:
    title = f"segment-based, {time_resolution:g} s"
    rows = [[text(name, "bold"), *_numbers(scores)] for name, scores in points.items()]
    rows += [[text(baseline_name(name), "dim"), *_numbers(scores)] for name, scores in yardsticks.items()]
    parts: list[RenderableType] = [FittingTable([Column(title), *_SCORES], rows), ""]
    parts.append(
        text("\N{DOWNWARDS ARROW} lower is better, \N{UPWARDS ARROW} higher is better. ER is the sum of substitutions, "
             "misses and false alarms, divided by the number of reference segments.", "dim")
    )  # fmt: skip
    told = [(baseline_name(name), baseline_meaning(name, commonest)) for name in yardsticks]
    known = "; ".join(f"{name} ({what})" for name, what in told if what)
    parts += [text(f"Baselines without training: {known}.", "dim")] if known else []
    return [*parts, *_interval_lines(intervals)]


def _interval_lines(intervals: Mapping[str, Intervals]) -> list[RenderableType]:
    lines: list[RenderableType] = []
    for name, of_point in intervals.items():
        er, f1, macro = (of_point.get(key) for key in ("error_rate", "f1", "macro_f1"))
        if er and f1 and macro:
            line = (
                f"{name}, 95 % over recordings: ER {er[0]:.2f} to {er[1]:.2f}, "
                f"F1 {100 * f1[0]:.1f} to {100 * f1[1]:.1f} %, macro F1 {100 * macro[0]:.1f} to {100 * macro[1]:.1f} %"
            )
            lines.append(text(line))
    return lines


def _numbers(scores: OverallScores) -> list[str | Text]:
    shares = (scores.f1, scores.macro_f1, scores.precision, scores.recall)
    rates = (scores.substitution_rate, scores.deletion_rate, scores.insertion_rate)
    return [
        rate(scores.error_rate).strip(),
        *(percent(share).strip() for share in shares),
        *(rate(r).strip() for r in rates),
    ]


def _class_table(per_class: Mapping[str, ClassScores], name: str) -> list[RenderableType]:
    columns = [Column(f"class ({name})"), *(_SCORES[k] for k in (0, 1, 3, 4))]
    rows = [
        [label, rate(of.error_rate).strip(), *(percent(share).strip() for share in (of.f1, of.precision, of.recall))]
        for label, of in per_class.items()
    ]
    return ["", FittingTable(columns, rows)]


def _against_lines(
    other: str, differences: Mapping[str, Difference | None], how: str = "", remarks: Sequence[str] = ()
) -> list[str]:
    if not differences:
        return []
    lines = ["", f"difference from {other}, on the same clips{how}:"]
    lines += [
        f"  {name.replace('_', ' ')} {verdict(found, in_percent=name != 'error_rate')}"
        for name, found in differences.items()
        if found
    ]
    if any(found and found.outcome == "one seed" for found in differences.values()):
        lines.append(f"  {ONE_SEED}")
    return [*lines, *(f"  {remark}" for remark in remarks)]


def _common_lines(report: ScoreReport) -> list[RenderableType]:
    """Return the scores with the paper's rule: the same settings for all classes."""
    return [
        text(
            f"{name} with one setting for all classes (threshold {common.settings.threshold:g}, median "
            f"{common.settings.median_s:g} s, minimum event {common.settings.min_duration_s:g} s): "
            f"ER {rate(common.segment_based.error_rate).strip()}, F1 {percent(common.segment_based.f1).strip()} %"
        )
        for name, common in report.post_processing_common.items()
    ]


def _own_rule_line(report: ScoreReport) -> list[str]:
    """Return the scores with the post-processing that the system was published with."""
    own = report.own_rule
    if own is None:
        return []
    told = {name: value for name, value in own.settings.items() if value != (name == "hysteresis")}  # others are off
    settings = ", ".join(f"{name.removesuffix('_s').replace('_', ' ')} {value}" for name, value in told.items())
    return [
        f"by the system's own rule ({settings}): ER {rate(own.segment_based.error_rate).strip()}, "
        f"F1 {percent(own.segment_based.f1).strip()} %"
    ]


def _validated_lines(tuning: Mapping[str, Sequence[SearchStep]], tuned_on: str) -> list[RenderableType]:
    """Return the tuned scores, and the cross-validated ones: those on clips that were not used for tuning."""
    chosen = {point: step for point, steps in tuning.items() for step in steps if step.chosen}
    return [
        text(
            f"{point} is tuned on {tuned_on} ({step.step.replace('_', ' ')}): "
            f"{'ER' if point == 'min_er' else 'F1'} {_tuned(point, step.tuned)} there, "
            f"{_tuned(point, step.cross_validated)} cross-validated"
        )
        for point, step in chosen.items()
    ]


def _tuned(point: str, score: float | None) -> str:
    """Return an error rate, or F1 in per cent, as text."""
    return "-" if score is None else f"{score:.3f}" if point == "min_er" else f"{100 * score:.1f} %"


def _tuning_lines(tuning: Mapping[str, Sequence[SearchStep]]) -> list[str]:
    """Return the score after each step of tuning, on the clips used for tuning and cross-validated."""
    lines = []
    for point, steps in tuning.items():
        lines += ["", f"tuning for {point:<24}  tuned  cross-validated"]
        for step in steps:
            name, chosen = step.step.replace("_", " "), "  <- chosen" if step.chosen else ""
            tuned, validated = (_tuned(point, score) for score in (step.tuned, step.cross_validated))
            lines.append(f"  {name:<33} {tuned:>7}          {validated:>7}{chosen}")
    return lines
