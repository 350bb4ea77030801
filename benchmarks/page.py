"""Size of pages, and how fast a real Chromium handles them.

``python benchmarks/page.py PAGE...`` opens each page of ``report`` or of ``predict --format html`` in a wide and a
narrow window, and measures: seconds until it is loaded; for a report, milliseconds to open a clip, to filter and to
sort all clips; for a recording, milliseconds to move the threshold and to zoom; and the time from one frame to the next
while scrolling. Writes ``benchmarks/results/page/pages.json``, with the name and size of each file.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "page"
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "pipeline")]

from browser import Browser, find_browser  # noqa: E402

WIDTHS = (1180, 360)

_TIMED = """const timed = (act) => { const from = performance.now(); act(); document.body.offsetHeight;
  return Math.round(performance.now() - from); };"""
_MIDDLE = "const middle = (times) => times.sort((a, b) => a - b)[Math.floor(times.length / 2)];"
REPORT = {
    "open_clip_ms": """middle([...document.querySelectorAll('.clip-row a')].slice(1, 12)
      .map(link => timed(() => link.click())))""",
    "filter_ms": """timed(() => { document.querySelector('.tools [name=class]').selectedIndex = 1;
      document.querySelector('.tools').dispatchEvent(new Event('input')); })""",
    "sort_ms": "timed(() => document.querySelector('table.clips [data-sort=clip]').click())",
}
RECORDING = {
    "threshold_ms": """middle([-1, -1.5, -2, -1, 0, 1, 2].map(value => timed(() => {
      const slider = document.querySelector('[name=shift]'); slider.value = value;
      slider.dispatchEvent(new Event('change')); })))""",
    "zoom_ms": """middle([1, 2, 3, 4, 5]
      .map(() => timed(() => document.querySelectorAll('.zoomers button')[1].click())))""",
}
SCROLL = """(async () => { const gaps = []; let last = performance.now();
  for (let k = 0; k < 60; k += 1) { scrollBy(0, 200); await new Promise(requestAnimationFrame);
    gaps.push(performance.now() - last); last = performance.now(); }
  gaps.sort((a, b) => a - b); return {median: Math.round(gaps[30]), worst: Math.round(gaps[59])}; })()"""


def measured(browser: Browser, page: Path, width: int) -> dict[str, object]:
    """Measure one page at one width."""
    started = time.monotonic()
    browser.open(page, width=width)
    seconds = time.monotonic() - started
    is_report = browser.run("document.querySelector('.clip-row') !== null")
    acts = REPORT if is_report else RECORDING
    times = {name: browser.run(f"(() => {{ {_TIMED} {_MIDDLE} return {act}; }})()") for name, act in acts.items()}
    return {
        "page": page.name,
        "megabytes": round(page.stat().st_size / 1e6, 1),
        "width": width,
        "load_s": round(seconds, 2),
        **times,
        "frame_ms_while_scrolling": browser.run(SCROLL),
    }


def main() -> None:
    """Measure the pages named on the command line."""
    program = find_browser()
    if program is None:
        sys.exit("no Chromium is installed")
    rows = []
    for page in map(Path, sys.argv[1:]):
        for width in WIDTHS:
            with tempfile.TemporaryDirectory() as profile, Browser(program, Path(profile)) as browser:
                rows.append(measured(browser, page, width))
                print(json.dumps(rows[-1]))
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "pages.json").write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
