"""The clips of a page: their cards, why some were chosen, and which had no room on the page.

- :class:`Gallery`: cards, reasons and remarks
- :func:`page_data`: data that all cards of a page share
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Any

from sedpipe.labels import LabelSet
from sedpipe.views.page.card import Card

CARD_SCRIPTS = (
    "dom", "theme", "curve", "view", "player", "spans", "tracks", "gestures", "keys", "card",
)  # fmt: skip
"""Scripts that draw cards, each after those that it depends on."""


@dataclass(frozen=True)
class Gallery:
    """The clips of a page.

    Parameters
    ----------
    cards : mapping of str to Card
        Cards by ``clip_id``; clips for which the page has no room are missing.
    kinds : mapping of str to str
        Why each chosen clip was chosen: ``worst``, ``best``, ``random`` or ``differs``.
    remarks : sequence of str
        Remarks on the audio quality, and on what was left out.
    frequencies : sequence of (str, float)
        Names of a few frequencies and their heights on the pictures, in per cent.
    """

    cards: Mapping[str, Card]
    kinds: Mapping[str, str]
    remarks: Sequence[str]
    frequencies: Sequence[tuple[str, float]]


def page_data(labels: LabelSet, run_names: Sequence[str], frequencies: Sequence[tuple[str, float]]) -> dict[str, Any]:
    """Return classes, runs with the letters that stand for them, and frequencies, as plain values."""
    runs = [{"name": name, "letter": ascii_uppercase[k]} for k, name in enumerate(run_names)]
    return {"labels": list(labels), "runs": runs, "hertz": [[name, round(height, 2)] for name, height in frequencies]}
