"""Files that sedpipe itself writes, in the first edition and now, and reads back.

- :data:`RECORDS`: each file with the function that reads it
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from sedpipe.features.spec import FeatureSpec
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.feature_file import FeatureFile
from sedpipe.io.cache.ledger import read_ledgers
from sedpipe.io.cache.resume import find_resume
from sedpipe.io.cache.runs import Run
from sedpipe.io.manifests.load import load_manifest
from sedpipe.io.models.open import open_model
from sedpipe.io.prediction_log import PredictionLog
from sedpipe.io.settings.front_ends import load_front_end
from sedpipe.nn.pooling import PoolingConfig
from sedpipe.stages.cache import list_cache
from sedpipe.stages.download import download
from sedpipe.stages.features import explain_features, extract_features
from sedpipe.stages.predict import predict
from sedpipe.stages.predict_files import Output
from sedpipe.stages.report import report
from sedpipe.stages.reproduce.grid import grid
from sedpipe.stages.reproduce.table2 import reproduce_table2
from sedpipe.stages.score import score
from sedpipe.stages.status import export_clips, status
from sedpipe.stages.train import train

from fuzz.ground import CACHE, MADE, NOW, tiny
from fuzz.surface import of_file

FEATURES = Path("features") / next((MADE / CACHE / "features").iterdir()).name
RECORDING = Path("recordings/testing-0.flac")


def _tones(cache: Path) -> Dataset:
    return Dataset(cache.parent, cache.name)


def _spec() -> FeatureSpec:
    return FeatureSpec(load_front_end(Path("front_end.toml")))


def _status(cache: Path = CACHE) -> object:
    return status(_tones(cache), classes=True)


def _score(cache: Path = CACHE) -> object:
    return score(_tones(cache), run="whole", split="testing")


def _report(cache: Path = CACHE) -> object:
    return report([str(cache / "runs" / "whole")], cache.parent, split="testing", n_clips=1, path=Path("p.html")).clips


def _train(name: str, cache: Path = CACHE, epochs: int = 3, more: int = 0) -> object:
    settings = tiny()
    settings = replace(settings, training=replace(settings.training, epochs=epochs), more_epochs=more)
    return train(_tones(cache), settings, _spec(), run_name=name).epochs


def _reproduce() -> object:
    settings = tiny()
    once = replace(settings, training=replace(settings.training, epochs=1), pooling=PoolingConfig("linear", (5,)))
    return reproduce_table2(_tones(CACHE), once, _spec(), grid((0,), ((), (5,)), ("linear",))).cells


def _explain(cache: Path = CACHE) -> object:
    return explain_features(_tones(cache), _spec()).reasons


def _extract() -> object:
    report = extract_features(_tones(NOW), _spec())
    return [(split, _digests(NOW / FEATURES / f"{split}.h5")) for split in report.splits]


def _digests(path: Path) -> list[tuple[str, int, str]]:
    """Return clip id, number of frames and checksum of each row."""
    file = FeatureFile(path)
    try:
        rows = list(map(file.read, range(len(file.clip_ids))))
        return [(row.clip_id, row.n_frames, sha256(row.features.tobytes()).hexdigest()) for row in rows]
    finally:
        file.close()


def _log_of_predictions(folder: Path, recordings: Path) -> Callable[[], object]:
    text = (MADE / "predictions" / "predictions.jsonl").read_text(encoding="utf-8")
    settings = json.loads(text.splitlines()[0])["settings"]

    def read() -> object:
        log = PredictionLog(folder, settings)
        return [log.find(path.name, path) for path in sorted(recordings.iterdir())]

    return read


def _predict_on() -> object:
    output = Output(Path("heard"), "json", keeps=True)
    return predict([Path("formats")], str(NOW / "runs" / "whole"), output=output).files


def _download() -> object:
    return download(load_manifest("tones.toml"), NOW.parent).splits


def _model(folder: str) -> Callable[[], object]:
    return lambda: open_model(folder, None, "cpu").sha256


def _predict(model: str) -> Callable[[], object]:
    return lambda: predict([RECORDING], model).files


_WHOLE, _BEGUN, _NOW = CACHE / "runs" / "whole", CACHE / "runs" / "begun", NOW / "runs" / "whole"
_TABLE = CACHE / "tables" / "table2-tiny"
_OF_THE_FIRST_EDITION = (
    of_file("dataset.json", CACHE / "dataset.json", _status),
    of_file("dataset.json, score", CACHE / "dataset.json", _score, is_slow=True),
    of_file("clips.tsv", CACHE / "clips.tsv", _status),
    of_file("clips.tsv, score", CACHE / "clips.tsv", _score, is_slow=True),
    of_file("reference", CACHE / "reference-testing.tsv", _score, is_slow=True),
    of_file("ledger", CACHE / "ledger.sqlite", _status, is_text=False),
    of_file("ledger, export", CACHE / "ledger.sqlite", lambda: export_clips(_tones(CACHE), Path("out.tsv")),
            is_text=False),
    of_file("ledger, all", CACHE / "ledger.sqlite", lambda: read_ledgers(CACHE), is_text=False),
    of_file("run.json", _WHOLE / "run.json", lambda: Run(_WHOLE).find_record()),
    of_file("run.json, status", _WHOLE / "run.json", _status),
    of_file("run.json, score", _WHOLE / "run.json", _score, is_slow=True),
    of_file("run.json, train", _WHOLE / "run.json", lambda: _train("whole")),
    of_file("run.json, report", _WHOLE / "run.json", _report, is_slow=True),
    of_file("scores", _WHOLE / "scores-testing.json", lambda: Run(_WHOLE).find_scores("testing")),
    of_file("scores, report", _WHOLE / "scores-testing.json", _report, is_slow=True),
    of_file("estimated, report", _WHOLE / "estimated-testing.tsv", _report, is_slow=True),
    of_file("frame scores", _WHOLE / "frame-scores-testing.h5", _score, is_text=False, is_slow=True),
    of_file("frame scores, report", _WHOLE / "frame-scores-testing.h5", _report, is_text=False, is_slow=True),
    of_file("log.csv", _WHOLE / "log.csv", _status),
    of_file("log.csv, report", _WHOLE / "log.csv", _report, is_slow=True),
    of_file("table.json", _TABLE / "table.json", _status),
    of_file("cell", _TABLE / "cells" / "linear-5-seed0.json", _reproduce, is_slow=True),
    of_file("features", CACHE / FEATURES / "testing.h5", lambda: _digests(CACHE / FEATURES / "testing.h5"),
            is_text=False),
    of_file("features, status", CACHE / FEATURES / "testing.h5", _status, is_text=False),
    of_file("features, explain", CACHE / FEATURES / "testing.h5", _explain, is_text=False),
    of_file("audio.tsv", CACHE / FEATURES / "testing.audio.tsv", _explain),
    of_file("failed.tsv", CACHE / FEATURES / "testing.failed.tsv", _status),
    of_file("failed.tsv, explain", CACHE / FEATURES / "testing.failed.tsv", _explain),
    of_file("predictions.jsonl", "predictions/predictions.jsonl",
            _log_of_predictions(Path("predictions"), Path("recordings"))),
    of_file("resume", _BEGUN / "resume.pt", lambda: find_resume(_BEGUN / "resume.pt")[1], is_text=False),
    of_file("resume, train", _BEGUN / "resume.pt", lambda: _train("begun"), is_text=False, is_slow=True),
    of_file("model", _WHOLE / "checkpoint.pt", _model(str(_WHOLE)), is_text=False),
    of_file("config.json", "export/config.json", lambda: open_model("./export", None, "cpu").trained.labels),
    of_file("config.json, predict", "export/config.json", _predict("./export")),
    of_file("weights", "export/model.safetensors", _model("./export"), is_text=False),
    of_file("weights, predict", "export/model.safetensors", _predict("./export"), is_text=False),
)  # fmt: skip
_OF_THIS_EDITION = (
    of_file("dataset.json now", NOW / "dataset.json", lambda: _status(NOW)),
    of_file("recordings.tsv now", NOW / "recordings.tsv", _download),
    of_file("ledger now", NOW / "ledger.sqlite", lambda: _status(NOW), is_text=False),
    of_file("ledger now, download", NOW / "ledger.sqlite", _download, is_text=False),
    of_file("audio now, features", NOW / "audio" / "testing" / "testing-0.flac", _extract, is_text=False),
    of_file("features now", NOW / FEATURES / "testing.h5", lambda: _digests(NOW / FEATURES / "testing.h5"),
            is_text=False),
    of_file("features now, made again", NOW / FEATURES / "testing.h5", _extract, is_text=False),
    of_file("features now, train", NOW / FEATURES / "training.h5", lambda: _train("again", NOW, 1), is_text=False,
            is_slow=True),
    of_file("statistics now, train", NOW / FEATURES / "training.statistics.npz", lambda: _train("again", NOW, 1),
            is_text=False, is_slow=True),
    of_file("run.json now", _NOW / "run.json", lambda: _status(NOW)),
    of_file("scores now, report", _NOW / "scores-testing.json", lambda: _report(NOW), is_slow=True),
    of_file("frame scores now", _NOW / "frame-scores-testing.h5", lambda: _score(NOW), is_text=False, is_slow=True),
    of_file("resume now, train", _NOW / "resume.pt", lambda: _train("whole", NOW, 2, more=1), is_text=False,
            is_slow=True),
    of_file("predictions.jsonl now", "heard/predictions.jsonl", _predict_on),
    of_file("cache list", CACHE / "dataset.json", lambda: list_cache(CACHE.parent).items),
)  # fmt: skip
RECORDS = (*_OF_THE_FIRST_EDITION, *_OF_THIS_EDITION)
