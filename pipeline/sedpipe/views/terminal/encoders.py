"""Reports of ``sedpipe encoders`` -> lines for a person.

- :func:`encoders_lines`: what there is
- :func:`fetch_lines`: what was fetched
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def encoders_lines(report: Mapping[str, Any]) -> list[str]:
    """A few lines an encoder, and how one is used."""
    lines = [line for encoder in report["encoders"] for line in _told(encoder)]
    return [*lines, "features and train: --encoder NAME; what was fetched is used by every dataset of the cache"]


def fetch_lines(report: Mapping[str, Any]) -> list[str]:
    """Where it lies, and what to know of it."""
    return _told(report["encoder"])


def _told(encoder: Mapping[str, Any]) -> list[str]:
    where = encoder["file"] or (
        f"not fetched: sedpipe encoders fetch {encoder['name']}" + ("" if encoder["address"] else " --from FILE")
    )
    heard = f"; may have heard {', '.join(encoder['heard'])}, scores there say so" if encoder["heard"] else ""
    return [
        f"{encoder['name']}: {encoder['title']}, {encoder['dimensions']} values each {encoder['hop_s']:g} s, "
        f"hears {encoder['sample_rate']:,} Hz",
        f"  trained on {encoder['trained_on']}{heard}",
        f"  {encoder['licence']}, {encoder['bytes'] / 1e6:.1f} MB, sha256 {encoder['sha256'][:16]}...",
        f"  {where}",
    ]
