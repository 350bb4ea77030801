"""The script of the experiment that needs a GPU: its dataset, and how it divides its time."""

import importlib.util
import json
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest
from sedpipe.io.manifests.load import load_manifest


@pytest.fixture(scope="module")
def experiment() -> ModuleType:
    path = Path(__file__).parents[1] / "benchmarks" / "gpu-experiment.py"
    spec = importlib.util.spec_from_file_location("gpu_experiment", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_larger_dataset_differs_from_esc10_fold4_in_its_training_clips_alone(
    experiment: ModuleType, tmp_path: Path
) -> None:
    ours, theirs = load_manifest(str(experiment.larger(6000, tmp_path))), load_manifest("esc10-fold4")
    assert ours.name == "esc10-6000"
    clips = [{name: split.clips for name, split in manifest.splits.items()} for manifest in (ours, theirs)]
    assert clips[0] == clips[1] | {"training": 6000}
    for split in ("testing", "evaluation"):
        assert ours.splits[split] == theirs.splits[split]


def test_a_call_whose_time_is_over_is_ended_and_one_without_time_is_not_begun(
    experiment: ModuleType, tmp_path: Path
) -> None:
    begun = time.monotonic()
    ended = experiment.run(["cache", "list"], tmp_path, 0.05)  # sedpipe takes longer to be imported
    assert ended["exit"] not in (0, 124)
    assert time.monotonic() - begun < experiment.GRACE_S
    assert experiment.run(["cache", "list"], tmp_path, 0)["said"] == "no time was left"
    assert experiment.run(["cache", "list"], tmp_path, 60)["exit"] == 0


def test_the_table_leaves_time_for_the_run_with_paper(
    experiment: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, float] = {}

    def run(words: list[str], out: Path, seconds: float) -> dict[str, object]:
        given[" ".join(words[:2] if words[0] == "reproduce" else words[:1])] = seconds
        return {"exit": 0}

    monkeypatch.setattr(experiment, "run", run)
    monkeypatch.setattr(sys, "argv", ["gpu-experiment.py", "--recordings", "ESC-10", "--out", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        experiment.main()
    assert not ended.value.code
    assert list(given) == ["download", "features", "reproduce table2", "train", "score"]
    assert given["train"] - given["reproduce table2"] == pytest.approx(experiment.FOR_PAPER_S, abs=5)
    assert list(json.loads((tmp_path / "gpu-experiment.json").read_text())["parts"]) == [
        "mix", "features", "table2", "paper", "paper scored",
    ]  # fmt: skip
