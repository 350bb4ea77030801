"""Two commands at the same time on one cache: each works or reports that the other one does, and nothing is lost."""

import itertools
import multiprocessing
import shutil
import sys
from pathlib import Path

import pytest
import soundfile
import torch
from sedpipe.io.cache.dataset import Dataset
from sedpipe.stages.score import score
from side_by_side_work import SAYS_SO, VERBS, attempt
from tiny_dataset import NAME, make_dataset

PROCESSES = multiprocessing.get_context(
    "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
)
if sys.platform != "win32":
    PROCESSES.set_forkserver_preload(["sedpipe.stages.train", "sedpipe.stages.score", "sedpipe.stages.report"])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained and scored run, and recordings."""
    root = tmp_path_factory.mktemp("cache")
    make_dataset(root)
    VERBS["train"](root)
    score(Dataset(root, NAME), run="run", split="testing", device="cpu")
    for number in range(3):
        path = root / "recordings" / f"{number}.wav"
        path.parent.mkdir(exist_ok=True)
        soundfile.write(path, torch.randn(4000, generator=torch.Generator().manual_seed(number)).numpy() / 20, 1000)
    return root


def contents(root: Path) -> dict[str, bytes]:
    """Return the files that are byte-identical whenever they are made."""
    patterns = ("events/*.tsv", "export/*", f"{NAME}/runs/run/estimated-*", f"{NAME}/runs/run/checkpoint.pt")
    return {str(path.relative_to(root)): path.read_bytes() for some in patterns for path in sorted(root.glob(some))}


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations_with_replacement(VERBS, 2)))
def test_concurrent_commands_succeed_or_report_an_error_and_lose_nothing(
    made: Path, tmp_path: Path, one: str, other: str
) -> None:
    root = tmp_path / "cache"
    shutil.copytree(made, root)
    barrier = PROCESSES.Barrier(2)
    pair = [PROCESSES.Process(target=attempt, args=(verb, root, barrier)) for verb in (one, other)]
    for process in pair:
        process.start()
    for process in pair:
        process.join()
    codes = [process.exitcode for process in pair]
    assert set(codes) <= {0, SAYS_SO}
    assert not list(root.rglob(".tmp-*"))
    if "cache prune" in (one, other):
        run = root / NAME / "runs" / "run"  # either deleted, or still complete
        assert not run.exists() or (run / "checkpoint.pt").exists() or one == other
        return
    for verb in (one, other):
        VERBS[verb](root)
    alone = tmp_path / "alone"
    shutil.copytree(made, alone)
    for verb in (one, other):
        VERBS[verb](alone)
    assert contents(root) == contents(alone)
