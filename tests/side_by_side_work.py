"""Verbs that two processes run at the same time: module-level functions, so that new processes can unpickle them."""

import sys
from collections.abc import Callable
from pathlib import Path

import torch
from sedpipe.errors import SedpipeError
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.cache.dataset import Dataset
from sedpipe.stages.cache import choose, list_cache, prune
from sedpipe.stages.export import export
from sedpipe.stages.predict import predict
from sedpipe.stages.predict_files import Output
from sedpipe.stages.report import report
from sedpipe.stages.score import score
from sedpipe.stages.train import train
from tiny_dataset import FRONT_END, NAME, QUICK

SAYS_SO = 3


def _predict(root: Path) -> None:
    predict([root / "recordings"], str(root / NAME / "runs" / "run"), output=Output(root / "events"))


def _score(root: Path) -> None:
    score(Dataset(root, NAME), run="run", split="evaluation", device="cpu")


def _report(root: Path) -> None:
    report(["run"], root, split="testing", n_clips=1)


def _export(root: Path) -> None:
    export("run", cache=Dataset(root, NAME), out=root / "export")


def _train(root: Path) -> None:
    train(Dataset(root, NAME), QUICK, FeatureSpec(FRONT_END), run_name="run")


def _prune(root: Path) -> None:
    freed = prune(root, choose(list_cache(root).items, [f"{NAME}/runs/run"]))
    assert len(freed.freed) + len(freed.kept) == 1


VERBS: dict[str, Callable[[Path], None]] = {
    "predict": _predict, "score": _score, "report": _report, "export": _export, "train": _train, "cache prune": _prune,
}  # fmt: skip


def attempt(verb: str, root: Path, both_are_here: object) -> None:
    torch.set_num_threads(1)
    both_are_here.wait()
    try:
        VERBS[verb](root)
    except SedpipeError:
        sys.exit(SAYS_SO)
