"""What a crawl of 300 clips does when a site gives the same answer for every clip, for each reason of failure.

The crawl is the real one with its pauses set to 0; the site is simulated: for every clip, or (``mixed``) for every clip
except each fourth, it fails with an error message of YouTube, a server or the system. Counts requests, and the states
that clips are in at the end: a failure that affects all clips must not be recorded for any of them. Writes
``results/crawl.json``.

    python benchmarks/crawl.py [--clips 300]
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "pipeline"), str(ROOT / "tests")]

from sedpipe.clips import Clip  # noqa: E402
from sedpipe.failures import SAYINGS, FailedClipError, classify  # noqa: E402
from sedpipe.fates import Fate  # noqa: E402
from sedpipe.sources.crawl import Manners, crawl  # noqa: E402
from sedpipe.sources.source import FetchStoppedError  # noqa: E402
from test_failures import SAID  # noqa: E402

RESULT = Path(__file__).parent / "results" / "crawl.json"
AT_ONCE = Manners(workers=2, spacing_s=0, breaker=10, clip_timeout_s=30, backoff_s=0)


class Site:
    """A simulated site that fails with the same message for every clip except each ``fine``-th, which is available."""

    def __init__(self, words: str, fine: int) -> None:
        self._words, self._fine, self._lock, self.asked = words, fine, threading.Lock(), 0

    def get(self, clip: Clip, stopped: Callable[[], bool]) -> Fate:
        """Count a request and answer it."""
        with self._lock:
            self.asked += 1
        if self._fine and int(clip.clip_id) % self._fine == 0:
            return Fate(clip.split, clip.clip_id, "ok")
        raise FailedClipError(self._words, classify(self._words))

    def close(self) -> None:
        """Do nothing: there is nothing to release."""


def crawled(words: str, n_clips: int, fine: int = 0) -> dict[str, Any]:
    """Run a crawl; return the number of requests, the clips by final state, and the message if it stopped."""
    clips = [Clip(str(number), "training", str(number), 0, 10, ()) for number in range(n_clips)]
    site, marks, told = Site(words, fine), Counter[str](), ""
    try:
        for fate in crawl(clips, lambda: site, AT_ONCE):
            marks[fate.state] += 1
    except FetchStoppedError as stop:
        told = f"{stop.message}: {stop.hint}"
    return {"requests": site.asked, "marks": dict(marks), "stopped": told}


def main() -> None:
    """Run a crawl for every reason, alone and mixed; print and write the results."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--clips", type=int, default=300)
    options = parser.parse_args()
    words = {reason: said for said, _, reason in reversed(SAID)}
    reasons = dict.fromkeys([*(reason for _, reason, _ in SAYINGS), "unknown"])
    report: dict[str, dict[str, Any]] = {
        reason: {
            "said": words[reason],
            "of all": crawled(words[reason], options.clips),
            "but of each fourth": crawled(words[reason], options.clips, 4),
        }
        for reason in reasons
    }
    for reason, found in report.items():
        alone, mixed = found["of all"], found["but of each fourth"]
        print(f"{reason:16} {alone['requests']:4} requests {alone['marks']!s:24} mixed: {mixed['marks']}")
    RESULT.write_text(json.dumps({"clips": options.clips, "reasons": report}, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
