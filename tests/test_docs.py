"""What the documents say of the code is so."""

import re
from pathlib import Path

from pipeline.failures import SAYINGS, UNKNOWN

DOCS = Path(__file__).parents[1] / "docs"
BY_OTHERS = {("gone", "too-short"), ("gone", "silent")}  # told by pipeline.io.media


def test_every_reason_of_a_failed_download_is_listed_under_its_state() -> None:
    text = (DOCS / "download.md").read_text(encoding="utf-8")
    reasons = text[text.index("| state | reasons |") : text.index("What this machine lacks")]
    listed = {
        (row.split("|")[1].strip(" `"), reason)
        for row in reasons.splitlines()[2:]
        if row.startswith("|")
        for reason in re.findall(r"`([a-z-]+)`", row.split("|")[2])
    }
    known = {(state, reason) for state, reason, _ in SAYINGS if state != "local"} | {("retryable", UNKNOWN.reason)}
    assert listed == known | BY_OTHERS
    local = re.findall(r"`([a-z-]+)`", text[text.index("What this machine lacks") :].split(")")[0])
    assert set(local) == {reason for state, reason, _ in SAYINGS if state == "local"}
