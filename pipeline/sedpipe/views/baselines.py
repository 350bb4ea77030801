"""What the baselines of ``scores-<split>.json`` are called wherever a person reads of them.

- :func:`baseline_name`: in a word or two
- :func:`baseline_tells`: what its scores tell
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
    """Of a baseline, by its key."""
    return _NAMES.get(name, name.replace("_", " "))


def baseline_tells(name: str, commonest: str = "") -> str:
    """What its scores tell, ``commonest`` being the most frequent class; nothing where the name says it."""
    return f"here {commonest}" if name == "commonest_everywhere" and commonest else _TELLS.get(name, "")
