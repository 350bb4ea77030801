"""Every verb of sedpipe as a command on a small dataset, to test what should hold for all verbs, whatever happens.

A small cache is made once by running all verbs; a trial is a copy of it without the results of one verb, so that this
verb has its work to do. Used by ``interrupts.py``, ``full_disk.py``, ``permissions.py``, ``kills.py``,
``side_by_side.py``.

- :data:`VERBS`: their commands, the files that they make, and which of these are the same every time
- :class:`Bench`: the whole cache, the copy for a trial, and checks of what was made
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "pipeline"), str(ROOT / "tests")]

from builders import tiny_mixtures, write_tone  # noqa: E402
from ready import Ready, Running  # noqa: E402
from sedpipe.io.files.owners import TEMPORARY_PREFIX  # noqa: E402

N_RECORDINGS = 6
N_SHORT = 40
ENCODER = """runtime = "onnx"
sample_rate = 8_000
window = 800
hop = 400
dimensions = 3
trained_on = "nothing"
licence = "CC0"
[file]
name = "ears.onnx"
"""
SMALL = ["--preset", "small.toml", "--epochs", "2"]
PRESET = """[network]
maps = [4, 8]
pools = [[5, 4], [1, 4]]
conv_maps = 8
gru_units = 4
dropout = 0.1
"""


@dataclass(frozen=True)
class Verb:
    """A command, run in the folder of a trial.

    Parameters
    ----------
    arguments : list of str
        Arguments after ``sedpipe``.
    makes : tuple of str
        Patterns of all that it makes.
    same : tuple of str
        Patterns of files that have the same bytes whenever and however often it is run.
    frees : tuple of str
        Patterns of what must no longer exist when it has ended.
    """

    arguments: list[str]
    makes: tuple[str, ...] = ()
    same: tuple[str, ...] = ()
    frees: tuple[str, ...] = ()


_ONE = "cache/tiny/runs/one"
_TWO = "cache/tiny/runs/two"
_THREE = "cache/tiny/runs/three"
_TRAIN = ["train", "tiny", "--save-every", "0", *SMALL]
_TABLE = [
    "reproduce",
    "table2",
    "tiny",
    "--seeds",
    "0",
    "--poolings",
    "linear",
    "--jobs",
    "2",
    "--threads",
    "2",
    *SMALL,
]
_OF_TABLE = tuple(f"cache/tiny/runs/table2*/{name}" for name in ("log.csv", "estimated-*", "scores-*"))
_OF_TABLE += ("cache/tiny/tables/*/table.csv",)
VERBS = {
    "init": Verb(["init", "field"], ("field.toml", "field-*"), ("field.toml", "field-*")),
    "check": Verb(["check", "field.toml", "--jobs", "2"]),
    "download own": Verb(
        ["download", "field.toml", "--jobs", "2"],
        ("cache/field",),
        ("cache/field/audio/*/*/*.flac", "cache/field/*.tsv", "cache/field/dataset.json"),
    ),
    "encoders fetch": Verb(
        ["encoders", "fetch", "ears.toml"], ("cache/sources/encoders",), ("cache/sources/encoders/*/*.onnx",)
    ),
    "download": Verb(
        ["download", "tiny-tiny.toml", "--jobs", "2"],
        ("cache/tiny",),
        ("cache/tiny/audio/*/*.flac", "cache/tiny/*.tsv", "cache/tiny/dataset.json"),
    ),
    "features": Verb(["features", "tiny", "--jobs", "2"], ("cache/tiny/features",), ("cache/tiny/features/*/*.h5",)),
    "train": Verb([*_TRAIN, "--run", "one", "--threads", "1"], (_ONE,), (f"{_ONE}/log.csv", f"{_ONE}/checkpoint.pt")),
    "train in two": Verb(
        [*_TRAIN, "--run", "two", "--threads", "2", "--devices", "2"],
        (_TWO,),
        (f"{_TWO}/log.csv", f"{_TWO}/checkpoint.pt"),
    ),
    "train from one": Verb(
        ["train", "tiny", "--init", _ONE, "--freeze", "--epochs", "1", "--run", "three", "--threads", "1"],
        (_THREE,),
        (f"{_THREE}/log.csv",),
    ),
    "score": Verb(
        ["score", "tiny", "--run", "one"],
        (f"{_ONE}/scores-*", f"{_ONE}/estimated-*", f"{_ONE}/frame-scores-evaluation.h5"),
        (f"{_ONE}/estimated-*", f"{_ONE}/scores-*"),
    ),
    "score exported": Verb(
        ["score", "tiny", "--run", "one", "--export-scores", "probabilities"], ("probabilities",), ("probabilities/*",)
    ),
    "report": Verb(["report", "one"], (f"{_ONE}/report-*",), ()),
    "export": Verb(["export", "one", "--dataset", "tiny", "--out", "export"], ("export",), ("export/*",)),
    "export as onnx": Verb(
        ["export", "one", "--dataset", "tiny", "--out", "onnx", "--format", "onnx"], ("onnx",), ("onnx/*",)
    ),
    "predict": Verb(["predict", "recordings", "--model", _ONE, "--out", "events"], ("events",), ("events/*.tsv",)),
    "predict by two": Verb(
        ["predict", "short", "--model", _ONE, "--out", "found", "--jobs", "2"], ("found",), ("found/*.tsv",)
    ),
    "predict as pages": Verb(
        ["predict", "recordings", "--model", _ONE, "--out", "pages", "--format", "html"], ("pages",), ("pages/*.html",)
    ),
    "predict to stdout": Verb(["predict", "recordings", "--model", _ONE]),
    "reproduce": Verb([*_TABLE, *SMALL], ("cache/tiny/tables", "cache/tiny/runs/table2*"), _OF_TABLE),
    "status": Verb(["status", "tiny", "--export", "clips.tsv"], ("clips.tsv",), ("clips.tsv",)),
    "cache prune": Verb(["cache", "prune", "--kind", "features", "--yes"], frees=("cache/tiny/features/*",)),
}


@dataclass
class Bench:
    """A folder with the whole cache, and one for the current trial.

    Parameters
    ----------
    folder : Path
        Folder that contains both.
    seconds : dict of str to float
        Processor seconds of each verb.
    expected : dict of str to dict
        sha256 of the files of each verb that are the same every time, by path.
    before : dict of str to str
        sha256 of all files at the beginning of the trial, by path.
    ready : Ready
        Process that runs the commands.
    """

    folder: Path
    seconds: dict[str, float] = field(default_factory=dict)
    expected: dict[str, dict[str, str]] = field(default_factory=dict)
    before: dict[str, str] = field(default_factory=dict)
    ready: Ready = field(default_factory=Ready)

    @property
    def whole(self) -> Path:
        """Folder of the whole cache."""
        return self.folder / "whole"

    @property
    def trial(self) -> Path:
        """Folder of the current trial."""
        return self.folder / "trial"

    def make(self) -> None:
        """Run every verb undisturbed, and note how long it took and what it made; an existing bench is kept."""
        notes = self.folder / "bench.json"
        if notes.exists():
            self.seconds, self.expected = json.loads(notes.read_text())
            return
        _write_inputs(self.whole)
        for name, verb in VERBS.items():
            if name != "cache prune":
                running = self.ready.start(verb.arguments, self.whole)
                outcome = running.ended()
                if outcome.returncode:
                    raise SystemExit(f"{name}: {outcome.stderr}")
                self.seconds[name] = running.used()
            self.expected[name] = hashes(self.whole, verb)
        self.seconds["cache prune"] = self.seconds["status"]
        notes.write_text(json.dumps([self.seconds, self.expected]))

    def begin(self, verb: Verb, *, anew: bool = True) -> None:
        """Begin a trial with the whole cache without what ``verb`` makes; ``anew``: in a new folder."""
        if anew:
            shutil.rmtree(self.trial, ignore_errors=True)
        shutil.copytree(self.whole, self.trial, symlinks=True, dirs_exist_ok=True)
        for pattern in verb.makes:
            for path in self.trial.glob(pattern):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        self.before = hashes_of_all(self.trial)

    def start(self, verb: Verb, **options: Any) -> Running:
        """Start the command in the trial's folder; options as of :meth:`ready.Ready.start`."""
        return self.ready.start(verb.arguments, self.trial, **options)

    def run(self, verb: Verb) -> subprocess.CompletedProcess[str]:
        """Run the command in the trial's folder, undisturbed."""
        return self.start(verb).ended()

    def faults(self, name: str) -> list[str]:
        """Return what is wrong with a trial that has succeeded in the end."""
        found, frees = hashes(self.trial, VERBS[name]), VERBS[name].frees
        faults = [f"{path} differs" for path in self.expected[name] if found.get(path) != self.expected[name][path]]
        kept = [path for pattern in frees for path in self.trial.glob(pattern)]
        return faults + [f"{path.relative_to(self.trial)} is left" for path in (*kept, *temporaries(self.trial))]


def _write_inputs(folder: Path) -> None:
    """Write a manifest, settings, an encoder, and recordings: some of 3 s, many of 0.3 s, and a folder per class."""
    folder.mkdir(parents=True, exist_ok=True)
    tiny_mixtures(folder, "tiny", n_training=24, n_other=6)
    (folder / "small.toml").write_text(PRESET)
    (folder / "ears.toml").write_text(ENCODER)
    (folder / "ears.onnx").write_bytes(np.random.default_rng(0).bytes(8_000_000))  # fetched, but never run
    for name, n, seconds in (("recordings", N_RECORDINGS, 3.0), ("short", N_SHORT, 0.3)):
        (folder / name).mkdir()
        for number in range(n):
            samples = 0.1 * np.random.default_rng(number).standard_normal(round(44_100 * seconds))
            soundfile.write(folder / name / f"{number:02d}.wav", samples, 44_100)
    for number in range(12):
        write_tone(
            folder / "field" / ("Hum", "Whistle")[number % 2] / f"{number}.wav", 2.0, (100.0, 3000.0)[number % 2]
        )


def hashes(folder: Path, verb: Verb) -> dict[str, str]:
    """Return the sha256 of the files that are the same every time, by path."""
    paths = sorted(path for pattern in verb.same for path in folder.glob(pattern) if path.is_file())
    here = str(folder.resolve()).encode()  # a dataset's record contains the path of its manifest
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes().replace(here, b"")).hexdigest()
        for path in paths
    }


def hashes_of_all(folder: Path) -> dict[str, str]:
    """Return the sha256 of every file except locks, by path."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock")
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def temporaries(folder: Path) -> list[Path]:
    """Return unfinished files and folders; this is fast, since most exist for a few milliseconds only."""
    found, folders = [], [str(folder)]
    while folders:
        with contextlib.suppress(FileNotFoundError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.name.startswith(TEMPORARY_PREFIX):
                    found.append(Path(entry.path))
                elif entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
    return sorted(found)
