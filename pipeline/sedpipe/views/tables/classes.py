"""Cells of a grid -> the effect of hierarchical pooling on each class, and the typical length of the class's events.

According to the proposed mechanism, groups of 5,5 affect only events shorter than one or two seconds
(``docs/pooling.md``): gains should then decrease with the length of a class's events.

- :func:`class_gains`: a :class:`ClassGain` for each hierarchy and class
- :func:`class_lines`, :func:`class_csv`: the gains as Markdown and as CSV; :mod:`.class_figure` draws them
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sedpipe.io.records.table import Cell, TableRecord
from sedpipe.metrics.comparison import Difference, student
from sedpipe.printable import markdown_text, spreadsheet_cell
from sedpipe.views.tables.table2_words import name_of
from sedpipe.views.verdicts import verdict

POINT = "max_f1"
"""The operating point whose F1 is compared, with one setting for all classes."""


@dataclass(frozen=True)
class ClassGain:
    """F1 of one class with hierarchical pooling minus F1 with single pooling, for the same seeds."""

    split: str
    pooling: str
    hierarchy: tuple[int, ...]
    label: str
    median_event_s: float
    difference: Difference


def class_gains(cells: Sequence[Cell], record: TableRecord) -> list[ClassGain]:
    """Return the gains in the order of splits and cells, classes with short events first.

    Parameters
    ----------
    cells : sequence of Cell
        Cells of one table; without scores by class, the result is empty.
    record : TableRecord
        Record of the table, with its comparisons and the median length of each class's events.
    """
    gains = []
    for one in record.comparisons:
        lengths = record.median_event_s.get(one.split, {})
        if one.rule != "common" or one.operating_point != POINT:
            continue
        ours, theirs = (
            _f1_by_class(cells, one.split, one.pooling, hierarchy, one.seeds) for hierarchy in (one.hierarchy, ())
        )
        for label in sorted(lengths, key=lambda label: (lengths[label], label)):
            if label in ours and label in theirs:
                found = student(ours[label], theirs[label], lower_is_better=False)
                gains.append(ClassGain(one.split, one.pooling, one.hierarchy, label, lengths[label], found))
    return gains


def _f1_by_class(
    cells: Sequence[Cell], split: str, pooling: str, hierarchy: tuple[int, ...], seeds: Sequence[int]
) -> dict[str, list[float]]:
    """Return F1 by seed for each class whose F1 is defined for every seed."""
    system = {cell.seed: cell for cell in cells if cell.system == (pooling, hierarchy) and split in cell.splits}
    each = [system[seed].splits[split].post_processing_common[POINT].per_class for seed in seeds]
    known: dict[str, list[float]] = {}
    for label in each[0]:
        values = [classes[label].f1 for classes in each if label in classes]
        kept = [value for value in values if value is not None]
        if len(kept) == len(seeds):
            known[label] = kept
    return known


def class_lines(gains: Sequence[ClassGain]) -> list[str]:
    """Return a table for each split, and the rank correlation of gains with the length of events."""
    lines = [
        "", "## F1 of each class, hierarchical minus single, by the length of its events", "",
        "![difference of F1 against the median length of events](classes.svg)", "",
        f"At {POINT}, one setting for all classes; in points, with Student's 95 % interval over seeds, which is not "
        "corrected for the number of classes.", "",
    ]  # fmt: skip
    for split in dict.fromkeys(gain.split for gain in gains):
        of_split = [gain for gain in gains if gain.split == split]
        systems = list(dict.fromkeys((gain.pooling, gain.hierarchy) for gain in of_split))
        titles = " | ".join(f"{markdown_text(pooling)}, {name_of(hierarchy)}" for pooling, hierarchy in systems)
        lines += [f"| {split} | median event | {titles} |", "|---|---|" + "---|" * len(systems)]
        for label, length in dict.fromkeys((gain.label, gain.median_event_s) for gain in of_split):
            found = {(gain.pooling, gain.hierarchy): gain for gain in of_split if gain.label == label}
            shown = (_shown(found[system]) if system in found else "-" for system in systems)
            lines.append(f"| {markdown_text(label)} | {length:.2f} s | {' | '.join(shown)} |")
        lines += ["", *(f"- {_trend(of_split, system)}" for system in systems), ""]
    return lines


def _shown(gain: ClassGain) -> str:
    told = verdict(gain.difference, in_percent=True).split(", p ")[0]
    return told + (")" if "(" in told and not told.endswith(")") else "")


def _trend(gains: Sequence[ClassGain], system: tuple[str, tuple[int, ...]]) -> str:
    """Return Spearman's rank correlation of gain and length, as text."""
    own = [gain for gain in gains if (gain.pooling, gain.hierarchy) == system]
    by_length = _ranks([gain.median_event_s for gain in own])
    by_gain = _ranks([gain.difference.difference for gain in own])
    told = "-" if np.ptp(by_length) == 0 or np.ptp(by_gain) == 0 else f"{np.corrcoef(by_length, by_gain)[0, 1]:+.2f}"
    pooling, hierarchy = system
    system_name = f"{markdown_text(pooling)}, {name_of(hierarchy)}"
    return f"{system_name}: rank correlation of gain and length over {len(own)} classes {told}"


def _ranks(values: Sequence[float]) -> np.ndarray:
    """Return ranks; equal values share the mean of their ranks."""
    array = np.asarray(values)
    return np.array([np.mean(np.flatnonzero(np.sort(array) == value)) for value in array])


def class_csv(gains: Sequence[ClassGain]) -> str:
    """Return a line for each split, system and class; scores are fractions."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        ["split", "pooling", "hierarchy", "class", "median_event_s", "seeds", "f1_difference", "low", "high", "p"]
    )
    for gain in gains:
        low, high = gain.difference.interval or (None, None)
        texts = map(spreadsheet_cell, (gain.split, gain.pooling, "x".join(map(str, gain.hierarchy)), gain.label))
        difference = gain.difference
        writer.writerow([*texts, gain.median_event_s, difference.seeds, difference.difference, low, high, difference.p])
    return out.getvalue()
