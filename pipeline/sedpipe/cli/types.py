"""Types of options that are more than a word or a number.

- :class:`ShardType`, :class:`SeedsType`, :class:`PoolingType`, :class:`PoolingsType`, :class:`NamesType`,
  :class:`BytesType`, :class:`HierarchyType`, :class:`Quantity`
"""

from __future__ import annotations

import math
import re
from typing import Any

import rich_click as click

from sedpipe.hierarchy import parse
from sedpipe.shards import Shard


class ShardType(click.ParamType[Shard]):
    """A shard, such as 2/8."""

    name = "I/N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Shard:
        """Convert the text to a shard."""
        try:
            return value if isinstance(value, Shard) else Shard.parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class SeedsType(click.ParamType[tuple[int, ...]]):
    """Random seeds, such as 0,1,2."""

    name = "N,N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        """Convert the text to seeds, without duplicates."""
        if isinstance(value, tuple):
            return value
        if not re.fullmatch(r"\d{1,9}(,\d{1,9})*", str(value)):
            self.fail(f"expected seeds like 0,1,2, got {value!r}", param, ctx)
        return tuple(dict.fromkeys(int(seed) for seed in str(value).split(",")))


class PoolingType(click.ParamType[str]):
    """The name of a pooling function: one of sedpipe's, or one that a user's script has added."""

    name = "NAME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Check that the pooling function exists."""
        from sedpipe.nn.pooling import POOLING_FUNCTIONS

        if value not in POOLING_FUNCTIONS:
            self.fail(f"expected one of {', '.join(POOLING_FUNCTIONS)}, got {value!r}", param, ctx)
        return str(value)


class PoolingsType(click.ParamType[tuple[str, ...]]):
    """Names of pooling functions, such as linear,attention."""

    name = "NAME,NAME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """Convert the text to names, without duplicates, and check that each exists."""
        if isinstance(value, tuple):
            return value
        names = dict.fromkeys(str(value).split(","))
        return tuple(PoolingType().convert(name, param, ctx) for name in names)


class NamesType(click.ParamType[tuple[str, ...]]):
    """Names or paths, such as surrey,my/own.toml."""

    name = "NAME,NAME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """Convert the text to names, without duplicates."""
        if isinstance(value, tuple):
            return value
        names = tuple(dict.fromkeys(str(value).split(",")))
        if not all(names):
            self.fail(f"expected names like surrey,small, got {value!r}", param, ctx)
        return names


class BytesType(click.ParamType[int]):
    """A number of bytes per second, such as 500K or 2M; K, M and G are powers of 1024."""

    name = "RATE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Convert the text to a number of bytes."""
        match = re.fullmatch(r"(\d+(?:\.\d+)?)([KMG]?)", str(value).upper())
        rate = 0.0 if match is None else float(match[1]) * 1024.0 ** " KMG".index(match[2] or " ")
        if rate == 0 or math.isinf(rate):
            self.fail(f"expected bytes a second like 500K or 2M, got {value!r}", param, ctx)
        return max(1, round(rate))


class Quantity(click.FloatRange):
    """A finite number within bounds; click's own type accepts infinity, and nan in every range."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Convert the text to a number."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"expected a number, got {value!r}", param, ctx)
        return number


class HierarchyType(click.ParamType[tuple[int, ...]]):
    """Sizes of the groups of hierarchical pooling, such as 5,5, or none."""

    name = "N,N|none"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        """Convert the text to sizes of groups."""
        if isinstance(value, tuple):
            return value
        try:
            return parse(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)
