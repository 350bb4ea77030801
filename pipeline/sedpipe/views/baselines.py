"""Names of the baselines of ``scores-<split>.json``, as shown to people.

- :func:`baseline_name`: the name, in a few words
- :func:`baseline_meaning`: what the scores of a baseline show
"""

from __future__ import annotations

_NAMES = {
    "nothing": "no events at all",
    "commonest_everywhere": "the most frequent class, always",
    "tags_stretched": "oracle tags over the whole clip",
    "rounded_to_segments": "the reference in whole seconds",
}
_TELLS = {
    "tags_stretched": "a perfect tagger without times",
    "rounded_to_segments": "the cost of a coarse time resolution",
}


def baseline_name(name: str) -> str:
    """Return the name of the baseline with this key."""
    return _NAMES.get(name, name.replace("_", " "))


def baseline_meaning(name: str, commonest: str = "") -> str:
    """Return what its scores show; empty if the name says it. ``commonest`` is the most frequent class."""
    return f"here {commonest}" if name == "commonest_everywhere" and commonest else _TELLS.get(name, "")
