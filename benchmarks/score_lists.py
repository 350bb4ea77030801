"""Memory and time of ``sedpipe score`` on two event lists of 50,000 clips.

Makes reference events and those of a mediocre system, as ``benchmarks/score.py`` does (17 classes, up to four reference
events per clip), scores them in processes of their own, and writes ``results/score/lists.json``.

    python benchmarks/score_lists.py [--clips 50000] [--ways plain duration against]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from measured import measured
from score import Lists, found_of, some_lists

RESULT = Path(__file__).parent / "results" / "score" / "lists.json"
WAYS = {"plain": [], "duration": ["--duration", "10"], "against": ["--duration", "10", "--against", "other.tsv"]}


def write(path: Path, lists: Lists) -> None:
    """Write events in DCASE's format; a clip without events is a row with its name alone."""
    with path.open("w") as file:
        file.write("filename\tonset\toffset\tevent_label\n")
        for clip_id, events in lists.items():
            rows = [f"\t{event.onset:.3f}\t{event.offset:.3f}\t{event.label}" for event in events] or [""]
            file.writelines(f"{clip_id}.wav{row}\n" for row in rows)


def main() -> None:
    """Make the lists, score them, write time and memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=50_000)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    options = parser.parse_args()
    command = ["score", "--reference", "reference.tsv", "--estimated", "estimated.tsv"]
    costs = {}
    with tempfile.TemporaryDirectory() as folder:
        reference = some_lists(0, options.clips, 4)
        write(Path(folder, "reference.tsv"), reference)
        write(Path(folder, "estimated.tsv"), found_of(reference))
        write(Path(folder, "other.tsv"), some_lists(2, options.clips, 2))
        for way in options.ways:
            cost = measured([*command, *WAYS[way]], Path(folder))
            print(f"{way}: {cost}")
            costs[way] = cost.as_json()
    told = {"clips": options.clips, "load_average": os.getloadavg(), "python": platform.python_version(), **costs}
    RESULT.write_text(json.dumps(told, indent=2) + "\n")


if __name__ == "__main__":
    main()
