"""Table of the recordings that the clips of a dataset were made from: their size, time of change, content and length.

A recording with unchanged size and time is not read again; one with unchanged content is not converted again. The table
is stored beside the rows. It is written after the audio of changed recordings was removed, never before: so existing
audio was always made from the recordings in the table.

- :class:`KnownRecordings`: the table
- :class:`KnownRecording`: a row
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from sedpipe.clips import ClipFormat
from sedpipe.io.audio.survey import Survey
from sedpipe.io.files.atomic import write_text
from sedpipe.io.lists.clips import can_be_listed

FILE_NAME = "recordings.tsv"

_SURVEY = tuple(field.name for field in fields(Survey))
_NUMBERS = frozenset({"size", "mtime_ns", "n_samples", "rate", "channels"})
_HEADER = "\t".join(("recording", "clip_id", *_SURVEY))


@dataclass(frozen=True)
class KnownRecording:
    """A row about a recording: the name from which its clips' names are derived, and the findings when it was read."""

    clip_id: str
    seen: Survey


class KnownRecordings:
    """Recordings by their place: the folder as written in the manifest, and the path below it.

    Parameters
    ----------
    folder : Path
        Folder of the dataset.

    Attributes
    ----------
    rows : dict of str to KnownRecording
    clip_format : ClipFormat or None
        Length and sample rate of the audio that was made; None if the table does not exist or cannot be read, which is
        no error, since it only saves work.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME
        self.rows: dict[str, KnownRecording] = {}
        self.clip_format: ClipFormat | None = None
        try:
            lines = self._path.read_text(encoding="utf-8").split("\n")
            clip_s, sample_rate = lines[0].removeprefix("# clip_s sample_rate ").split(" ")
            rows = dict(_row(line) for line in lines[2:] if line)
            self.clip_format, self.rows = ClipFormat(float(clip_s), int(sample_rate)), rows
        except (OSError, ValueError):
            return

    @property
    def is_there(self) -> bool:
        """Whether the table exists and could be read."""
        return self.clip_format is not None

    def save(self, rows: Mapping[str, KnownRecording], clip_format: ClipFormat) -> None:
        """Write the table, unless it is unchanged."""
        if (rows, clip_format) == (self.rows, self.clip_format):
            return
        lines = [f"# clip_s sample_rate {clip_format.clip_s!r} {clip_format.sample_rate}", _HEADER]
        for place, known in rows.items():
            seen = asdict(known.seen)
            cells = (place, known.clip_id, *(" ".join(str(seen[name]).split()) for name in _SURVEY))
            lines.append("\t".join(cells))
        write_text(self._path, "\n".join(lines) + "\n")
        self.rows, self.clip_format = dict(rows), clip_format


def _row(line: str) -> tuple[str, KnownRecording]:
    place, clip_id, *cells = line.split("\t")
    if not can_be_listed(clip_id):
        raise ValueError(f"{clip_id!r} is no clip's name")
    values = {name: int(cell) if name in _NUMBERS else cell for name, cell in zip(_SURVEY, cells, strict=True)}
    return place, KnownRecording(clip_id, Survey(**values))  # type: ignore[arg-type]
