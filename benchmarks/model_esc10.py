"""The models that come with sedpipe, made with the commands on their cards.

``python benchmarks/model_esc10.py esc10-yamnet --from ESC-10 --cache CACHE`` mixes the dataset ``esc10`` from the
ESC-10 recordings, makes features, trains, scores and exports the model to ``pipeline/sedpipe/models/``, and puts the
records of the run beside the other results. ``esc10`` is the CRNN, ``esc10-yamnet`` the head on a frozen encoder. A
rerun resumes. ``--print`` only prints the commands; ``--recipe`` and ``--models`` train with another recipe and export
to another folder.
"""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
from pathlib import Path

from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.runs import named_run
from sedpipe.io.files.atomic import write_text

DATASET = "esc10"
FEATURES = {"esc10": [], "esc10-yamnet": ["--encoder", "yamnet"]}
TRAINING = {
    "esc10": ["--preset", "cdur", "--recipe", "robust", "--epochs", "16"],
    "esc10-yamnet": ["--preset", "head", "--recipe", "benchmarks/table2/averaged.toml"],
}
KEPT = ("run.json", "log.csv", "scores-testing.json")


def commands(model: str, models: Path, recordings: Path | None, training: list[str]) -> list[list[str]]:
    """Return the arguments of each ``sedpipe`` command, without the cache."""
    return [
        ["download", DATASET, *(["--from", str(recordings)] if recordings else [])],
        ["features", DATASET, *FEATURES[model]],
        ["train", DATASET, *FEATURES[model], *training, "--seed", "0", "--threads", "1", "--run", run_of(model)],
        ["score", DATASET, "--run", run_of(model), "--split", "testing"],
        ["export", run_of(model), "--dataset", DATASET, "--out", str(models / model)],
    ]


def run_of(model: str) -> str:
    """Return the name of a model's run; not that of the model, which the run would hide."""
    return f"shipped-{model}"


def main() -> None:
    """Make one model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", choices=list(TRAINING))
    parser.add_argument("--from", dest="recordings", type=Path, help="folder or archive of ESC-10")
    parser.add_argument("--cache", type=Path, default=Path("cache"))
    parser.add_argument("--models", type=Path, default=Path("pipeline/sedpipe/models"))
    parser.add_argument("--results", type=Path, default=Path("benchmarks/results"))
    parser.add_argument("--recipe", help="instead of its own")
    parser.add_argument("--print", dest="only_prints", action="store_true")
    options = parser.parse_args()
    training = list(TRAINING[options.model])
    if options.recipe is not None:
        training[training.index("--recipe") + 1] = options.recipe
    for words in commands(options.model, options.models, options.recordings, training):
        print("sedpipe", shlex.join(words), flush=True)
        if not options.only_prints:
            _run([*words, "--cache", str(options.cache)])
    if not options.only_prints:
        run = named_run(Dataset(options.cache, DATASET), run_of(options.model))
        folder = options.results / f"model-{options.model}"
        folder.mkdir(parents=True, exist_ok=True)
        for name in KEPT:
            told = (run.folder / name).read_text(encoding="utf-8")
            write_text(folder / name, told.replace(str(options.cache), "cache"))
        print(f"now write {options.models / options.model / 'README.md'}, the card")


def _run(words: list[str]) -> None:
    """Run a command; exit if it fails, unless ``download`` returns 3: fold 5 is missing then, and is not needed."""
    code = subprocess.run([sys.executable, "-m", "sedpipe", *words], check=False).returncode
    if code and (words[0], code) != ("download", 3):
        sys.exit(code)


if __name__ == "__main__":
    main()
