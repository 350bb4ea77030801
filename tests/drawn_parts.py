"""What a terminal shows of a report."""

import io
from collections.abc import Sequence

from rich.console import Console, RenderableType


def drawn(parts: Sequence[RenderableType], width: int = 200) -> list[str]:
    """Lines of a terminal so wide, without what is at their ends."""
    console = Console(file=io.StringIO(), width=width, markup=False, highlight=False)
    for part in parts:
        console.print(part, soft_wrap=isinstance(part, str))
    return [line.rstrip() for line in console.file.getvalue().splitlines()]
