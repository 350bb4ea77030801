"""The README's Python lines work as printed."""

import re
from pathlib import Path

import numpy as np
import pytest
import sedpipe
import soundfile
import torch
from tiny_dataset import make_dataset

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def python_lines() -> list[str]:
    (block,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    return [line for line in block.splitlines() if line.strip()]


def test_every_python_line_of_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make_dataset(tmp_path / "cache").folder.rename(tmp_path / "cache" / "esc10-fold4")
    noise = np.random.default_rng(0).normal(0, 0.1, 48_000).astype(np.float32)
    soundfile.write("street.wav", noise, 48_000)
    names = {
        "array": noise,
        "frame_probs": torch.rand(2, 125, 3),
        "reference": {"a": [(0, 2, "Car")]},
        "estimated": {"a": [sedpipe.Event(1, 4, "Car")]},
    }
    for line in python_lines():
        exec(line, names)
    assert names["scores"].frame_probs.shape == (1, 13, 10)
    assert names["scores"].times.shape == (13,)
    assert names["clip_probs"].shape == (2, 3)
    assert isinstance(names["events"], list)
    x, y, n_frames = names["dataset"].torch("training")[0]
    assert (x.ndim, y.ndim) == (2, 1)
    assert 0 < n_frames <= len(x)


def test_importing_a_metric_module_does_not_shadow_the_metric_functions() -> None:
    import sedpipe.metrics.segment_scores  # importing a submodule must not replace the function

    scores = sedpipe.metrics.segment_based({"a": [(0, 2, "Car")]}, {"a": [(1, 4, "Car")]}, duration=10)
    assert scores.overall.error_rate == 1.5
    assert sedpipe.metrics.event_based({"a": []}, {"a": []}, duration=10, labels=["Car"]).overall.f1 is None
    with pytest.raises(AttributeError, match="has no attribute 'segments'; it has event_based, segment_based"):
        sedpipe.metrics.segments  # noqa: B018


def test_every_name_in_all_exists() -> None:
    for name in sedpipe.__all__:
        assert getattr(sedpipe, name) is not None
        assert name in dir(sedpipe)
