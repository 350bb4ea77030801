"""Cells of Table 3 -> scores of each system after part of its training: which is best for a smaller budget.

- :class:`Learning`, :func:`learning_of`: F1 on ``testing`` by minutes of training
- :func:`learning_lines`: the same as Markdown
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sedpipe.io.records.table import Bench, Cell
from sedpipe.metrics.spread import Interval, over_seeds
from sedpipe.printable import markdown_text
from sedpipe.views.tables.table2 import shown
from sedpipe.views.tables.table3 import by_system

MINUTES = (1, 2, 5, 10, 15, 30, 60, 120, 240, 480)


@dataclass(frozen=True)
class Learning:
    """F1 of a system by minutes of training; None until every seed has been validated."""

    system: str
    title: str
    f1: dict[int, Interval | None]


def learning_of(cells: Sequence[Cell]) -> list[Learning]:
    """Return the learning curve of each system whose validations are known.

    A training that had ended at that time would have kept the weights with the lowest loss so far; the F1 is that of
    these weights, even if the mean of several checkpoints is kept, which is not validated. Minutes are computed from
    steps and validations, as the budget is; a training that ended earlier keeps its last F1.

    Parameters
    ----------
    cells : sequence of Cell

    Returns
    -------
    list of Learning
        Learning curves up to the minutes of the longest training.
    """
    systems = {
        system: [bench for _, bench in of if any(one.f1 is not None for one in bench.validations)]
        for system, of in by_system(cells).items()
    }
    longest = max((_minutes_of(bench)[-1] for of in systems.values() for bench in of), default=0.0)
    return [
        Learning(system, of[0].title, {minutes: _over_seeds(of, minutes) for minutes in _asked(longest)})
        for system, of in systems.items()
        if of
    ]


def _asked(longest: float) -> list[int]:
    """Return the minutes up to the end of the longest training, which may end a few steps before the last of them."""
    return [minutes for k, minutes in enumerate(MINUTES) if not k or longest > MINUTES[k - 1] + 0.5]


def _minutes_of(bench: Bench) -> list[float]:
    """Return the minutes of training until the end of each validation."""
    return [seconds / 60 for seconds in bench.seconds_at_validations()]


def _over_seeds(of_system: Sequence[Bench], minutes: int) -> Interval | None:
    found = [_f1(bench, minutes) for bench in of_system]
    known = [value for value in found if value is not None]
    return over_seeds(known) if len(known) == len(found) else None


def _f1(bench: Bench, minutes: int) -> float | None:
    so_far = [one for one, over in zip(bench.validations, _minutes_of(bench), strict=True) if over <= minutes]
    return min(so_far, key=lambda one: one.loss).f1 if so_far else None


def learning_lines(cells: Sequence[Cell]) -> Iterator[str]:
    """Yield a table with a column for each number of minutes, its best system in bold; nothing if nothing is known."""
    rows = learning_of(cells)
    if not rows:
        return
    minutes = list(rows[0].f1)
    best = {column: max(_value(row.f1[column]) for row in rows) for column in minutes}
    yield "## F1 on testing after so many minutes of training"
    yield ""
    yield f"| system | {' | '.join(f'{column} min' for column in minutes)} |"
    yield "|---|" + "---|" * len(minutes)
    for row in rows:
        values = (_in_bold(row.f1[column], best[column]) for column in minutes)
        yield f"| {markdown_text(row.title)} | {' | '.join(values)} |"
    yield ""
    yield (
        "F1 of the weights with the lowest validation loss by then, which most trainings would keep if they ended, at "
        "the best of a few thresholds common to all classes, chosen on these clips: a rough comparison."
        f"{_of_means(cells)} Minutes are steps and validations times their measured durations, as in the budget. "
        "'-': not validated by then."
    )
    yield ""


def _of_means(cells: Sequence[Cell]) -> str:
    """Return a note on the systems that are the mean of several checkpoints, which are not validated as such."""
    titles = dict.fromkeys(
        markdown_text(cell.bench.title) for cell in cells if cell.bench and cell.training.get("checkpoints", 1) != 1
    )
    return f" Of {', '.join(titles)}, a single checkpoint, not the mean that is kept." if titles else ""


def _value(interval: Interval | None) -> float:
    return -1.0 if interval is None else interval.value


def _in_bold(interval: Interval | None, best: float) -> str:
    text = shown(interval, "f1")
    return f"**{text}**" if interval is not None and interval.value == best else text
