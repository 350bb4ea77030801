"""Reports of ``predict`` and ``report`` -> lines of text, without line ends.

- :func:`predict_lines`, :func:`predict_remarks`
- :func:`report_lines`
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sedpipe.wording import counted

if TYPE_CHECKING:
    from sedpipe.reports.listening import PageReport, PredictReport


def predict_lines(report: PredictReport, out: str) -> list[str]:
    """Return the numbers of recordings and events, and where the events were written."""
    counts = report.counts
    said = ", ".join(f"{counts[state]} {state}" for state in ("ok", "kept", "failed") if counts[state])
    of_all = f"{counted(int(counts['recordings']), 'recording')} ({said})"
    return [f"{of_all}, {counts['seconds']:,.0f} s, {counted(int(counts['events']), 'event')} in {out}"]


def predict_remarks(report: PredictReport) -> list[str]:
    """Return what was left out, remarks on the recordings that were processed, and why others failed."""
    left_out = ", ".join(f"{count} {what}" for what, count in report.left_out.items())
    unlike, n_all = int(report.counts.get("unlike_training", 0)), int(report.counts["recordings"])
    are, them = ("is", "it") if unlike == 1 else ("are", "them")
    of_many = f"{unlike} of {n_all} recordings {are} unlike those of training: the model may miss events in {them}"
    failed = [f"failed: {file.reason}" for file in report.files if file.state == "failed"]
    told = [f"{file.name}: {file.reason}" for file in report.files if file.state != "failed" and file.reason]
    return [
        *([f"left out: {left_out}"] if left_out else []), *told, *failed, *([of_many] if unlike and n_all > 1 else []),
    ]  # fmt: skip


def report_lines(report: PageReport) -> list[str]:
    """Return the path of the page, what it shows, and its size."""
    about, n_clips = " and ".join(report.runs), len(report.clips)
    clips = counted(n_clips, "clip")
    return [f"{report.path}: {about} on {report.split}, {clips}, {report.bytes / 1e6:.1f} MB"]
