"""Output of ``predict`` on a terminal: events with their curves, known classes, near misses, and what to do next.

- :func:`events_table`: the report of a prediction as a terminal shows it
- :class:`Asked`: the user's request, as far as the output depends on it
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sedpipe.views.terminal.quantities import distinguishable, moment, moment_with_unit
from sedpipe.views.terminal.table import Column, FittingTable, spark, text
from sedpipe.wording import counted

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

    from sedpipe.detection.nearness import NearMiss
    from sedpipe.io.predictions import PredictedFile
    from sedpipe.reports.listening import PredictReport


@dataclass(frozen=True)
class Asked:
    """The user's request.

    Parameters
    ----------
    see : str
        Command that makes an HTML page of the same recordings.
    own : str
        Command that starts a dataset of the user's own recordings.
    shows_all : bool
        Whether classes without events are also listed.
    knows_classes : bool
        Whether the user has already been told which classes the model knows.
    """

    see: str
    own: str
    shows_all: bool = False
    knows_classes: bool = False


def events_table(report: PredictReport, asked: Asked) -> list[RenderableType]:
    """Return the table of events, then near misses, the classes that the model knows, and the next commands."""
    read = [file for file in report.files if file.state != "failed"]
    has_events = any(file.events for file in read)
    what = counted(len(read), "recording") if len(read) > 1 else read[0].name if read else "no recording"
    seconds, n_events = report.counts["seconds"], int(report.counts["events"])
    title = f"{what}, {moment_with_unit(seconds)}: {counted(n_events, 'event')}"
    shown: list[RenderableType] = [text(title, "bold"), ""]
    if has_events or asked.shows_all:
        shown += [_table(read, shows_all=asked.shows_all), ""]
    these = "this sound" if len(report.labels) == 1 else f"these {len(report.labels)} sounds"
    near, known = list(_near_lines(read)), f"The model knows only {these}: "
    told = [] if asked.knows_classes else [text(f"{known}{'; '.join(report.labels)}.", "dim")]
    shown += [*near, *told, *([""] if near or told else [])]
    return [*shown, f"see, hear and correct it:  {asked.see}", f"your own sounds:           {asked.own}"]


def _table(files: Sequence[PredictedFile], *, shows_all: bool) -> FittingTable:
    """Return a row for each event, with recording names if there are several, and times of day if they are known."""
    has_clock = any(file.recorded_at for file in files)
    columns = [
        Column("recording"),
        Column("time of day", 1),
        Column("from", justify="right"),
        Column("to", 2, "right"),
        Column("class"),
        Column("peak", justify="right"),
        Column("probability around it", 3),
    ]
    used = [k for k in range(len(columns)) if (k != 0 or len(files) > 1) and (k != 1 or has_clock)]
    rows = []
    for file in files:
        of_file = list(_rows(file, shows_all=shows_all))
        rows += [["" if k == 0 and number else row[k] for k in used] for number, row in enumerate(of_file)]
    return FittingTable([columns[k] for k in used], rows)


def _rows(file: PredictedFile, *, shows_all: bool) -> Iterator[list[str | Text]]:
    glance = file.glance
    curves = glance.curves if glance else [()] * len(file.events)
    for event, curve in zip(file.events, curves, strict=True):
        begins = file.recorded_at
        of_day = f"{begins + timedelta(seconds=event.onset):%Y-%m-%d %H:%M:%S}" if begins else ""
        peak, drawn = f"{event.probability:.2f}", text(spark(curve), "cyan")
        yield [file.name, of_day, moment(event.onset), moment(event.offset), text(event.label, "bold"), peak, drawn]
    heard = {event.label for event in file.events}
    silent = {label: peak for label, peak in glance.peaks.items() if label not in heard} if glance and shows_all else {}
    for label, highest in sorted(silent.items(), key=lambda each: -each[1].peak):
        yield [file.name, "", "", "", text(label, "dim"), text(f"{highest.peak:.2f}", "dim"), ""]


def _near_lines(files: Sequence[PredictedFile]) -> Iterator[RenderableType]:
    """Yield the near misses; of several recordings, only the nearest one of each recording without events."""
    for file in files:
        if file.glance is None or (len(files) > 1 and file.events):
            continue
        for miss in file.glance.nearest[: 1 if len(files) > 1 else None]:
            where = f"{file.name}: " if len(files) > 1 else ""
            yield text(f"{where}closest: {near_line(miss)}", "yellow")


def near_line(miss: NearMiss) -> str:
    """Return how near a class came to an event, and why it has none."""
    peak, threshold = distinguishable(miss.peak, miss.threshold)
    clip, gate = distinguishable(miss.clip, miss.gate)
    came = f"{miss.label} {peak} at {moment_with_unit(miss.at)}"
    if miss.why == "threshold":
        return f"{came}, threshold {threshold}"
    if miss.why == "gate":
        return (
            f"{came}, above its threshold {threshold}, but its clip probability {clip} is below the clip gate {gate}: "
            "--all shows it"
        )
    return f"{came}, above its threshold {threshold}, but too short to be an event"
