"""Column titles of Table 2, and sentences about its comparisons.

- :data:`SHOWN`, :data:`FREE`, :data:`RULES`: scores with and without a threshold; rules by which frames become events
- :func:`introduction`: how systems are compared
- :func:`sentences`: hierarchical minus single pooling
"""

from __future__ import annotations

from collections.abc import Sequence

from sedpipe.io.records.table import TableComparison, TableRecord
from sedpipe.printable import markdown_text
from sedpipe.steps.table_comparisons import is_endpoint
from sedpipe.views.verdicts import ONE_SEED, verdict
from sedpipe.wording import counted

SHOWN = {
    "substitution_rate": "Sub.",
    "deletion_rate": "Del.",
    "insertion_rate": "Ins.",
    "error_rate": "ER",
    "precision": "Pre.",
    "recall": "Rec.",
    "f1": "F1",
    "macro_f1": "macro F1",
}
"""Scores of a row, in the order of the paper's columns; then macro F1."""

FREE = {"clip_map": "clip mAP", "frame_map": "frame mAP", "psds1": "PSDS1", "psds2": "PSDS2"}
"""Threshold-free scores."""

TITLES = {**SHOWN, **FREE, "best_epoch": "best epoch", "validation_loss": "validation loss"}
"""Titles of all columns."""

RULES = {
    "common": "one setting for all classes",
    "threshold_free": "no threshold",
    "chosen": "settings chosen for each class",
}
"""Rules by which frames become events."""

_FIRST_EDITION = (
    "These cells were made by the first edition (sedpipe 0.1), without scores for one setting for all classes: systems "
    "are compared with the settings chosen for each class"
)


def introduction(record: TableRecord) -> list[str]:
    """Return sentences on how systems are compared, and on the number of recordings that the clips were made from."""
    rule = "Systems are compared with one setting for all classes (threshold, median filter, minimum event length)"
    lines = [
        f"{rule if record.primary == 'common' else _FIRST_EDITION}. Numbers are means over random seeds with "
        "Student's 95 % confidence interval. Below each table: hierarchical minus single pooling, paired by seed; its "
        "95 % interval covers the variation between seeds and between recordings (without a threshold: between seeds "
        "only) and is not corrected for the number of comparisons. "
        f"{_judged_together(record)} Not distinguishable is not the same as equal."
    ]
    made_of = [
        f"{split}: {counted(len(clips), 'clip')} of {counted(len(set().union(*clips)), 'recording')}"
        for split, clips in record.recordings.items()
    ]
    return [*lines, *(["", f"Clips of one recording are not independent. {'; '.join(made_of)}."] if made_of else [])]


def _judged_together(record: TableRecord) -> str:
    """Return a sentence on the number of comparisons for which each one is corrected."""
    endpoints, others = 0, dict[str, int]()
    for one in record.comparisons:
        for score, found in one.differences.items():
            if found is not None and is_endpoint(one, score):
                endpoints += 1
            elif found is not None:
                others[one.rule] = others.get(one.rule, 0) + 1
    counts = "; ".join(f"{RULES[rule]}: {count}" for rule, count in others.items())
    those = f"those of its rule ({counts})"
    if not endpoints:
        return f"Holm's correction of a comparison is among {those}."
    return (
        f"Primary endpoint: ER on evaluation at min_er, {counted(endpoints, 'comparison')} with Holm's correction. "
        f"Each other comparison is exploratory, with Holm's correction among {those}."
    )


def sentences(comparison: TableComparison) -> list[str]:
    """Return a Markdown list: better, worse or not distinguishable, by score; for a single seed, only differences."""
    n_seeds = len(comparison.seeds)
    seeds = counted(n_seeds, "seed") + (_correlated(comparison) if n_seeds > 1 else "")
    only = f" ({ONE_SEED})" if n_seeds == 1 else ""
    lines = [f"- {markdown_text(comparison.pooling)}, {name_of(comparison.hierarchy)} against single, {seeds}{only}:"]
    for score, found in comparison.differences.items():
        if found is not None and score in TITLES:
            endpoint = "**primary endpoint:** " if is_endpoint(comparison, score) else ""
            told = verdict(found, in_percent=not score.endswith("_rate"))
            lines.append(f"  - {endpoint}{TITLES[score]} {told}")
    return lines


def name_of(hierarchy: Sequence[int]) -> str:
    """Return ``single``, or the group sizes of a hierarchy."""
    return ",".join(map(str, hierarchy)) or "single"


def _correlated(comparison: TableComparison) -> str:
    """Return the correlation over seeds, as text: it shows whether pairing by seed helps."""
    found = next(iter(comparison.differences.values()), None)
    if found is None or found.correlation is None:
        return ""
    return f" (correlation of the two over seeds {found.correlation:+.2f})"
