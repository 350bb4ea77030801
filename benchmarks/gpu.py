"""Checks that sedpipe's GPU path does what it claims: one script, under 8 minutes, one JSON.

``python benchmarks/gpu.py`` on a machine with a GPU writes ``gpu.json`` and prints a line for each check;
``--short --device cpu`` runs everything that a CPU can run, in some minutes, which tests the script itself. All data is
made here: features of noise, and the built-in dataset ``demo``. A check lists the claims that do not hold as ``wrong``;
if there is one, or a check fails, the exit code is 1. The JSON is rewritten after each check, so that a run that is cut
off still leaves its results; checks that do not fit into ``--minutes`` are recorded as left out, and one that has not
ended by then is ended.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "pipeline"))

import torch  # noqa: E402
from sedpipe.features.spec import FeatureSpec  # noqa: E402
from sedpipe.io.settings.presets import load_preset  # noqa: E402
from sedpipe.nn.networks.crnn import CRNNConfig  # noqa: E402
from sedpipe.nn.networks.network import Network  # noqa: E402
from sedpipe.nn.networks.registry import build_network  # noqa: E402
from sedpipe.nn.pooling import PoolingConfig  # noqa: E402
from sedpipe.training.augment import AugmentConfig  # noqa: E402
from sedpipe.training.batch import Batch  # noqa: E402
from sedpipe.training.config import TrainingConfig  # noqa: E402
from sedpipe.training.fit import Fit  # noqa: E402
from sedpipe.training.loss import clip_loss  # noqa: E402
from sedpipe.training.processes import make_fabric  # noqa: E402
from torch import Tensor  # noqa: E402

N_CLASSES = 17
LEFT_OVER = 4 * 2**30
"""Bytes of GPU memory with which ``paper`` starts, but has no room for all clips of ``demo`` in one batch."""
SYSTEMS = [(name, stages) for name in ("linear", "exponential", "attention") for stages in ((), (5, 5))]


@dataclass
class Bench:
    """What every check is given: the device, whether it should be short, and a temporary folder."""

    device: torch.device
    short: bool
    folder: Path
    found: dict[str, Any] = field(default_factory=dict)

    @property
    def on_gpu(self) -> bool:
        """Whether the device is a GPU, which can be compared with the CPU."""
        return self.device.type == "cuda"

    def sedpipe(self, *words: str, **more: Any) -> subprocess.CompletedProcess[str]:
        """Run a command in a process of its own, with the bench's cache."""
        return subprocess.run(self.command(*words), capture_output=True, text=True, env=self.environment, **more)

    def command(self, *words: str) -> list[str]:
        """Return the command line that runs sedpipe."""
        return [sys.executable, "-m", "sedpipe", *words]

    @property
    def environment(self) -> dict[str, str]:
        """Environment of processes: the checkout's sedpipe, and a cache that vanishes with the bench."""
        paths = os.pathsep.join(filter(None, [str(ROOT / "pipeline"), os.environ.get("PYTHONPATH", "")]))
        return {**os.environ, "PYTHONPATH": paths, "SEDPIPE_CACHE": str(self.folder / "cache")}


def network(
    bench: Bench, pooling: str, stages: tuple[int, ...], device: torch.device, preset: str = "", *, drops: bool = False
) -> Network:
    """Build the same weights on every device; dropout, whose draws differ by device, only if ``drops``."""
    sizes = load_preset(preset or ("demo" if bench.short else "small")).network
    assert isinstance(sizes, CRNNConfig)
    torch.manual_seed(0)
    config = PoolingConfig(pooling, stages, "classes")
    kept = sizes if drops else replace(sizes, dropout=0.0)
    return build_network(kept, config, N_CLASSES, FeatureSpec()).to(device)


def noise(n_clips: int, device: torch.device, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """Return features, weak labels and numbers of valid frames, of full and of shorter clips."""
    g = torch.Generator().manual_seed(seed)
    x = -60 + 10 * torch.randn(n_clips, 500, 80, generator=g)
    y = (torch.rand(n_clips, N_CLASSES, generator=g) < 0.15).float()
    n_frames = torch.tensor([500 - 100 * (k % 4) for k in range(n_clips)])
    for clip, n in zip(x, n_frames, strict=True):
        clip[n:] = -60
    return x.to(device), y.to(device), n_frames


def autocast(device: torch.device, wanted: bool) -> AbstractContextManager[None]:
    """Return a context that casts to bfloat16, as training does, or that does nothing."""
    return torch.autocast(device.type, torch.bfloat16) if wanted else nullcontext()


@contextmanager
def tf32(wanted: bool) -> Iterator[None]:
    """Set in the block whether matrix products and convolutions may be rounded to TF32."""
    products, convolutions = torch.backends.cuda.matmul, torch.backends.cudnn
    before = products.allow_tf32, convolutions.allow_tf32
    products.allow_tf32 = convolutions.allow_tf32 = wanted
    try:
        yield
    finally:
        products.allow_tf32, convolutions.allow_tf32 = before


def gradients(model: Network, batch: tuple[Tensor, Tensor, Tensor], rounded: bool) -> dict[str, Tensor]:
    """Return frame and clip probabilities and every gradient, on the CPU, as float32."""
    x, y, n_frames = batch
    model.zero_grad(set_to_none=True)
    with autocast(x.device, rounded):
        prediction = model(x, n_frames)
    clip_loss(prediction.clip_probs, y).backward()  # type: ignore[no-untyped-call]
    outcome = {"frame_probs": prediction.frame_probs, "clip_probs": prediction.clip_probs}
    outcome |= {name: weight.grad for name, weight in model.named_parameters() if weight.grad is not None}
    return {name: tensor.detach().float().cpu() for name, tensor in outcome.items()}


def furthest(ours: dict[str, Tensor], theirs: dict[str, Tensor]) -> dict[str, float | str]:
    """Return the largest difference of probabilities, and of gradients as a share of each gradient's largest value."""
    parts = {name: (ours[name] - theirs[name]).abs().max().item() for name in ("frame_probs", "clip_probs")}
    shares = {
        name: ((ours[name] - theirs[name]).abs().max() / theirs[name].abs().max().clamp(min=1e-12)).item()
        for name in theirs
        if name not in parts
    }
    worst = max(shares, key=lambda name: shares[name])
    return {**parts, "gradients": shares[worst], "worst_gradient": worst}


def wrong(**claims: bool) -> dict[str, list[str]]:
    """Return the names of the claims that do not hold, as ``wrong``; nothing if all hold."""
    return {"wrong": [name for name, holds in claims.items() if not holds]} if not all(claims.values()) else {}


# ---- checks -----------------------------------------------------------------------------------------------------


def machine(bench: Bench) -> dict[str, Any]:
    """Return versions, the device, and whether TF32 is allowed by default."""
    found: dict[str, Any] = {
        "torch": torch.__version__,
        "python": platform.python_version(),
        "processors": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "matmul_tf32": torch.backends.cuda.matmul.allow_tf32,
        "cudnn_tf32": torch.backends.cudnn.allow_tf32,
    }
    if bench.on_gpu:
        properties = torch.cuda.get_device_properties(bench.device)
        found |= {
            "gpu": properties.name,
            "memory_gb": round(properties.total_memory / 1e9, 1),
            "cuda": torch.version.cuda,
            "cudnn": torch.backends.cudnn.version(),  # type: ignore[no-untyped-call]
        }
    return found


def agreement(bench: Bench) -> dict[str, Any]:
    """Compare the device with float32 on the CPU: outputs and every gradient of six systems, some clips being short."""
    n_clips, cpu = (2 if bench.short else 8), torch.device("cpu")
    found: dict[str, Any] = {}
    for pooling, stages in SYSTEMS[:2] if bench.short else SYSTEMS:
        theirs = gradients(network(bench, pooling, stages, cpu), noise(n_clips, cpu), rounded=False)
        there, batch = network(bench, pooling, stages, bench.device), noise(n_clips, bench.device)
        ways: dict[str, dict[str, float | str]] = {}
        for way, rounded, may in (("float32", False, False), ("tf32", False, True), ("bfloat16", True, False)):
            if way == "tf32" and not bench.on_gpu:
                continue
            with tf32(may):
                ways[way] = furthest(gradients(there, batch, rounded), theirs)
        found[f"{pooling} {'x'.join(map(str, stages)) or 'single'}"] = ways
    of_float32 = [ways["float32"] for ways in found.values()]
    of_others = [one for ways in found.values() for way, one in ways.items() if way != "float32"]
    return found | wrong(
        float32_probabilities_agree=all(one["frame_probs"] < 1e-3 > one["clip_probs"] for one in of_float32),
        float32_gradients_agree=all(one["gradients"] < 1e-2 for one in of_float32),
        rounded_probabilities_are_near=all(one["frame_probs"] < 0.1 for one in of_others),
    )


def recurrence(bench: Bench) -> dict[str, Any]:
    """Check that the GRU stays in float32 under autocast: its output's type, and how many of its gradients are 0."""
    model, seen = network(bench, "linear", (5, 5), bench.device), []
    gru = next(module for module in model.modules() if isinstance(module, torch.nn.GRU))
    hook = gru.register_forward_hook(lambda _module, _inputs, output: seen.append(output[0].dtype))
    batch = noise(2 if bench.short else 16, bench.device)
    with_autocast, without = gradients(model, batch, rounded=True), gradients(model, batch, rounded=False)
    hook.remove()
    names = [name for name in without if "gru" in name]

    def zeros(found: dict[str, Tensor]) -> float:
        return sum(int((found[name] == 0).sum()) for name in names) / sum(found[name].numel() for name in names)

    kinds, of_bfloat16, of_float32 = sorted({str(kind) for kind in seen}), zeros(with_autocast), zeros(without)
    found = {"output": kinds, "zero_gradients": {"bfloat16": of_bfloat16, "float32": of_float32}}
    return found | wrong(
        output_is_float32=kinds == ["torch.float32"], gradients_do_not_vanish=of_bfloat16 < of_float32 + 0.05
    )


def two_precisions(bench: Bench) -> dict[str, Any]:
    """Train some hundred steps on the same batches in float32 and in bfloat16; return the first and last losses."""
    n_steps, found = (5 if bench.short else 200), {}
    batches = [noise(2 if bench.short else 32, bench.device, seed) for seed in range(2 if bench.short else 8)]
    for way, rounded in (("float32", False), ("bfloat16", True)):
        model = network(bench, "linear", (5, 5), bench.device)
        optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
        losses = []
        for step in range(n_steps):
            x, y, n_frames = batches[step % len(batches)]
            with autocast(bench.device, rounded):
                clip_probs = model(x, n_frames).clip_probs
            loss = clip_loss(clip_probs, y)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            losses.append(loss.detach())
        last = torch.stack(losses[-len(batches) :]).mean().item()
        found[way] = {"first": losses[0].item(), "last": last}
    full, half = found["float32"], found["bfloat16"]
    return found | wrong(
        losses_fall=all(one["last"] < one["first"] for one in found.values()),
        bfloat16_learns_as_well=abs(half["last"] - full["last"]) < 0.2 * full["last"],
    )


def waits(bench: Bench) -> dict[str, Any]:
    """Count how often a step of training waits for the GPU, with every augmentation and averaging: it never should."""
    if not bench.on_gpu:
        return {"left_out": "a processor does not wait for itself"}
    augment = AugmentConfig(
        shift=True, superpose=0.3, warp=0.05, filter_db=6, background=0.3, gain_db=20, bandwidth=0.3, mixup_alpha=0.2,
        time_masks=1, time_mask_frames=20, frequency_masks=1, frequency_mask_bands=8,
    )  # fmt: skip
    fit = _fit_of(bench, "small", 32, 8, augment)
    steps = fit.steps([_batch(32, seed) for seed in range(8)])
    for _ in range(3):
        next(steps)  # the first steps allocate memory and choose kernels
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        torch.cuda.set_sync_debug_mode("warn")
        try:
            for _ in range(4):
                next(steps)
        finally:
            torch.cuda.set_sync_debug_mode("default")
    places = Counter(f"{Path(one.filename).name}:{one.lineno}" for one in told if "synchroniz" in str(one.message))
    return {"steps": 4, "waits": dict(places)} | wrong(no_step_waits=not places)


def _fit_of(bench: Bench, preset: str, size: int, n_steps: int, augment: AugmentConfig | None = None) -> Fit:
    """Return a training as `sedpipe train` does it, with averaged weights."""
    config = TrainingConfig(batch_size=size, epochs=1, averaging=0.99, augment=augment or AugmentConfig())
    model = network(bench, "linear", (5, 5), torch.device("cpu"), preset, drops=True)
    return Fit(model, config, 0, make_fabric(str(bench.device)), n_steps)


def _batch(n_clips: int, seed: int = 0) -> Batch:
    x, y, n_frames = noise(n_clips, torch.device("cpu"), seed)
    if torch.cuda.is_available():
        x, y = x.pin_memory(), y.pin_memory()
    return Batch(x, y, n_frames, [str(n) for n in range(n_clips)])


def stages(bench: Bench) -> dict[str, Any]:
    """Run the stages from download to export, on the device where they use one; return error rates and warnings."""
    epochs, place = ("1" if bench.short else "6"), str(bench.device)
    training = ("train", "demo", "--preset", "demo", "--epochs", epochs, "--device", place, "--threads", "2")
    calls = {
        "download": ("download", "demo"),
        "features": ("features", "demo"),
        "train": (*training, "--run", "there", "--json"),
        "score": ("score", "demo", "--run", "there", "--device", place, "--json"),
        "score_on_processor": ("score", "demo", "--run", "there", "--device", "cpu", "--json"),
        "export": ("export", "there", "--dataset", "demo", "--out", str(bench.folder / "export")),
    }
    found: dict[str, Any] = {"warnings": []}
    for name, words in calls.items():
        done = bench.sedpipe(*words)
        if done.returncode:
            raise RuntimeError(f"{name}: exit {done.returncode}: {done.stderr[-1500:]}")
        found["warnings"] += [f"{name}: {line[:200]}" for line in done.stderr.splitlines() if "warn" in line.lower()]
        if name.startswith("score"):
            found[name] = json.loads(done.stdout)["operating_points"]["min_er"]["error_rate"]
    return found | wrong(scores_agree=abs(found["score"] - found["score_on_processor"]) < 0.01)


def across(bench: Bench) -> dict[str, Any]:
    """Check whether a checkpoint made on the device gives the same events for a recording on the CPU."""
    clip = next((bench.folder / "cache" / "demo" / "audio" / "testing").glob("*"))
    outcomes = {}
    for place in ("cpu", str(bench.device)):
        out = bench.folder / f"heard-on-{place.replace(':', '-')}"
        done = bench.sedpipe(
            "predict", str(clip), "--model", str(bench.folder / "export"), "--device", place, "--out", str(out)
        )
        if done.returncode:
            raise RuntimeError(f"predict on {place}: exit {done.returncode}: {done.stderr[-1500:]}")
        outcomes[place] = sorted(path.read_text() for path in out.glob("*.tsv"))
    ours, theirs = outcomes[str(bench.device)], outcomes["cpu"]
    found = {"events_are_equal": ours == theirs, "events": sum(text.count("\n") for text in ours)}
    return found | wrong(events_are_equal=ours == theirs)


def resumed(bench: Bench) -> dict[str, Any]:
    """Kill and resume a training, with and without --deterministic: the same bits as undisturbed, or how far apart."""
    found: dict[str, Any] = {}
    epochs = "2" if bench.short else "8"
    words = ["train", "demo", "--preset", "demo", "--epochs", epochs, "--device", str(bench.device), "--threads", "1"]
    for way, more in (("usual", []), ("deterministic", ["--deterministic"])):
        if way == "deterministic" and not bench.on_gpu:
            continue  # training on a CPU always is
        names = [f"{way}-{part}" for part in ("whole", "killed", "again")]
        for name in names[:1] + names[2:]:  # two undisturbed runs show what chance alone does
            done = bench.sedpipe(*words, *more, "--run", name)
            if done.returncode:
                raise RuntimeError(f"{name}: exit {done.returncode}: {done.stderr[-1500:]}")
        kills = _killed(bench, [*words, *more, "--run", names[1], "--save-every", "0"])
        whole, killed, again = (_weights(bench, name) for name in names)
        found[way] = {"kills": kills, "resumed": _distance(whole, killed), "repeated": _distance(whole, again)}
    exact = found["deterministic" if bench.on_gpu else "usual"]
    return found | wrong(resumed_bit_for_bit=exact["resumed"]["equal"], repeated_bit_for_bit=exact["repeated"]["equal"])


def _killed(bench: Bench, words: list[str]) -> int:
    """Kill a training once there is a state to resume from, then let it finish; return the number of kills."""
    folder = bench.folder / "cache" / "demo" / "runs" / words[words.index("--run") + 1]
    child = subprocess.Popen(
        bench.command(*words), env=bench.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 120
    try:
        while child.poll() is None and time.monotonic() < deadline and not (folder / "resume.pt").exists():
            time.sleep(0.02)
        time.sleep(0.3)
    finally:
        kills = int(child.poll() is None)
        child.kill()
        child.wait()
    done = bench.sedpipe(*words)
    if done.returncode:
        raise RuntimeError(f"resuming: exit {done.returncode}: {done.stderr[-1500:]}")
    return kills


def _weights(bench: Bench, run: str) -> dict[str, Tensor]:
    path = bench.folder / "cache" / "demo" / "runs" / run / "checkpoint.pt"
    weights: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)["weights"]
    return weights


def _distance(ours: dict[str, Tensor], theirs: dict[str, Tensor]) -> dict[str, Any]:
    largest = max((ours[name].float() - theirs[name].float()).abs().max().item() for name in ours)
    return {"equal": all(torch.equal(ours[name], theirs[name]) for name in ours), "largest_difference": largest}


def out_of_memory(bench: Bench) -> dict[str, Any]:
    """Train with batches that exceed a GPU's memory: expected are exit 1 and a message; on a CPU, it would swap."""
    if not bench.on_gpu:
        return {"left_out": "a processor's memory is the machine's"}
    torch.cuda.empty_cache()
    free, _ = torch.cuda.mem_get_info(bench.device)
    taken = torch.empty(max(0, free - LEFT_OVER), dtype=torch.uint8, device=bench.device)
    done = bench.sedpipe(
        "train", "demo", "--preset", "paper", "--batch-size", "320", "--epochs", "1", "--run", "too-large",
        "--device", str(bench.device),
    )  # fmt: skip
    del taken
    torch.cuda.empty_cache()
    found = {"exit": done.returncode, "traceback": "Traceback" in done.stderr, "said": done.stderr.strip()[-400:]}
    return found | wrong(exit_is_1=done.returncode == 1, no_traceback=not found["traceback"])


def speed(bench: Bench) -> dict[str, Any]:
    """Measure clips per second of training steps, eager and compiled; peak memory; where the time goes."""
    sizes = (2,) if bench.short else (128, 256)
    preset, n_steps = ("demo", 2) if bench.short else ("paper", 20)
    found: dict[str, Any] = {}
    for size in sizes:
        for way in ("float32", "bfloat16") if bench.short else ("float32", "bfloat16", "bfloat16 compiled"):
            found[f"{preset} {size} {way}"] = _paced(bench, preset, size, n_steps, way)
        found[f"{preset} {size} as trained"] = _as_trained(bench, preset, size, n_steps)
    if bench.on_gpu:
        found["profile"] = _profile(bench, preset, sizes[0])
    return found


def _paced(bench: Bench, preset: str, size: int, n_steps: int, way: str) -> dict[str, Any]:
    model = network(bench, "linear", (5, 5), bench.device, preset, drops=True)
    if "compiled" in way:
        model.compile_for(size)
    step, batch = _step_of(bench, model, "bfloat16" in way), noise(size, bench.device)
    if bench.on_gpu:
        torch.cuda.reset_peak_memory_stats(bench.device)
    warm = time.perf_counter()
    for _ in range(3):
        step(*batch)
    _wait(bench)
    begun = time.perf_counter()
    for _ in range(n_steps):
        step(*batch)
    _wait(bench)
    found: dict[str, Any] = {
        "clips_per_second": round(size * n_steps / (time.perf_counter() - begun), 1),
        "first_three_steps_s": round(begun - warm, 2),
    }
    if bench.on_gpu:
        found["peak_memory_gb"] = round(torch.cuda.max_memory_allocated(bench.device) / 1e9, 2)
    return found


def _as_trained(bench: Bench, preset: str, size: int, n_steps: int) -> dict[str, Any]:
    """Measure the steps of `sedpipe train`: from pinned memory, at the device's own precision, with averaging."""
    fit, batch = _fit_of(bench, preset, size, n_steps + 3), _batch(size)
    steps = fit.steps([batch] * (n_steps + 3))
    for _ in range(3):
        next(steps)
    _wait(bench)
    begun = time.perf_counter()
    for _ in steps:
        pass
    _wait(bench)
    return {"clips_per_second": round(size * n_steps / (time.perf_counter() - begun), 1)}


def _step_of(bench: Bench, model: Network, rounded: bool) -> Callable[[Tensor, Tensor, Tensor], None]:
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)

    def step(x: Tensor, y: Tensor, n_frames: Tensor) -> None:
        with autocast(bench.device, rounded):
            clip_probs = model(x, n_frames).clip_probs
        loss = clip_loss(clip_probs, y)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()

    return step


def _wait(bench: Bench) -> None:
    if bench.on_gpu:
        torch.cuda.synchronize(bench.device)


def _profile(bench: Bench, preset: str, size: int) -> list[dict[str, Any]]:
    """Return the ten kernels that take the most time in twenty steps."""
    model, batch = network(bench, "linear", (5, 5), bench.device, preset, drops=True), noise(size, bench.device)
    step = _step_of(bench, model, rounded=True)
    kinds = [torch.profiler.ProfilerActivity.CPU, torch.profiler.ProfilerActivity.CUDA]
    step(*batch)
    with torch.profiler.profile(activities=kinds) as profiler:
        for _ in range(20):
            step(*batch)
        _wait(bench)
    rows = sorted(profiler.key_averages(), key=lambda row: -row.self_device_time_total)[:10]
    return [{"name": row.key[:80], "ms_a_step": round(row.self_device_time_total / 20e3, 3), "calls": row.count}
            for row in rows]  # fmt: skip


def moving(bench: Bench) -> dict[str, Any]:
    """Compare training from batches in GPU memory with training from batches in pinned CPU memory."""
    if not bench.on_gpu:
        return {"left_out": "features stay in the machine's memory"}
    size, n_steps = 128, 20
    step = _step_of(bench, network(bench, "linear", (5, 5), bench.device, "small", drops=True), True)
    x, y, n_frames = noise(size, torch.device("cpu"))
    ways = {"resident": (x.to(bench.device), y.to(bench.device)), "pinned": (x.pin_memory(), y.pin_memory())}
    found = {}
    for way, (features, targets) in ways.items():
        for count in (3, n_steps):
            _wait(bench)
            begun = time.perf_counter()
            for _ in range(count):
                moved = features.to(bench.device, non_blocking=True), targets.to(bench.device, non_blocking=True)
                step(*moved, n_frames)
            _wait(bench)
        found[way] = round(size * n_steps / (time.perf_counter() - begun), 1)
    return found


def one_of_several(bench: Bench) -> dict[str, Any]:
    """Train on two devices: on a CPU, two processes share a batch by gloo; with one GPU, a message is expected."""
    epochs = ("--preset", "demo", "--epochs", "1", "--run", "shared", "--device", bench.device.type)
    done = bench.sedpipe("train", "demo", *epochs, "--devices", "2", "--threads", "1")
    found = {"exit": done.returncode, "traceback": "Traceback" in done.stderr, "said": done.stderr.strip()[-300:]}
    works = not bench.on_gpu or torch.cuda.device_count() > 1
    return found | wrong(works_or_is_refused=(done.returncode == 0) == works, no_traceback=not found["traceback"])


CHECKS: tuple[tuple[Callable[[Bench], dict[str, Any]], float], ...] = (
    (machine, 5), (agreement, 30), (recurrence, 10), (two_precisions, 30), (waits, 15), (stages, 60), (across, 20),
    (out_of_memory, 30), (moving, 15), (speed, 110), (resumed, 120), (one_of_several, 20),
)  # fmt: skip
"""Checks in their order, with the seconds that each may take on a GPU; those that no longer fit are left out."""


def main() -> None:
    """Run all checks, print a line for each, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda", help="cuda, cuda:1, cpu")
    parser.add_argument("--short", action="store_true", help="small networks, few steps: does every check run?")
    parser.add_argument("--minutes", type=float, default=8.0, help="checks that would not end by then are left out")
    parser.add_argument("--only", nargs="+", choices=[check.__name__ for check, _ in CHECKS], help="these checks alone")
    parser.add_argument("--json", type=Path, default=Path("gpu.json"), help="where to write")
    options = parser.parse_args()
    begun = time.monotonic()
    report: dict[str, Any] = {"device": options.device, "short": options.short, "checks": {}}
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(torch.device(options.device), options.short, Path(folder))
        for check, seconds in CHECKS:
            if options.only and check.__name__ not in options.only:
                continue
            started = time.monotonic()
            if started - begun + seconds > options.minutes * 60:
                found: dict[str, Any] = {"left_out": f"would not end within {options.minutes:g} minutes"}
            else:
                try:
                    with ended_after(options.minutes * 60 - (started - begun)):
                        found = check(bench)
                except Exception as error:  # the other checks may still work
                    found = {
                        "failed": f"{type(error).__name__}: {error}"[:2000],
                        "at": traceback.format_exc()[-600:],
                    }
            found["seconds"] = round(time.monotonic() - started, 1)
            report["checks"][check.__name__] = found
            _write(options.json, report)
            print(f"{check.__name__}: {json.dumps(found)[:300]}", flush=True)
    report["seconds"] = round(time.monotonic() - begun, 1)
    _write(options.json, report)
    sys.exit(any(found.keys() & {"failed", "wrong"} for found in report["checks"].values()))


@contextmanager
def ended_after(seconds: float) -> Iterator[None]:
    """Raise ``TimeoutError`` in the block after some seconds; a process that the block waits for is ended with it."""

    def late(number: int, frame: Any) -> None:
        raise TimeoutError("it did not end in time")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _write(path: Path, report: dict[str, Any]) -> None:
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(json.dumps(report, indent=1) + "\n")
    temporary.replace(path)


if __name__ == "__main__":
    main()
