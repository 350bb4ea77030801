"""The check of the GPU path is a script that this machine's processor can try."""

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch


@pytest.fixture(scope="module")
def gpu() -> ModuleType:
    path = Path(__file__).parents[1] / "benchmarks" / "gpu.py"
    spec = importlib.util.spec_from_file_location("gpu_check", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["gpu_check"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def bench(gpu: ModuleType, tmp_path: Path) -> object:
    return gpu.Bench(torch.device("cpu"), True, tmp_path)


def test_a_processor_agrees_with_itself_and_bfloat16_does_not(gpu: ModuleType, bench: object) -> None:
    found = gpu.agreement(bench)
    for system in ("linear single", "linear 5x5"):
        assert found[system]["float32"]["gradients"] == 0
        assert found[system]["float32"]["frame_probs"] == 0
        assert 0 < found[system]["bfloat16"]["frame_probs"] < 0.1


def test_the_recurrent_layer_stays_in_float32_under_autocast(gpu: ModuleType, bench: object) -> None:
    found = gpu.recurrence(bench)
    assert found["output"] == ["torch.float32"]
    zeros = found["zero_gradients"]
    assert zeros["bfloat16"] < zeros["float32"] + 0.05


def test_a_check_that_fails_or_does_not_fit_is_said_and_stops_no_other(
    gpu: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(_bench: object) -> dict[str, object]:
        raise RuntimeError("CUDA error: no kernel image")

    monkeypatch.setattr(gpu, "CHECKS", ((breaks, 1), (gpu.machine, 1), (gpu.agreement, 10_000)))
    out = tmp_path / "gpu.json"
    monkeypatch.setattr(sys, "argv", ["gpu.py", "--short", "--device", "cpu", "--json", str(out)])
    with pytest.raises(SystemExit) as ended:
        gpu.main()
    checks = json.loads(out.read_text())["checks"]
    assert ended.value.code == 1
    assert checks["breaks"]["failed"] == "RuntimeError: CUDA error: no kernel image"
    assert checks["machine"]["torch"] == torch.__version__
    assert checks["agreement"]["left_out"] == "would not end within 8 minutes"
