"""Reports of ``sedpipe reproduce``.

- :class:`ReproduceReport`: report about a table
- :class:`FigureReport`: report about a figure
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class ReproduceReport:
    """Numbers of cells that exist, were made now, and are missing; the folder of the table; and why cells failed."""

    dataset: str
    table: str
    cells: dict[str, int]
    folder: str
    failed: dict[str, str] = field(default_factory=dict)
    stage: str = field(default="reproduce")


@dataclass(frozen=True)
class FigureReport:
    """The figure that was drawn."""

    dataset: str
    split: str
    clip: str
    runs: list[str]
    path: str
    stage: str = field(default="reproduce")
