"""Everything that sedpipe reads: which file, and what reads it. Each is damaged and read through the real readers.

- :data:`SURFACES`: all of them
- :func:`told`: how reading a damaged one ended
"""

from __future__ import annotations

import json
import os
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from fuzz.mutations import damaged
from sedpipe.errors import SedpipeError
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.feature_file import FeatureFile
from sedpipe.io.cache.ledger import read_ledgers
from sedpipe.io.cache.resume import find_resume
from sedpipe.io.cache.runs import Run
from sedpipe.io.lists.durations import read_durations
from sedpipe.io.lists.events import read_event_list
from sedpipe.io.lists.weak import read_weak_list
from sedpipe.io.manifests.load import load_manifest
from sedpipe.io.models.open import open_model
from sedpipe.io.prediction_log import PredictionLog
from sedpipe.io.settings.front_ends import load_front_end
from sedpipe.io.settings.presets import load_preset
from sedpipe.io.settings.recipes import load_recipe
from sedpipe.labels import LabelSet
from sedpipe.nn.pooling import PoolingConfig
from sedpipe.printable import printable
from sedpipe.stages.download import download
from sedpipe.stages.features import explain_features
from sedpipe.stages.predict import predict
from sedpipe.stages.report import report
from sedpipe.stages.reproduce.grid import grid
from sedpipe.stages.reproduce.table2 import reproduce_table2
from sedpipe.stages.score import score
from sedpipe.stages.status import export_clips, status
from sedpipe.stages.train import train
from sedpipe.training.settings import TrainSettings

MADE = Path(__file__).parents[1] / "first_edition" / "made"
CACHE = Path("cache/tones")
WHOLE, BEGUN = CACHE / "runs" / "whole", CACHE / "runs" / "begun"
TABLE = CACHE / "tables" / "table2-tiny"
FEATURES = next((MADE / CACHE / "features").iterdir()).relative_to(MADE)
MOST_OF_A_MESSAGE = 300
WRITTEN = {
    "recipe.toml": b"[training]\nlearning_rate = 0.002\norder = 'balanced'\n[training.augment]\nshift = true\n",
    "durations.tsv": b"filename\tduration\ntesting-0.flac\t1.200\ntesting-1.flac\t1.2\n",
}
"""What people write and the first edition's folder lacks."""


@dataclass(frozen=True)
class Surface:
    """One kind of file.

    Parameters
    ----------
    name : str
    path : Path
        Below the folder of the first edition.
    read : callable
        Reads it, in that folder, and gives what it came to.
    is_text : bool
        Damaged as text; else as bytes.
    is_slow : bool
        Takes a second: only some of the inputs go there.
    """

    name: str
    path: Path
    read: Callable[[], object]
    is_text: bool = True
    is_slow: bool = False

    @property
    def raw(self) -> bytes:
        """The whole file."""
        return WRITTEN.get(str(self.path)) or (MADE / self.path).read_bytes()


def _tones() -> Dataset:
    return Dataset(Path("cache"), "tones")


def _spec() -> FeatureSpec:
    return FeatureSpec(load_front_end(Path("front_end.toml")))


def _settings() -> TrainSettings:
    preset = load_preset("tiny.toml")
    return TrainSettings(preset.name, preset.network, preset.pooling, preset.training, 0, "cpu", 1)


def _status() -> object:
    return status(_tones(), classes=True)


def _score() -> object:
    return score(_tones(), run="whole", split="testing")


def _report() -> object:
    return report(["whole"], Path("cache"), split="testing", n_clips=1, path=Path("page.html")).clips


def _train_whole() -> object:
    return train(_tones(), _settings(), _spec(), run_name="whole")


def _train_begun() -> object:
    return train(_tones(), _settings(), _spec(), run_name="begun").epochs


def _reproduce() -> object:
    settings = _settings()
    once = replace(settings, training=replace(settings.training, epochs=1), pooling=PoolingConfig("linear", (5,)))
    return reproduce_table2(_tones(), once, _spec(), grid((0,), ((), (5,)), ("linear",))).cells


def _explain() -> object:
    return explain_features(_tones(), _spec()).reasons


def _rows_of_features() -> object:
    file = FeatureFile(FEATURES / "testing.h5")
    try:
        return [(row.clip_id, row.n_frames) for row in map(file.read, range(len(file.clip_ids)))]
    finally:
        file.close()


def _log_of_predictions() -> object:
    text = (MADE / "predictions" / "predictions.jsonl").read_text(encoding="utf-8")
    log = PredictionLog(Path("predictions"), json.loads(text.splitlines()[0])["settings"])
    return [log.find(path.name, path) for path in sorted(Path("recordings").iterdir())]


def _clips_table() -> object:
    return export_clips(_tones(), Path("out.tsv"))


LABELS = LabelSet(("Low tone", "High tone"))
SURFACES = [
    Surface("dataset.json", CACHE / "dataset.json", _status),
    Surface("dataset.json, score", CACHE / "dataset.json", _score),
    Surface("clips.tsv", CACHE / "clips.tsv", _status),
    Surface("clips.tsv, score", CACHE / "clips.tsv", _score),
    Surface("reference", CACHE / "reference-testing.tsv", _score),
    Surface("ledger", CACHE / "ledger.sqlite", _status, is_text=False),
    Surface("ledger, export", CACHE / "ledger.sqlite", _clips_table, is_text=False),
    Surface("ledger, all", CACHE / "ledger.sqlite", lambda: read_ledgers(CACHE), is_text=False),
    Surface("run.json", WHOLE / "run.json", lambda: Run(WHOLE).find_record()),
    Surface("run.json, status", WHOLE / "run.json", _status),
    Surface("run.json, score", WHOLE / "run.json", _score),
    Surface("run.json, train", WHOLE / "run.json", _train_whole),
    Surface("run.json, report", WHOLE / "run.json", _report),
    Surface("scores", WHOLE / "scores-testing.json", lambda: Run(WHOLE).find_scores("testing")),
    Surface("scores, report", WHOLE / "scores-testing.json", _report),
    Surface("estimated, report", WHOLE / "estimated-testing.tsv", _report),
    Surface("frame scores", WHOLE / "frame-scores-testing.h5", _score, is_text=False),
    Surface("frame scores, report", WHOLE / "frame-scores-testing.h5", _report, is_text=False),
    Surface("log.csv", WHOLE / "log.csv", _status),
    Surface("table.json", TABLE / "table.json", _status),
    Surface("cell", TABLE / "cells" / "linear-5-seed0.json", _reproduce),
    Surface("features", FEATURES / "testing.h5", _rows_of_features, is_text=False),
    Surface("features, status", FEATURES / "testing.h5", _status, is_text=False),
    Surface("features, explain", FEATURES / "testing.h5", _explain, is_text=False),
    Surface("audio.tsv", FEATURES / "testing.audio.tsv", _explain),
    Surface("failed.tsv", FEATURES / "testing.failed.tsv", _status),
    Surface("failed.tsv, explain", FEATURES / "testing.failed.tsv", _explain),
    Surface("predictions.jsonl", Path("predictions/predictions.jsonl"), _log_of_predictions),
    Surface("resume", BEGUN / "resume.pt", lambda: find_resume(BEGUN / "resume.pt")[1], is_text=False),
    Surface("resume, train", BEGUN / "resume.pt", _train_begun, is_text=False, is_slow=True),
    Surface("model", WHOLE / "checkpoint.pt", lambda: open_model(str(WHOLE), None, "cpu").sha256, is_text=False),
    Surface("config.json", Path("export/config.json"), lambda: open_model("./export", None, "cpu").trained.labels),
    Surface("config.json, predict", Path("export/config.json"),
            lambda: predict([Path("recordings/testing-0.flac")], "./export").files, is_slow=True),
    Surface("weights", Path("export/model.safetensors"), lambda: open_model("./export", None, "cpu").sha256,
            is_text=False),
    Surface("manifest", Path("tones.toml"), lambda: load_manifest("tones.toml").fingerprint),
    Surface("preset", Path("tiny.toml"), lambda: load_preset("tiny.toml")),
    Surface("recipe", Path("recipe.toml"), lambda: load_recipe("recipe.toml")),
    Surface("front end", Path("front_end.toml"), lambda: load_front_end(Path("front_end.toml"))),
    Surface("weak list", Path("testing.tsv"), lambda: read_weak_list(Path("testing.tsv"), LABELS)),
    Surface("event list", Path("testing-events.tsv"), lambda: read_event_list(Path("testing-events.tsv"), LABELS)),
    Surface("durations", Path("durations.tsv"), lambda: read_durations(Path("durations.tsv"))),
    Surface("lists, download", Path("testing-events.tsv"),
            lambda: download(load_manifest("tones.toml"), Path("elsewhere"), dry_run=True).splits),
    Surface("recording", Path("recordings/testing-0.flac"),
            lambda: [file.state for file in predict([Path("recordings/testing-0.flac")], "./export").files],
            is_text=False, is_slow=True),
]  # fmt: skip


_WHOLE = {path.relative_to(MADE): path.read_bytes() for path in MADE.rglob("*") if path.is_file()}


@dataclass(frozen=True)
class Told:
    """How reading ended: ``read``, ``refused``, or what must not be: ``traceback``, ``long`` or ``unprintable``."""

    outcome: str
    said: str
    place: str = ""

    @property
    def is_fine(self) -> bool:
        """Whether it may be so."""
        return self.outcome in ("read", "refused")


def told(surface: Surface, folder: Path, seed: str | None) -> Told:
    """Damage a surface's file in a folder that holds what the first edition left behind, read it, mend it.

    Without a seed, the file is whole.
    """
    path, raw = folder / surface.path, surface.raw
    with _mended(folder), _in(folder):
        path.write_bytes(raw if seed is None else damaged(raw, seed, is_text=surface.is_text))
        try:
            return Told("read", repr(surface.read()))
        except SedpipeError as error:
            return _judged(error)
        except Exception as error:
            frame = traceback.extract_tb(error.__traceback__)[-1]
            return Told("traceback", f"{type(error).__name__}: {error}"[:200], f"{frame.filename}:{frame.lineno}")


def _judged(error: SedpipeError) -> Told:
    if len(error.message) > MOST_OF_A_MESSAGE:
        return Told("long", error.message)
    if printable(error.message) != error.message:
        return Told("unprintable", error.message)
    return Told("refused", error.message)


@contextmanager
def _mended(folder: Path) -> Iterator[None]:
    """What was damaged, and what reading it has written, is taken back."""
    try:
        yield
    finally:
        for path in folder.rglob("*"):
            whole = _WHOLE.get(path.relative_to(folder))
            if path.is_file() and whole is None:
                path.unlink()
        for name, whole in _WHOLE.items():
            path = folder / name
            if not path.is_file() or path.read_bytes() != whole:
                path.write_bytes(whole)


@contextmanager
def _in(folder: Path) -> Iterator[None]:
    there = Path.cwd()
    os.chdir(folder)
    torch.set_num_threads(1)
    try:
        with open(os.devnull, "w") as nowhere, redirect_stderr(nowhere):
            yield
    finally:
        os.chdir(there)
