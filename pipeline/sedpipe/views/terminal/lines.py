"""A stage's report, as ``--json`` prints it -> lines for a person.

One function a verb; each takes the JSON object and gives lines without line ends.
"""

from __future__ import annotations

from collections import Counter
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
    """Counts of each split, and whether other parts are awaited."""
    lines = [
        f"{split}: {counts['clips']} clips, {counts['computed']} computed, {counts['reused']} reused, "
        f"{counts['failed']} failed"
        for split, counts in report["splits"].items()
    ]
    if report["waiting"]:
        lines.append(
            f"{report['waiting']:,} clips of other parts are not made yet; the part that ends last merges, "
            "and so does the same command without --shard"
        )
    return lines


def explain_lines(report: Report) -> list[str]:
    """How many features of each split would be made and why, with examples."""
    lines = [f"features {report['fingerprint']}"]
    for split, counts in report["splits"].items():
        lines.append(f"{split}: {counts['clips']} clips, {counts['missing']} to compute, {counts['reused']} stored")
        for group in report["reasons"][split]:
            more = ", ..." if group["clips"] > len(group["examples"]) else ""
            lines.append(f"  {group['clips']}: {group['reason']} ({', '.join(group['examples'])}{more})")
            lines += [f"    {group['detail']}"] if group["detail"] else []
    return lines


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
    each = f" in each of {report['devices']} processes" if report["devices"] > 1 else ""
    return [
        *lines,
        f"{'together':<56}{report['parameters']:>13,}{report['multiply_adds']:>17,}",
        f"memory: about {report['memory_bytes'] / 2**30:.1f} GiB{each} for batches of {report['batch_size']} clips",
        f"time: {report['clips_per_second']:.1f} clips/s in one measured step; an epoch of {report['clips']:,} clips "
        f"about {report['epoch_seconds'] / 60:.1f} min, at most {report['epochs']} epochs",
    ]


def score_lines(report: Report, *, explain: bool = False) -> list[str]:
    """The score table: both operating points, yardsticks, then the classes; ``explain`` adds what tuning gained."""
    tuned = ", TUNED ON THIS SPLIT" if report["tuned_on_this_split"] else ""
    clips = report["clips"]
    clip, event = report["clip_based"], report["event_based"]
    psds = report.get("psds", {})
    return [
        f"{report['run']} on {report['dataset']} {report['split']}: {clips['scored']} of {clips['listed']} clips "
        f"scored{tuned}",
        "",
        *_detection_table(report["operating_points"], report.get("yardsticks", {}), report.get("intervals", {})),
        *_validated_lines(report.get("tuning", {})),
        *_against_lines(report.get("against")),
        *(_tuning_lines(report.get("tuning", {})) if explain else ()),
        *_class_table(report["per_class"], report["operating_point"]),
        "",
        f"clip-based F1 {_percent(clip['f1'])}, mAP {_percent(clip['map'])}; event-based F1 {_percent(event['f1'])}",
        *(["PSDS " + ", ".join(f"{name} {_rate(value)}" for name, value in psds.items())] if psds else []),
        f"events: {report['estimated']}",
    ]


def reproduce_lines(report: Report) -> list[str]:
    """How much of a table there is, what failed and why, and where the table lies."""
    cells = report["cells"]
    done = cells["all"] - cells["missing"]
    return [
        f"{report['table']} on {report['dataset']}: {done} of {cells['all']} cells, {cells['made']} made now",
        *(f"failed: {name}: {reason}" for name, reason in report["failed"].items()),
        *([f"{report['folder']}/table.md"] if done else []),
    ]


def figure5_lines(report: Report) -> list[str]:
    """What was drawn, and where it lies."""
    return [f"{report['path']}: {report['clip']} of {report['split']} by {len(report['runs'])} systems"]


def report_lines(report: Report) -> list[str]:
    """What was written, and how large it is."""
    about, n_clips = " and ".join(report["runs"]), len(report["clips"])
    clips = f"{n_clips} clip{'' if n_clips == 1 else 's'}"
    return [f"{report['path']}: {about} on {report['split']}, {clips}, {report['bytes'] / 1e6:.1f} MB"]


def list_score_lines(report: Report) -> list[str]:
    """The score table of an event list."""
    clips, event = report["clips"], report["event_based"]
    return [
        f"{report['estimated']} against {report['reference']}: {clips['scored']} clips, "
        f"{clips['without_output']} of them without output",
        *(f"note: {remark}" for remark in report["remarks"]),
        "",
        *_detection_table(
            {"estimated": report["segment_based"]},
            report["yardsticks"],
            {"estimated": report["intervals"]},
            report["time_resolution"],
        ),
        *_against_lines(report["against"]),
        *_class_table(report["per_class"], "estimated"),
        "",
        f"event-based F1 {_percent(event['f1'])}, ER {_rate(event['error_rate'])}; "
        f"onsets only: F1 {_percent(event['onset_only']['f1'])}",
    ]


def _detection_table(points: Report, yardsticks: Report, intervals: Report, time_resolution: float = 1.0) -> list[str]:
    title = f"segment-based, {time_resolution:g} s"
    lines = [f"{title:<21}     ER    sub    del    ins      P      R     F1  macro F1"]
    for name, scores in [*points.items(), *yardsticks.items()]:
        rates = "  ".join(_rate(scores[key]) for key in _RATES)
        shares = "  ".join(_percent(scores[key]) for key in _SHARES)
        lines.append(f"{name.replace('_', ' ') if name in yardsticks else name:<21}  {rates}  {shares}")
    for name, of_point in intervals.items():
        (er, f1, macro) = (of_point[key] for key in ("error_rate", "f1", "macro_f1"))
        if er and f1 and macro:
            lines.append(
                f"{name}, 95 % over clips: ER {er[0]:.2f} to {er[1]:.2f}, F1 {100 * f1[0]:.1f} to {100 * f1[1]:.1f}, "
                f"macro F1 {100 * macro[0]:.1f} to {100 * macro[1]:.1f}"
            )
    return lines


def _class_table(per_class: Report, name: str) -> list[str]:
    title = f"class ({name})"
    lines = ["", f"{title:<33}     ER      P      R     F1"]
    for label, scores in per_class.items():
        shares = "  ".join(_percent(scores[key]) for key in ("precision", "recall", "f1"))
        lines.append(f"{label:<33}  {_rate(scores['error_rate'])}  {shares}")
    return lines


def _against_lines(against: Report | None) -> list[str]:
    if not against:
        return []
    lines = ["", f"less the scores of {against.get('run') or against['estimated']}, on the same clips:"]
    for name, found in against["differences"].items():
        if found:
            low, high = found["interval"]
            lines.append(
                f"  {name.replace('_', ' ')} {found['difference']:+.3f} (95 %: {low:+.3f} to {high:+.3f}), better in "
                f"{100 * found['better']:.0f} % of the draws"
            )
    return lines


def _validated_lines(tuning: Report) -> list[str]:
    """What the tuned score comes to on clips that were not tuned on."""
    chosen = {point: step for point, steps in tuning.items() for step in steps if step["chosen"]}
    return [
        f"{point} is tuned on testing ({step['step'].replace('_', ' ')}): "
        f"{'ER' if point == 'min_er' else 'F1'} {step['tuned']:.3f} there, {_validated(step)} cross-validated"
        for point, step in chosen.items()
    ]


def _validated(step: Report) -> str:
    return "-" if step["cross_validated"] is None else f"{step['cross_validated']:.3f}"


def _tuning_lines(tuning: Report) -> list[str]:
    """What each step of tuning gained, there and on clips it was not tuned on."""
    lines = []
    for point, steps in tuning.items():
        lines += ["", f"tuning for {point:<24}  tuned  cross-validated"]
        for step in steps:
            name, chosen = step["step"].replace("_", " "), "  <- chosen" if step["chosen"] else ""
            lines.append(f"  {name:<33}   {step['tuned']:.3f}            {_validated(step):>5}{chosen}")
    return lines


def predict_lines(report: Report, out: str) -> list[str]:
    """How many recordings were listened to, and where the events are."""
    files = report["files"]
    counts = Counter(file["state"] for file in files)
    seconds = sum(file["duration"] or 0 for file in files)
    n_events = sum(len(file["events"]) for file in files)
    said = ", ".join(f"{counts[state]} {state}" for state in ("ok", "kept", "failed") if counts[state])
    return [f"{len(files)} recordings ({said}), {seconds:,.0f} s, {n_events:,} events in {out}"]


def predict_remarks(report: Report) -> list[str]:
    """What was left out, what is to be said of what was used, and what could not be."""
    left_out = ", ".join(f"{count} {what}" for what, count in report["left_out"].items())
    failed = [f"failed: {file['reason']}" for file in report["files"] if file["state"] == "failed"]
    told = [
        f"{file['name']}: {file['reason']}" for file in report["files"] if file["state"] != "failed" and file["reason"]
    ]
    return [*([f"left out: {left_out}"] if left_out else []), *told, *failed]


def export_lines(report: Report) -> list[str]:
    """What was written, and how far it is from PyTorch."""
    parity = ", ".join(f"{difference:.1e} (batch {size})" for size, difference in report["parity"].items())
    return [*report["files"], *([f"largest difference from PyTorch: {parity}"] if parity else [])]


def status_lines(report: Report) -> list[str]:
    """What each stage has, and the command to run next."""
    tables = report["stages"].get("reproduce", {})
    of_tables = {cell["run"] for table in tables.values() for cell in table["cells"].values() if "run" in cell}
    lines = [
        f"{stage}: {name}: {_words(what)}"
        for stage, parts in report["stages"].items()
        if stage != "reproduce"
        for name, what in parts.items()
        if stage not in ("train", "score") or name not in of_tables
    ]
    grids = [line for name, table in tables.items() for line in _grid_lines(f"reproduce: {name}", table)]
    return [*lines, *grids, *_class_lines(report.get("classes", {})), f"next: {report['next']}"]


def _grid_lines(name: str, table: Report) -> list[str]:
    """How many cells are done, and each that was begun and is not."""
    told = {"under_way": "under way, {epochs} of {of} epochs", "begun": "stopped after {epochs} of {of} epochs",
            "failed": "failed after {epochs} of {of} epochs: {reason}"}  # fmt: skip
    return [
        f"{name}: {table['done']} of {table['all']} cells done",
        *(
            f"{name}: {cell_name} {told[cell['state']].format_map(cell)}"
            for cell_name, cell in table["cells"].items()
            if cell["state"] in told
        ),
    ]


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


def cache_lines(report: Report) -> list[str]:
    """A line an item: size, last use, name, and the parameters of features."""
    lines = [
        f"{_size(item['bytes']):>9}  {item['last_use'][:10]}  {item['name']}{_told(item)}" for item in report["items"]
    ]
    return [*lines, f"{_size(report['bytes']):>9}  in all"]


def prune_lines(report: Report) -> list[str]:
    """What was freed, and what stayed and why."""
    return [
        *(f"freed {item['name']}" for item in report["freed"]),
        *(f"kept {name}: {why}" for name, why in report["kept"].items()),
        f"{_size(report['bytes'])} freed",
    ]


def _told(item: Report) -> str:
    if item["link"]:
        return f" -> {item['link']}"
    return (
        "  " + ", ".join(f"{name} {value}" for name, value in item["parameters"].items()) if item["parameters"] else ""
    )


def _size(n_bytes: float) -> str:
    """Bytes as a person reads them, 1 kB being 1,000."""
    for unit in ("B", "kB", "MB", "GB"):
        if n_bytes < 1000:
            return f"{n_bytes:.0f} {unit}" if unit == "B" else f"{n_bytes:.1f} {unit}"
        n_bytes /= 1000
    return f"{n_bytes:.1f} TB"


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
