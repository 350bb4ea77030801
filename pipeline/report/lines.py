"""A stage's report, as ``--json`` prints it -> lines for a person.

One function a verb; each takes the JSON object and gives lines without line ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Report = Mapping[str, Any]

_RATES = ("error_rate", "substitution_rate", "deletion_rate", "insertion_rate")
_SHARES = ("precision", "recall", "f1", "macro_f1")


def download_lines(report: Report, address: str) -> list[str]:
    """Counts of each split; ``address`` is how commands call the dataset."""
    lines = [f"{split}: {_counts(counts)}" for split, counts in report["splits"].items()]
    if any(counts["listed"] > counts.get("ok", counts["listed"]) for counts in report["splits"].values()):
        lines.append(f"why, clip by clip: sedpipe status {address} --export clips.tsv")
    if report["stopped"]:
        lines.append(f"stopped: {report['stopped']}")
    return lines


def features_lines(report: Report) -> list[str]:
    """Counts of each split."""
    return [
        f"{split}: {counts['clips']} clips, {counts['computed']} computed, {counts['reused']} reused, "
        f"{counts['failed']} failed"
        for split, counts in report["splits"].items()
    ]


def train_lines(report: Report, address: str) -> list[str]:
    """What was trained, and the command to run next."""
    loss = "none" if report["validation_loss"] is None else f"{report['validation_loss']:.4f}"
    return [
        f"{report['run']}: {report['parameters']:,} parameters, {report['epochs']} epochs, "
        f"best {report['best_epoch']} (validation loss {loss}), {report['seconds']:.0f} s",
        f"next: sedpipe score {address} --run {report['run']}",
    ]


def dry_run_lines(report: Report) -> list[str]:
    """The network layer by layer, and what a training takes."""
    lines = [f"{'layer':<20}{'kind':<18}{'output of a clip':>18}{'parameters':>13}{'multiply-adds':>17}"]
    for row in report["layers"]:
        shape = " x ".join(map(str, row["shape"]))
        lines.append(
            f"{row['name']:<20}{row['kind']:<18}{shape:>18}{row['parameters']:>13,}{row['multiply_adds']:>17,}"
        )
    return [
        *lines,
        f"{'together':<56}{report['parameters']:>13,}{report['multiply_adds']:>17,}",
        f"memory: about {report['memory_bytes'] / 2**30:.1f} GiB for batches of {report['batch_size']} clips",
        f"time: {report['clips_per_second']:.1f} clips/s in one measured step; an epoch of {report['clips']:,} clips "
        f"about {report['epoch_seconds'] / 60:.1f} min, at most {report['epochs']} epochs",
    ]


def score_lines(report: Report) -> list[str]:
    """The score table: both operating points, then the classes."""
    tuned = ", TUNED ON THIS SPLIT" if report["tuned_on_this_split"] else ""
    clips = report["clips"]
    lines = [
        f"{report['run']} on {report['dataset']} {report['split']}: {clips['scored']} of {clips['listed']} clips "
        f"scored{tuned}",
        "",
        "segment-based, 1 s        ER    sub    del    ins      P      R     F1  macro F1",
    ]
    for name, scores in report["operating_points"].items():
        rates = "  ".join(_rate(scores[key]) for key in _RATES)
        shares = "  ".join(_percent(scores[key]) for key in _SHARES)
        lines.append(f"{name:<21}  {rates}  {shares}")
    lines += ["", f"class ({report['operating_point']})" + " " * 22 + "ER      P      R     F1"]
    for label, scores in report["per_class"].items():
        shares = "  ".join(_percent(scores[key]) for key in ("precision", "recall", "f1"))
        lines.append(f"{label:<33}  {_rate(scores['error_rate'])}  {shares}")
    clip, event = report["clip_based"], report["event_based"]
    return [
        *lines,
        "",
        f"clip-based F1 {_percent(clip['f1'])}, mAP {_percent(clip['map'])}; event-based F1 {_percent(event['f1'])}",
        f"events: {report['estimated']}",
    ]


def status_lines(report: Report) -> list[str]:
    """What each stage has, and the command to run next."""
    stages = report["stages"].items()
    lines = [f"{stage}: {name}: {_words(what)}" for stage, parts in stages for name, what in parts.items()]
    return [*lines, *_class_lines(report.get("classes", {})), f"next: {report['next']}"]


def _class_lines(classes: Report) -> list[str]:
    """Clips that are there, of those listed, by class and split."""
    if not classes:
        return []
    width = max(len(label) for counts in classes.values() for label in counts)
    lines = [f"{'':<{width}}" + "".join(f"{split:>18}" for split in classes)]
    for label in next(iter(classes.values())):
        cells = (f"{counts[label]['ok']:,} of {counts[label]['listed']:,}" for counts in classes.values())
        lines.append(f"{label:<{width}}" + "".join(f"{cell:>18}" for cell in cells))
    return lines


def doctor_lines(report: Report) -> list[str]:
    """A line a check, and what to do where something lacks."""
    return [
        f"{'ok     ' if check['ok'] else 'MISSING' if check['required'] else 'note   '}  "
        f"{check['name']}: {check['found']}" + (f"\n           {check['advice']}" if check["advice"] else "")
        for check in report["checks"]
    ]


def demo_lines(report: Report) -> list[str]:
    """The score table, and what the same network scores untrained."""
    best, chance = (report[which]["operating_points"]["max_f1"]["f1"] for which in ("score", "untrained"))
    return [
        *score_lines(report["score"]),
        f"F1 at max_f1: {_percent(best)}; of the same network untrained: {_percent(chance)}",
        "next, on real recordings: sedpipe download esc10-fold4",
    ]


def _counts(counts: Report) -> str:
    """Counts by state, then by reason."""
    states = ", ".join(f"{count} {state}" for state, count in counts.items() if state != "reasons" and count)
    reasons = ", ".join(f"{count} {reason}" for reason, count in counts.get("reasons", {}).items())
    return f"{states} ({reasons})" if reasons else states


def _rate(value: float | None) -> str:
    return "    -" if value is None else f"{value:5.2f}"


def _percent(value: float | None) -> str:
    return "    -" if value is None else f"{100 * value:5.1f}"


def _words(what: Any) -> str:
    if isinstance(what, Mapping):
        return ", ".join(f"{key} {_words(value)}" for key, value in what.items())
    return ", ".join(what) or "none" if isinstance(what, list) else str(what)
