"""The clips of a page: their cards, why some were chosen, and what the page had no room for.

- :class:`Gallery`: these three
- :func:`page_data`: what all cards of a page share
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
"""What draws cards, in the order in which its files need each other."""


@dataclass(frozen=True)
class Gallery:
    """Clips.

    Parameters
    ----------
    cards : mapping of str to Card
        By ``clip_id``; of clips for which there is no room, none.
    kinds : mapping of str to str
        Of the chosen clips: ``worst``, ``best``, ``random``, ``differs``.
    remarks : sequence of str
        How good the sound is, and what was left out.
    frequencies : sequence of (str, float)
        Names of a few frequencies and how high, in per cent, they lie on the pictures.
    """

    cards: Mapping[str, Card]
    kinds: Mapping[str, str]
    remarks: Sequence[str]
    frequencies: Sequence[tuple[str, float]]


def page_data(labels: LabelSet, run_names: Sequence[str], frequencies: Sequence[tuple[str, float]]) -> dict[str, Any]:
    """Classes, runs with the letters that stand for them, and frequencies."""
    runs = [{"name": name, "letter": ascii_uppercase[k]} for k, name in enumerate(run_names)]
    return {"labels": list(labels), "runs": runs, "hertz": [[name, round(height, 2)] for name, height in frequencies]}
