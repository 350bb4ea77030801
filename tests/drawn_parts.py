"""Reports as a terminal shows them."""

import io
from collections.abc import Sequence

from rich.console import Console, RenderableType


def drawn(parts: Sequence[RenderableType], width: int = 200) -> list[str]:
    """Return the lines in a terminal of this width, without spaces at their ends."""
    console = Console(file=io.StringIO(), width=width, markup=False, highlight=False)
    for part in parts:
        console.print(part, soft_wrap=isinstance(part, str))
    return [line.rstrip() for line in console.file.getvalue().splitlines()]
