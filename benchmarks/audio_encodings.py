"""Number of samples that each way into sedpipe decodes from one recording in every encoding.

``python benchmarks/audio_encodings.py`` has ``ffmpeg`` write recordings of several lengths in each encoding of
``tests/encoded.py``, passes the files to ``predict``, a folder dataset, ``--from`` and the recordings of mixtures, and
writes one line per encoding to ``benchmarks/results/audio-encodings.json``.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import TypeGuard

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "pipeline"), str(ROOT / "tests")]

import soundfile  # noqa: E402
from doors import RATE, Outcome, through_adoption, through_folder, through_mixing, through_prediction  # noqa: E402
from encoded import ENCODINGS, clock, encode_all  # noqa: E402

DOORS = ("predict", "folder", "from", "mixtures")
LONGER_S = 0.3
"""Seconds by which the clip requested with ``--from`` is longer than the recording."""


def samples_behind(length_s: float, folder: Path) -> Iterator[tuple[str, list[int | str]]]:
    """Yield, for each encoding, the samples at ``RATE`` that each of ``DOORS`` decodes, or why it decodes none."""
    made = encode_all(clock(length_s, RATE), RATE, folder)
    files = [path.name for path in made.values()]
    converted, adopted = through_folder(folder, files), through_adoption(folder, files, length_s + LONGER_S)
    for name, path in made.items():
        seconds = (through_prediction(path), converted[path.name], adopted[path.name], through_mixing(path))
        yield name, [_samples(each) for each in seconds]


def _samples(seconds: Outcome) -> int | str:
    return seconds if isinstance(seconds, str) else round(seconds * RATE)


def table(lengths_s: list[float]) -> dict[str, dict[str, list[int | str]]]:
    """Return the samples that each of ``DOORS`` decodes, by encoding and length."""
    rows: dict[str, dict[str, list[int | str]]] = {name: {} for name in ENCODINGS}
    for length_s in lengths_s:
        with tempfile.TemporaryDirectory() as folder:
            for name, samples in samples_behind(length_s, Path(folder)):
                rows[name][f"{length_s:g}"] = samples
    return {name: samples for name, samples in rows.items() if samples}


def _all_decode(samples: list[int | str]) -> TypeGuard[list[int]]:
    return all(isinstance(each, int) for each in samples)


def written(rows: dict[str, dict[str, list[int | str]]], lengths_s: list[float]) -> str:
    """Return the results as JSON, with one line per encoding."""
    compared = [samples for of in rows.values() for samples in of.values()]
    counted = [samples for samples in compared if _all_decode(samples)]
    ffmpeg = subprocess.run(["ffmpeg", "-version"], capture_output=True, text=True, check=True).stdout.split()[2]
    head = {
        "sample_rate": RATE,
        "seconds": {f"{length_s:g}": round(length_s * RATE) for length_s in lengths_s},
        "doors": DOORS,
        "encodings": len(rows),
        "compared": len(compared),
        "refused": len(compared) - len(counted),
        "the_same_to_the_sample": sum(len(set(samples)) == 1 for samples in counted),
        "most_samples_apart": max((max(samples) - min(samples) for samples in counted), default=None),
        "made_by": {
            "ffmpeg": ffmpeg,
            "libsndfile": soundfile.__libsndfile_version__,
            "av": version("av"),
            "soxr": version("soxr"),
        },
    }
    lines = [
        json.dumps({"encoding": name, "ffmpeg": ENCODINGS[name][1], "samples": samples})
        for name, samples in rows.items()
    ]
    return json.dumps(head, indent=2)[:-2] + ',\n  "rows": [\n    ' + ",\n    ".join(lines) + "\n  ]\n}\n"


def main() -> None:
    """Make the table and write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lengths", type=float, nargs="+", default=[0.3, 1.0, 2.0, 11.7, 31.0], metavar="SECONDS")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / "audio-encodings.json")
    options = parser.parse_args()
    options.out.write_text(written(table(options.lengths), options.lengths))
    print(options.out)


if __name__ == "__main__":
    main()
