"""Reports of ``init`` and ``check``, about the user's own datasets -> lines of text.

- :func:`init_lines`, :func:`check_lines`
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sedpipe.commands import command
from sedpipe.views.terminal.table import columns_of, padded
from sedpipe.wording import counted

if TYPE_CHECKING:
    from sedpipe.io.manifests.compose import Shape
    from sedpipe.reports.own import CheckReport, InitReport, SplitFound

_MOST_CLASSES = 30
_LONGER = {
    "windows": "longer recordings are cut into windows, labelled by the events in them",
    "inherit": "longer recordings are cut into pieces that keep their labels",
    "refuse": "longer recordings are refused",
}


def init_lines(report: InitReport, cache: Path) -> list[str]:
    """Return what was recognised and written, and the command to run next."""
    left = report.recordings - report.labelled
    shape = report.shape
    return [
        f"{report.story}: {report.labelled:,} of {counted(report.recordings, 'recording')}"
        + (f" ({left:,} left out)" if left else "")
        + f", {_hours(report.seconds)}, {counted(report.events, 'event')}, {counted(len(report.classes), 'class')}",
        *_class_table(report.classes, list(report.splits)),
        f"clips of at most {shape.clip_s:g} s at {shape.sample_rate:,} Hz; {_LONGER[shape.long]}",
        _split_line(report.splits, shape),
        *(f"note: {remark}" for remark in report.remarks),
        f"written: {', '.join([report.path, *report.lists])}",
        f"next: {command('check', report.path, cache=cache)}",
    ]


def check_lines(report: CheckReport, address: str, cache: Path) -> list[str]:
    """Return the recordings and classes of each split, the problems, and the command to run next.

    If there are problems, the next step is to correct them and to run ``check`` again.
    """
    rates = ", ".join(f"{count:,} at {int(rate):,} Hz" for rate, count in report.rates.items())
    return [
        *(_found_line(split, found) for split, found in report.splits.items()),
        *(_class_table(report.classes, list(report.splits)) if report.splits else ()),
        *([f"sample rates: {rates}"] if rates else []),
        *(f"note: {remark}" for remark in report.remarks),
        *(f"problem: {problem}" for problem in report.problems),
        *([_to_mend(report)] if report.problems else []),
        f"next: {command('check' if report.problems else 'download', address, cache=cache)}",
    ]


def _to_mend(report: CheckReport) -> str:
    it = "it" if len(report.problems) == 1 else "them"
    if not report.can_train:
        return f"training cannot work yet: correct {it}, then check again"
    return f"training would work as it is; correct {it} first, then check again"


def _split_line(splits: Mapping[str, int], shape: Shape) -> str:
    if len(splits) > 1:
        return ", ".join(f"{split} {count:,}" for split, count in splits.items())
    together = f", in whole groups by {shape.group!r}" if shape.group else ""
    return f"testing: {100 * shape.share:g} % of the training recordings{together}"


def _class_table(classes: Mapping[str, Mapping[str, int]], splits: Sequence[str]) -> list[str]:
    """Return a table of the number of recordings of each class in each split."""
    width = max(columns_of(label) for label in [*classes, "class"])
    head = f"  {'class':<{width}}" + "".join(f"{split:>12}" for split in splits)
    rows = [
        f"  {padded(label, width)}" + "".join(f"{counts[split]:>12,}" for split in splits)
        for label, counts in list(classes.items())[:_MOST_CLASSES]
    ]
    more = len(classes) - _MOST_CLASSES
    return [head, *rows, *([f"  and {counted(more, 'more class')}"] if more > 0 else [])]


def _found_line(split: str, found: SplitFound) -> str:
    counts = {"missing": found.missing, "unusable": found.unusable, "silent": found.silent}
    bad = ", ".join(f"{count:,} {what}" for what, count in counts.items() if count)
    lengths = f"{found.shortest:.1f} to {found.longest:.1f} s" if found.longest else "nothing found"
    listed = f"{split}: {counted(found.listed, 'recording')}" + (f" ({bad})" if bad else "")
    return f"{listed}, {_hours(found.seconds)}, {lengths}, {counted(found.events, 'event')}"


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{seconds / 60:.1f} min"
