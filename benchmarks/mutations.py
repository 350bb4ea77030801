"""Small changes of meaning in a module's source, drawn by a seed.

Cosmic Ray changes an operator, a comparison, a number, a Boolean, an exception, a decorator or a loop; besides, a row
of a table is left out. Rules exclude what does not affect results: types, messages, how much is cached, and operators
that nobody would write by mistake for others.

- :func:`mutants_of`: source -> list of :class:`Mutant`, at most one per place
"""

from __future__ import annotations

import ast
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

SENSELESS = ("BitOr", "BitAnd", "BitXor", "RShift", "LShift", "Is", "IsNot", "Invert", "UAdd")
"""Operators that nobody writes by mistake."""

Position: TypeAlias = tuple[int, int]
"""Line, counted from 1, and column."""

Change: TypeAlias = Callable[[], str | None]
"""Function that returns the changed source; None if nothing came of the change."""


@dataclass(frozen=True)
class Mutant:
    """One change of a module."""

    line: int
    before: str
    after: str
    code: str


def mutants_of(source: str, n: int, g: random.Random) -> list[Mutant]:
    """Draw up to ``n`` mutants that differ from the source, at most one per place, in the order of the file."""
    places: dict[tuple[Position, Position], list[Change]] = {}
    left_out = _left_out(source)
    for start, end, change in (*_changes(source), *_rows_left_out(source)):
        if not any(first <= start < last for first, last in left_out):
            places.setdefault((start, end), []).append(change)
    drawn = g.sample(sorted(places), min(n, len(places)))
    made = (_mutant(source, place[0][0], g.choice(places[place])()) for place in sorted(drawn))
    return [mutant for mutant in made if mutant is not None]


def _changes(source: str) -> Iterator[tuple[Position, Position, Change]]:
    """Yield start, end and change for everything that Cosmic Ray would change."""
    from cosmic_ray import plugins
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.mutating import mutate_code

    nodes = list(ast_nodes(get_ast(source)))
    for name in plugins.operator_names():
        operator_class = plugins.get_operator(name)
        if operator_class.arguments() or name.endswith("NoOp") or _is_senseless(name):
            continue
        operator = operator_class()
        positions = (position for node in nodes for position in operator.mutation_positions(node))
        for occurrence, (start, end) in enumerate(positions):
            yield start, end, partial(mutate_code, source, operator, occurrence)


def _rows_left_out(source: str) -> Iterator[tuple[Position, Position, Change]]:
    """Yield start, end and change for every row of a module's tables: the change leaves the row out."""
    for statement in ast.parse(source).body:
        value = getattr(statement, "value", None)
        for row in value.elts if isinstance(value, ast.Tuple) and len(value.elts) > 1 else ():
            yield (
                (row.lineno, row.col_offset),
                (row.end_lineno or 0, row.end_col_offset or 0),
                partial(_without, source, row),
            )


def _without(source: str, row: ast.expr) -> str:
    """Return the source without an element and its comma."""
    lines = source.encode().splitlines(keepends=True)
    before = b"".join(lines[: row.lineno - 1]) + lines[row.lineno - 1][: row.col_offset]
    after = lines[(row.end_lineno or 0) - 1][row.end_col_offset :] + b"".join(lines[row.end_lineno :])
    return (before + after.lstrip(b" ,")).decode()


def _is_senseless(name: str) -> bool:
    """Return whether an operator is replaced by one of another kind: only one of the two is in ``SENSELESS``."""
    _, *words = name.split("_")
    return len(words) == 2 and (words[0] in SENSELESS) != (words[1] in SENSELESS)


def _left_out(source: str) -> list[tuple[Position, Position]]:
    """Return the places that do not affect results: types, decorators of classes, error messages, sizes of caches."""
    found: list[ast.expr | None] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.arg | ast.AnnAssign):
            found.append(node.annotation)
        elif isinstance(node, ast.FunctionDef):
            found.append(node.returns)
            found.extend(one for one in node.decorator_list if "cache" in ast.unparse(one))
        elif isinstance(node, ast.ClassDef):
            found.extend(node.decorator_list)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            found.append(node.test)
        elif isinstance(node, ast.Raise):
            found.extend(part for part in ast.walk(node) if isinstance(part, ast.JoinedStr))
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "zip":
            found.extend(keyword.value for keyword in node.keywords)  # strict: the lengths are equal by construction
    return [
        ((node.lineno, node.col_offset - 1), (node.end_lineno or 0, node.end_col_offset or 0))  # with a decorator's @
        for node in found
        if node is not None
    ]


def _mutant(source: str, line: int, code: str | None) -> Mutant | None:
    try:
        if code is None or ast.dump(ast.parse(code)) == ast.dump(ast.parse(source)):
            return None
    except SyntaxError:  # two asterisks that are not the power operator
        return None
    pairs = zip(source.splitlines(), code.splitlines(), strict=False)
    before, after = next(((old, new) for old, new in pairs if old != new), ("", ""))
    return Mutant(line, before.strip(), after.strip(), code)
