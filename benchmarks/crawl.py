"""What a crawl of 300 clips does where a site says the same of each, for every reason that there is.

The crawl is the real one with its pauses at 0; the site is a plan that says, of every clip or (``mixed``) of every clip
but each fourth, what YouTube, a server or the system says in words. Counts requests, and what the clips are called in
the end: nothing that strikes all may leave a mark on a clip. Writes ``results/crawl.json``.

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
    """Says the same of every clip, but of each ``fine``-th, which is there."""

    def __init__(self, words: str, fine: int) -> None:
        self._words, self._fine, self._lock, self.asked = words, fine, threading.Lock(), 0

    def get(self, clip: Clip, stopped: Callable[[], bool]) -> Fate:
        """A request."""
        with self._lock:
            self.asked += 1
        if self._fine and int(clip.clip_id) % self._fine == 0:
            return Fate(clip.split, clip.clip_id, "ok")
        raise FailedClipError(self._words, classify(self._words))

    def close(self) -> None:
        """Nothing to forget."""


def crawled(words: str, n_clips: int, fine: int = 0) -> dict[str, Any]:
    """Requests, marks and the last sentence of a crawl."""
    clips = [Clip(str(number), "training", str(number), 0, 10, ()) for number in range(n_clips)]
    site, marks, told = Site(words, fine), Counter[str](), ""
    try:
        for fate in crawl(clips, lambda: site, AT_ONCE):
            marks[fate.state] += 1
    except FetchStoppedError as stop:
        told = f"{stop.message}: {stop.hint}"
    return {"requests": site.asked, "marks": dict(marks), "stopped": told}


def main() -> None:
    """Every reason, alone and mixed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--clips", type=int, default=300)
    options = parser.parse_args()
    words = {reason: said for said, _, reason in reversed(SAID)}
    reasons = dict.fromkeys([*(reason for _, reason, _ in SAYINGS), "unknown"])
    report = {
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
