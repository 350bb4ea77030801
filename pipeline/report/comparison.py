"""The page about several runs on the same split."""

from __future__ import annotations

from typing import Any


def comparison_page(*_: Any) -> str:
    return ""


def most_different(*_: Any) -> Any:
    return []


def same_clips(*_: Any) -> Any:
    return [], []
