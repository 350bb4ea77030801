"""Reports of the commands that make data -> lines of text, without line ends.

- :func:`download_lines`
- :func:`features_lines`, :func:`explain_lines`
- :func:`status_lines`
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sedpipe.commands import DEFAULT_CACHE, command
from sedpipe.fates import STATES
from sedpipe.printable import printable
from sedpipe.views.terminal.table import columns_of, padded
from sedpipe.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sedpipe.reports.data import (
        DownloadReport,
        FeatureExplanation,
        FeatureReport,
        GridState,
        Headline,
        Stages,
        StatusReport,
        StoredCounts,
    )
    from sedpipe.steps.tally import ClassTally, Listed, Tally


def download_lines(report: DownloadReport, address: str, cache: Path = DEFAULT_CACHE) -> list[str]:
    """Return the counts of each split, and the command to run next; ``address`` is the dataset's name in commands."""
    lines = [f"{split}: {_counts(counts)}" for split, counts in report.splits.items()]
    if any(counts.listed > getattr(counts, "ok", counts.listed) for counts in report.splits.values()):
        why = command("status", address, "--export", "clips.tsv", cache=cache)
        lines.append(f"why, clip by clip: {why}")
    if report.stopped:
        lines.append(f"stopped: {report.stopped}")
    elif not report.missing and any(getattr(counts, "ok", 0) for counts in report.splits.values()):
        lines.append(f"next: {command('features', address, cache=cache)}")
    return lines


def _counts(counts: Listed | Tally) -> str:
    """Return counts by state, then by reason."""
    by_state = {"listed": counts.listed, **{state: getattr(counts, state, 0) for state in STATES}}
    states = ", ".join(f"{count} {state}" for state, count in by_state.items() if count) or "0 listed"
    reasons = ", ".join(f"{count} {reason}" for reason, count in getattr(counts, "reasons", {}).items())
    return f"{states} ({reasons})" if reasons else states


def features_lines(report: FeatureReport, following: str) -> list[str]:
    """Return the counts of each split, and whether other shards are missing; else ``following``, the next command."""
    lines = [
        f"{split}: {counted(counts.clips, 'clip')}, {counts.computed} computed, {counts.reused} reused, "
        f"{counts.failed} failed"
        for split, counts in report.splits.items()
    ]
    if report.waiting:
        lines.append(
            f"{counted(report.waiting, 'clip')} of other parts not computed yet; the last part merges all, "
            "as does this command without --shard"
        )
        return lines
    none = "no clip could be used: there is nothing to train with"
    return [*lines, f"next: {following}" if report.holds_any else none]


def explain_lines(report: FeatureExplanation) -> list[str]:
    """Return how many clips of each split need features to be computed, and why, with examples."""
    lines = [f"features {report.fingerprint}"]
    for split, counts in report.splits.items():
        lines.append(f"{split}: {counted(counts.clips, 'clip')}, {counts.missing} to compute, {counts.reused} stored")
        for group in report.reasons[split]:
            more = ", ..." if group.clips > len(group.examples) else ""
            lines.append(f"  {group.clips}: {group.reason} ({', '.join(group.examples)}{more})")
            lines += [f"    {group.detail}"] if group.detail else []
    return lines


def status_lines(report: StatusReport) -> list[str]:
    """Return what each stage has made, and the command to run next."""
    return [*_stage_lines(report.stages), *_class_lines(report.classes), f"next: {report.next}"]


def _stage_lines(stages: Stages) -> Iterator[str]:
    of_tables = {cell.run for table in stages.reproduce.values() for cell in table.cells.values() if cell.run}
    for split, counts in stages.download.items():
        yield f"download: {split}: {_counts(counts)}"
    for fingerprint, stored in stages.features.items():
        if clips := _stored(stored) or ("" if stored else "none"):
            yield f"features: {fingerprint}: {clips}"
    yield from unreadable_lines(stages)
    for name, run in stages.train.items():
        if name not in of_tables:
            yield f"train: {name}: {'finished' if run.finished else 'not finished'}, {counted(run.epochs, 'epoch')}"
    for name, splits in stages.score.items():
        if name not in of_tables:
            told = stages.headlines.get(name, {})
            yield f"score: {name}: {', '.join(_scored(split, told.get(split)) for split in splits) or 'none'}"
    for name, table in stages.reproduce.items():
        yield from _grid_lines(f"reproduce: {name}", table)


def _scored(split: str, headline: Headline | None) -> str:
    if headline is None or headline.error_rate is None or headline.f1 is None:
        return split
    return f"{split} (ER {headline.error_rate:.2f}, F1 {100 * headline.f1:.1f} %)"


def _stored(stored: Mapping[str, StoredCounts]) -> str:
    return ", ".join(
        f"{split} {counted(counts.clips, 'clip')}"
        + (f" ({counts.changed} with audio files written since)" if counts.changed else "")
        + (f" and {counts.failed} failed" if counts.failed else "")
        for split, counts in stored.items()
        if not counts.unreadable
    )


def unreadable_lines(stages: Stages) -> Iterator[str]:
    """Yield a line for each damaged feature store: what is wrong with it, and how to repair it."""
    for fingerprint, stored in stages.features.items():
        for counts in stored.values():
            if counts.unreadable:
                yield f"features: {fingerprint}: {printable(counts.unreadable)}"


def _grid_lines(name: str, table: GridState) -> Iterator[str]:
    """Yield how many cells of a table are done, and a line for each cell that was started and is not done."""
    yield f"{name}: {table.done} of {counted(table.all, 'cell')} done"
    for cell_name, cell in table.cells.items():
        told = {
            "under_way": f"running, {cell.epochs} of {counted(cell.of, 'epoch')}",
            "begun": f"stopped after {cell.epochs} of {counted(cell.of, 'epoch')}",
            "failed": f"failed after {cell.epochs} of {counted(cell.of, 'epoch')}: {cell.reason}",
        }
        if cell.state in told:
            yield f"{name}: {cell_name} {told[cell.state]}"


def _class_lines(classes: Mapping[str, Mapping[str, ClassTally]]) -> list[str]:
    """Return a table of available clips out of those listed, by class and split."""
    if not classes:
        return []
    width = max(columns_of(label) for counts in classes.values() for label in counts)
    lines = [f"{'':<{width}}" + "".join(f"{split:>18}" for split in classes)]
    for label in next(iter(classes.values())):
        cells = (f"{counts[label].ok:,} of {counts[label].listed:,}" for counts in classes.values())
        lines.append(padded(label, width) + "".join(f"{cell:>18}" for cell in cells))
    return lines
