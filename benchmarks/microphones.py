"""How well models classify recordings whose rate or level differs from those that they were trained on.

``python benchmarks/microphones.py --recordings ESC-10 --models MODEL ...`` takes the ESC-10 recordings of one fold that
no model may have been trained on (``--fold 3``: `testing` of ``esc10-fold4``), resamples each to a lower rate or scales
it, rounds it to 16 bits as a recorder does, and counts how often the class with the largest clip probability is the
recording's, and how often ``predict`` would remark that the recording is unlike those of training. A model is a run
folder, an export, or the name of one that comes with sedpipe. Prints a table; ``--json`` writes it to a file.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "pipeline"))

import numpy as np  # noqa: E402
import sedpipe  # noqa: E402
import soundfile  # noqa: E402
import soxr  # noqa: E402

RATES = (44_100, 32_000, 22_050, 16_000, 8_000)
LEVELS_DB = (0, -20, -40, 20)
FULL_SCALE = 2**15


def conditions() -> list[tuple[str, int, float]]:
    """Return name, rate in Hz and gain in dB: each rate at the original level, each level at the full rate."""
    rates = [(f"{rate / 1000:g} kHz", rate, 0.0) for rate in RATES]
    return rates + [(f"{gain:+d} dB", RATES[0], float(gain)) for gain in LEVELS_DB if gain]


def recorded(samples: np.ndarray, rate: int, wanted: int, gain_db: float) -> np.ndarray:
    """Return the recording as another recorder stores it: at its rate and level, clipped and rounded to 16 bits."""
    heard: np.ndarray = samples if wanted == rate else soxr.resample(samples, rate, wanted)
    scaled = np.round(heard * 10 ** (gain_db / 20) * FULL_SCALE)
    return np.clip(scaled, -FULL_SCALE, FULL_SCALE - 1).astype(np.float32) / FULL_SCALE


def of_fold(folder: Path, fold: int) -> list[tuple[Path, str]]:
    """Return the recordings of a fold with their classes, as folders name them: ``001 - Dog bark/3-....ogg``."""
    found = [(path, path.parent.name.partition(" - ")[2]) for path in sorted(folder.glob(f"*/{fold}-*"))]
    if not found:
        sys.exit(f"{folder} holds no recordings of fold {fold}, expected files like '001 - Dog bark/{fold}-*.ogg'")
    return found


def main() -> None:
    """Run every model on every recording under every condition."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recordings", type=Path, required=True)
    parser.add_argument("--models", nargs="+", required=True)
    parser.add_argument("--cache", type=Path, default=Path("cache"), help="where encoders' files lie")
    parser.add_argument("--fold", type=int, default=3)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    recordings = of_fold(options.recordings, options.fold)
    table: dict[str, dict[str, int]] = {}
    remarked: dict[str, dict[str, int]] = {}
    for address in options.models:
        model = sedpipe.load_model(address, cache=options.cache, device="cpu")
        right = dict.fromkeys((name for name, _, _ in conditions()), 0)
        unlike = dict.fromkeys(right, 0)
        for path, label in recordings:
            channels, rate = soundfile.read(path, dtype="float32", always_2d=True)
            mono = channels.mean(axis=1)
            for name, wanted, gain_db in conditions():
                samples = recorded(mono, rate, wanted, gain_db)
                scores = model.frame_scores(samples, wanted)
                unlike[name] += bool(model.unlike_training(samples, wanted))
                right[name] += model.labels.names[int(np.argmax(scores.clip_probs[0]))] == label
        table[Path(address).name], remarked[Path(address).name] = right, unlike
        shown = ", ".join(f"{name} {n}" for name, n in right.items())
        print(f"{Path(address).name}: of {len(recordings)} right: {shown}", flush=True)
        shown = ", ".join(f"{name} {n}" for name, n in unlike.items())
        print(f"{Path(address).name}: of {len(recordings)} remarked as unlike training: {shown}", flush=True)
    if options.json is not None:
        report = {"recordings": len(recordings), "fold": options.fold, "right": table, "remarked": remarked}
        options.json.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
