"""Predicted events of recordings, in the file formats that people and programs read.

- :class:`PredictedEvent`, :class:`PredictedFile`: one event, and all events of a recording
- :data:`FORMATS`, :func:`rendered`: TSV (DCASE's event list), CSV (with probabilities and the time of day), JSON,
  Audacity's labels, Raven's selections
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sedpipe.clips import DEFAULT_SAMPLE_RATE
from sedpipe.detection.nearness import Glance
from sedpipe.io.lists.cells import tab_row
from sedpipe.io.lists.events import COLUMNS
from sedpipe.printable import printable_json, spreadsheet_cell
from sedpipe.recorders import recorded_at

FORMATS = {"tsv": ".tsv", "csv": ".csv", "json": ".json", "audacity": ".txt", "raven": ".selections.txt"}
"""Formats of event lists, and the suffixes of their files."""

_RAVEN_COLUMNS = (
    "Selection", "View", "Channel", "Begin Time (s)", "End Time (s)", "Low Freq (Hz)", "High Freq (Hz)", "Begin File",
    "Annotation",
)  # fmt: skip


@dataclass(frozen=True)
class PredictedEvent:
    """An event: onset and offset in seconds from the start of the recording, highest and mean frame probability.

    sedpipe 0.1 wrote the mean as ``probability``, without ``mean_probability``.
    """

    onset: float
    offset: float
    label: str
    probability: float
    mean_probability: float | None = None


@dataclass(frozen=True)
class PredictedFile:
    """What was found in one recording.

    Parameters
    ----------
    path : str
        The path as the user gave it.
    name : str
        Name of the recording in lists: a relative path with ``/``.
    duration : float, optional
        Duration in seconds; None if the recording could not be read.
    events : list of PredictedEvent
        Events in order of time.
    state : str
        ``ok``, ``kept`` (finished before) or ``failed``.
    reason : str
        Why it failed; otherwise a note about the recording, if there is one.
    unlike_training : list of str
        How the recording differs from the model's training data, one sentence for each difference; part of ``reason``.
    glance : Glance, optional
        Summary that the terminal shows; None if the recording was finished before, or is not shown.
    """

    path: str
    name: str
    duration: float | None
    events: list[PredictedEvent]
    state: str = "ok"
    reason: str = ""
    unlike_training: list[str] = field(default_factory=list)
    glance: Glance | None = None

    @property
    def recorded_at(self) -> datetime | None:
        """Date and time at which the recording starts, if its name contains them."""
        return recorded_at(self.name)

    def as_json(self) -> dict[str, Any]:
        """Return the content as plain values.

        ``nearest`` are the classes that almost had an event, ``peaks`` the highest probability of every class and its
        time; both are null if they are unknown, as for a recording that was finished before.
        """
        begins, plain = self.recorded_at, asdict(self)
        glance = plain.pop("glance")
        seen = {key: glance and glance[key] for key in ("nearest", "peaks")}
        return {**plain, "recorded_at": begins and begins.isoformat(), **seen}


def rendered(files: Sequence[PredictedFile], form: str, sample_rate: int = DEFAULT_SAMPLE_RATE) -> str:
    """Return the events of recordings as text.

    Parameters
    ----------
    files : sequence of PredictedFile
        The recordings. Those that failed are left out of the lists; in JSON they have their reason.
    form : str
        ``tsv``: ``filename onset offset event_label``; a recording without events is a row with its name alone.
        ``csv``: the same with ``probability``, ``mean_probability`` and, if the recording's name contains its starting
        time, ``starts_at`` and ``ends_at`` by the recorder's clock. ``json``: one object for one recording; for
        several, an object that lists them as ``files``.
        ``audacity``: onset, offset, label; for one recording. ``raven``: a selection table, whose boxes reach from 0
        to half of ``sample_rate``.
    sample_rate : int
        Sample rate of the model's input in Hz.
    """
    read = [file for file in files if file.state != "failed"]
    if form == "json":
        objects = [file.as_json() for file in files]
        content = objects[0] if len(objects) == 1 else {"files": objects}
        return printable_json(content, indent=2) + "\n"
    if form == "audacity":
        return "".join(f"{e.onset:.6f}\t{e.offset:.6f}\t{e.label}\n" for file in read for e in file.events)
    if form == "raven":
        return _raven_table(read, sample_rate)
    text = io.StringIO()
    if form == "tsv":
        text.writelines(_tab_line(row) for row in [[*COLUMNS], *_rows(read)])
    else:
        table = csv.writer(text, lineterminator="\n")
        table.writerow([*COLUMNS, "probability", "mean_probability", "starts_at", "ends_at"])
        in_quotes = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
        for row in _rows(read):  # a name that begins with "#" would be read as a comment
            (in_quotes if row[0].startswith("#") else table).writerow(map(spreadsheet_cell, row))
    return text.getvalue()


def _tab_line(row: Sequence[str]) -> str:
    """Return a row of DCASE's event list; a name that begins with ``#``, as a comment does, is quoted."""
    name, *others = row[:4]
    first = f"{_in_quotes(name)}\t" if name.startswith("#") else tab_row(name, "")
    return f"{first}{tab_row(*others)}\n"


def _in_quotes(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def _raven_table(files: Sequence[PredictedFile], sample_rate: int) -> str:
    """Return Raven's selection table; it needs frequencies: events have none, so the boxes cover the whole band."""
    events = [(file.name, event) for file in files for event in file.events]
    rows = [
        (k, "Spectrogram 1", 1, f"{e.onset:.6f}", f"{e.offset:.6f}", "0.0", f"{sample_rate / 2:.1f}", name, e.label)
        for k, (name, e) in enumerate(events, start=1)
    ]
    return "".join("\t".join(map(str, row)) + "\n" for row in (_RAVEN_COLUMNS, *rows))


def _rows(files: Sequence[PredictedFile]) -> Iterator[list[str]]:
    for file in files:
        for event in file.events:
            times = f"{event.onset:.3f}", f"{event.offset:.3f}"
            mean = "" if event.mean_probability is None else f"{event.mean_probability:.4f}"
            clock = (_by_clock(file, seconds) for seconds in (event.onset, event.offset))
            yield [file.name, *times, event.label, f"{event.probability:.4f}", mean, *clock]
        if not file.events:
            yield [file.name, *[""] * 7]


def _by_clock(file: PredictedFile, seconds: float) -> str:
    begins = file.recorded_at
    return "" if begins is None else (begins + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")
