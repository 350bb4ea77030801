"""The one place that starts worker processes.

- :func:`in_parallel`: apply a function to items, results as they come
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import joblib

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_parallel(function: Callable[[Item], Result], items: Iterable[Item], jobs: int) -> Iterator[Result]:
    """Apply ``function`` to ``items`` in ``jobs`` processes (1: in this one); results in the order of the items."""
    workers = joblib.Parallel(n_jobs=jobs, return_as="generator")
    yield from workers(joblib.delayed(_call_in)(os.getcwd(), function, item) for item in items)


def _call_in(folder: str, function: Callable[[Item], Result], item: Item) -> Result:
    """Call from ``folder``: workers live longer than one call, and relative paths must mean the same to them."""
    if os.getcwd() != folder:
        os.chdir(folder)
    return function(item)


def chunked(items: list[Item], size: int) -> list[list[Item]]:
    """``items`` in pieces of at most ``size``."""
    return [items[first : first + size] for first in range(0, len(items), size)]
