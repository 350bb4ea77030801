"""What the cells of a table were trained on: results of different devices and precisions differ a little.

- :func:`devices_remark`: cells -> a remark, if they were not all trained on the same kind of device
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sedpipe.io.records.table import Cell
from sedpipe.wording import counted


def devices_remark(cells: Sequence[Cell]) -> list[str]:
    """Return a remark with the number of cells by device and precision; none if there is one kind, or none is known."""
    kinds = Counter(f"{cell.device} in {cell.precision}" for cell in cells if cell.device)
    if len(kinds) < 2:
        return []
    each = ", ".join(f"{counted(number, 'cell')} on {kind}" for kind, number in sorted(kinds.items()))
    return [f"not all cells were trained alike, which changes scores a little: {each}"]
