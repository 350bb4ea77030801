"""What the baselines of ``scores-<split>.json`` are called wherever a person reads of them.

- :func:`baseline_name`: in a word or two
- :func:`baseline_predicts`: what it says of a clip
"""

from __future__ import annotations

_NAMES = {
    "nothing": "no events at all",
    "commonest_everywhere": "the most frequent class, always",
    "tags_stretched": "oracle tags over the whole clip",
    "rounded_to_segments": "the reference in whole seconds",
}
_PREDICTS = {
    "nothing": "no event in any clip",
    "commonest_everywhere": "all along every clip",
    "tags_stretched": "the true classes of each clip, all along it: a perfect tagger that knows no times",
    "rounded_to_segments": "the true events, in whole seconds: what a coarse clock alone costs",
}


def baseline_name(name: str) -> str:
    """Of a baseline, by its key."""
    return _NAMES.get(name, name.replace("_", " "))


def baseline_predicts(name: str, commonest: str = "") -> str:
    """What it says, ``commonest`` being the most frequent class; nothing where it is not known."""
    said = _PREDICTS.get(name, "")
    return f"{commonest}, {said}" if name == "commonest_everywhere" and commonest else said
