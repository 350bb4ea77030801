"""What a person reads of a dataset of one's own: set up by ``init``, looked at by ``check``.

- :func:`init_lines`, :func:`check_lines`
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sedpipe.views.terminal.commands import command

Report = Mapping[str, Any]

_MOST_CLASSES = 30


def init_lines(report: Report, cache: Path) -> list[str]:
    """What was understood and written, and the command to run next."""
    shape = report["shape"]
    left = report["recordings"] - report["labelled"]
    clips = f"clips of at most {shape['clip_s']:g} s at {shape['sample_rate']:,} Hz"
    return [
        f"{report['story']}: {report['labelled']:,} of {report['recordings']:,} recordings"
        + (f" ({left:,} left out)" if left else "")
        + f", {_hours(report['seconds'])}, {report['events']:,} events, {len(report['classes'])} classes",
        *_class_table(report["classes"], list(report["splits"])),
        f"{clips}; longer recordings: {shape['long']}",
        _split_line(report["splits"], shape),
        *(f"note: {remark}" for remark in report["remarks"]),
        f"written: {', '.join([report['path'], *report['lists']])}",
        f"next: {command('check', report['path'], cache=cache)}",
    ]


def _split_line(splits: Mapping[str, int], shape: Mapping[str, Any]) -> str:
    if len(splits) > 1:
        return ", ".join(f"{split} {count:,}" for split, count in splits.items())
    together = f", those that begin alike up to {shape['group']!r} together" if shape["group"] else ""
    return f"testing: {100 * shape['share']:g} % of the training recordings{together}"


def _class_table(classes: Mapping[str, Mapping[str, int]], splits: Sequence[str]) -> list[str]:
    """Recordings of each class in each split."""
    width = max(len(label) for label in classes)
    head = f"  {'class':<{width}}" + "".join(f"{split:>12}" for split in splits)
    rows = [
        f"  {label:<{width}}" + "".join(f"{counts[split]:>12,}" for split in splits)
        for label, counts in list(classes.items())[:_MOST_CLASSES]
    ]
    more = len(classes) - _MOST_CLASSES
    return [head, *rows, *([f"  and {more} more classes"] if more > 0 else [])]


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{seconds / 60:.1f} min"


def check_lines(report: Report, address: str, cache: Path) -> list[str]:
    """Recordings and classes of each split, what is wrong, and the command to run next."""
    splits = report["splits"]
    rates = ", ".join(f"{count:,} at {int(rate):,} Hz" for rate, count in report["rates"].items())
    lines = [line for split, found in splits.items() for line in _found_lines(split, found)]
    if splits:
        lines += _class_table(report["classes"], list(splits))
    return [
        *lines,
        *([f"sample rates: {rates}"] if rates else []),
        *(f"note: {remark}" for remark in report["remarks"]),
        *(f"problem: {problem}" for problem in report["problems"]),
        f"next: {command('download', address, cache=cache)}" if report["can_train"] else "training cannot work yet",
    ]


def _found_lines(split: str, found: Mapping[str, Any]) -> list[str]:
    bad = ", ".join(f"{found[what]:,} {what}" for what in ("missing", "unusable", "silent") if found[what])
    lengths = f"{found['shortest']:.1f} to {found['longest']:.1f} s" if found["found"] else "nothing found"
    return [
        f"{split}: {found['listed']:,} recordings" + (f" ({bad})" if bad else "") + f", {_hours(found['seconds'])}, "
        f"{lengths}, {found['events']:,} events"
    ]
