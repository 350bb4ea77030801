"""The script that checks the GPU path can also run on this machine's CPU."""

import importlib.util
import json
import subprocess
import sys
import time
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


def test_a_cpu_agrees_with_itself_in_float32_but_not_in_bfloat16(gpu: ModuleType, bench: object) -> None:
    found = gpu.agreement(bench)
    assert "wrong" not in found
    for system in ("linear single", "linear 5x5"):
        assert found[system]["float32"]["gradients"] == 0
        assert found[system]["float32"]["frame_probs"] == 0
        assert 0 < found[system]["bfloat16"]["frame_probs"] < 0.1


def test_the_recurrent_layer_stays_in_float32_under_autocast(gpu: ModuleType, bench: object) -> None:
    found = gpu.recurrence(bench)
    assert "wrong" not in found
    assert found["output"] == ["torch.float32"]
    zeros = found["zero_gradients"]
    assert zeros["bfloat16"] < zeros["float32"] + 0.05


def test_networks_are_compared_between_devices_without_dropout(gpu: ModuleType, tmp_path: Path) -> None:
    bench = gpu.Bench(torch.device("cpu"), False, tmp_path)  # networks as on a GPU, whose preset uses dropout
    model = gpu.network(bench, "linear", (), torch.device("cpu"))
    assert gpu.load_preset("small").network.dropout > 0
    x, _, n_frames = gpu.noise(1, torch.device("cpu"))
    one, other = (model(x, n_frames).clip_probs for _ in range(2))
    assert torch.equal(one, other)


def test_a_check_that_hangs_is_ended_with_its_subprocess(gpu: ModuleType) -> None:
    begun = time.monotonic()
    with pytest.raises(TimeoutError, match="did not end in time"), gpu.ended_after(0.2):
        subprocess.run([sys.executable, "-c", "import time; time.sleep(60)"], check=False)
    assert time.monotonic() - begun < 30
    with gpu.ended_after(0.01):
        pass
    time.sleep(0.02)  # no timeout fires afterwards


def test_a_check_that_fails_or_would_take_too_long_is_reported_and_stops_no_other(
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


def test_a_claim_that_does_not_hold_is_named_and_gives_exit_code_1(
    gpu: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert gpu.wrong(a=True, b=True) == {}

    def differs(_bench: object) -> dict[str, object]:
        return {"events": 3, **gpu.wrong(events_are_equal=False, there_are_events=True)}

    out = tmp_path / "gpu.json"
    for checks, code in (((differs, 1), (gpu.machine, 1)), 1), (((gpu.machine, 1),), 0):
        monkeypatch.setattr(gpu, "CHECKS", checks)
        monkeypatch.setattr(sys, "argv", ["gpu.py", "--short", "--device", "cpu", "--json", str(out)])
        with pytest.raises(SystemExit) as ended:
            gpu.main()
        assert ended.value.code == code
        found = json.loads(out.read_text())["checks"]
        assert [one.get("wrong") for one in found.values()] == [["events_are_equal"], None][2 - len(checks) :]


def test_training_as_sedpipe_does_it_is_timed_and_can_be_augmented(gpu: ModuleType, bench: object) -> None:
    augment = gpu.AugmentConfig(superpose=0.5, background=0.5, gain_db=10, time_masks=1, time_mask_frames=9)
    fit = gpu._fit_of(bench, "demo", 2, 2, augment)
    assert list(fit.steps([gpu._batch(2, seed) for seed in range(2)])) == [1, 2]
    assert gpu._as_trained(bench, "demo", 2, 2)["clips_per_second"] > 0
