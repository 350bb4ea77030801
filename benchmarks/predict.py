"""Speed and memory of ``sedpipe predict`` on one core, and the benefit of overlapping windows.

``python benchmarks/predict.py speed`` processes 1, 10 and 60 minutes with each preset's network (untrained: weights do
not affect the time), each in a process of its own on one core with one thread, and compares with the plain way: the
whole recording decoded into memory, then windows one after another. ``python benchmarks/predict.py joints DATASET RUN``
joins the clips of a dataset's ``testing`` to one long recording, off the windows' grid, and scores its events for
several overlaps. Both write to ``benchmarks/results/predict/``.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "predict"
sys.path.insert(0, str(ROOT / "pipeline"))

import numpy as np  # noqa: E402

RATE = 44_100
MINUTES = (1, 10, 60)
PRESETS = ("demo", "small", "paper")
OVERLAPS = (0.0, 0.1, 0.2, 0.25, 0.4, 0.5, 0.6, 0.8, 0.9)
CUT_S = 3.5  # cut off the first clip, so that joints of clips and of windows do not coincide


@dataclass(frozen=True)
class Cost:
    """Cost of one process for one recording."""

    preset: str
    way: str
    minutes: int
    format: str
    seconds: float
    times_real_time: float
    start_mb: float  # resident memory with everything imported and the model read
    peak_mb: float


def speed(presets: list[str], minutes: list[int]) -> None:
    """Measure, print and write a table of costs; each row is measured in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        for preset in presets:
            _make_model(Path(folder, preset), preset)
        costs = []
        for length in minutes:
            for form in ("flac", "m4a") if length == 10 else ("flac",):
                recording = _make_recording(Path(folder, f"{length}.{form}"), length)
                for preset in presets:
                    ways = ("blocks", "whole") if preset == presets[0] and form == "flac" else ("blocks",)
                    costs += [_measured(recording, Path(folder, preset), way, length, form) for way in ways]
    names = ("network", "way", "format", "minutes", "seconds", "x real time", "MB at start", "MB at most")
    print("  ".join(names))
    for cost in costs:
        cells = [cost.preset, cost.way, cost.format, str(cost.minutes), f"{cost.seconds:.1f}"]
        cells += [f"{cost.times_real_time:.0f}", f"{cost.start_mb:.0f}", f"{cost.peak_mb:.0f}"]
        print("  ".join(cell.rjust(len(name)) for cell, name in zip(cells, names, strict=True)))
    for preset in presets:
        _keep(f"speed-{preset}", {"costs": [asdict(cost) for cost in costs if cost.preset == preset]})


def _make_model(folder: Path, preset: str) -> None:
    import torch
    from sedpipe.choices import OPERATING_POINTS
    from sedpipe.detection.postprocess import PostProcessing
    from sedpipe.features.spec import FeatureSpec
    from sedpipe.io.models.checkpoints import TrainedModel, write_model
    from sedpipe.io.settings.presets import load_preset
    from sedpipe.labels import LabelSet
    from sedpipe.nn.networks.registry import build_network

    torch.manual_seed(0)
    chosen, labels, spec = load_preset(preset), LabelSet(tuple(f"class {k}" for k in range(17))), FeatureSpec()
    model = build_network(chosen.network, chosen.pooling, len(labels), spec)
    points = dict.fromkeys(OPERATING_POINTS, PostProcessing(0.5, 0.56, 0.1))
    trained = TrainedModel(model, labels, spec, chosen.network, chosen.pooling, points)
    write_model(folder / "checkpoint.pt", trained)


def _make_recording(path: Path, minutes: int) -> Path:
    """Write noise that swells and fades, as mono FLAC, or as AAC in M4A."""
    import av
    import soundfile

    generator = np.random.default_rng(0)
    swell = 0.05 * (1 + np.sin(np.arange(10 * RATE) / RATE * 2 * np.pi / 5))
    pieces = ((swell * generator.standard_normal(10 * RATE)).astype(np.float32) for _ in range(6 * minutes))
    if path.suffix == ".flac":
        with soundfile.SoundFile(path, "w", RATE, 1) as file:
            for piece in pieces:
                file.write(piece)
        return path
    with av.open(str(path), "w", format="ipod") as container:
        stream = container.add_stream("aac", rate=RATE, layout="mono")
        for piece in pieces:
            frame = av.AudioFrame.from_ndarray(piece[None], format="fltp", layout="mono")
            frame.sample_rate = RATE
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def _measured(recording: Path, model: Path, way: str, minutes: int, form: str) -> Cost:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, __file__, "one", str(recording), str(model), way]
    printed = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout
    seconds, start_mb, peak_mb = json.loads(printed.splitlines()[-1])
    return Cost(model.name, way, minutes, form, seconds, 60 * minutes / seconds, start_mb, peak_mb)


def one(recording: Path, model: Path, way: str) -> None:
    """Measure a single row, on one core, and print it."""
    if sys.platform == "linux":  # `_now_mb` needs Linux, too
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    import torch
    from sedpipe.features.logmel import LogMelConfig, log_mel
    from sedpipe.io.audio.waveforms import read_waveform
    from sedpipe.io.models.open import open_model
    from sedpipe.stages.predict import predict
    from sedpipe.steps.hearing import frame_probabilities

    torch.set_num_threads(1)
    trained = open_model(str(model), None, "cpu").trained
    front_end = trained.spec.front_end
    assert isinstance(front_end, LogMelConfig)
    log_mel(np.zeros(RATE, np.float32), front_end)  # imports librosa
    start_mb, started = _now_mb(), time.monotonic()
    if way == "blocks":
        predict([recording], str(model))
    else:
        frame_probabilities([read_waveform(recording, RATE)], trained)
    seconds = time.monotonic() - started
    print(json.dumps([seconds, start_mb, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))


def _now_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def joints(dataset: str, run: str, cache_dir: Path) -> None:
    """Score one long recording, and measure how far probabilities jump where windows are joined."""
    from sedpipe.detection.decoding import decode_events
    from sedpipe.events import Event
    from sedpipe.io.audio.waveforms import read_waveform
    from sedpipe.io.cache.dataset import Dataset
    from sedpipe.io.lists.events import read_event_list
    from sedpipe.io.models.open import open_model
    from sedpipe.metrics.segment_scores import segment_based_scores
    from sedpipe.steps.hearing import frame_probabilities

    cache = Dataset(cache_dir, dataset)
    trained = open_model(run, cache, "cpu").trained
    clips, reference = cache.read_clips()["testing"], read_event_list(cache.reference_path("testing"))
    pieces, truth, at_s = [], [], -CUT_S
    for clip in clips:
        pieces.append(read_waveform(cache.audio_path(clip), RATE))
        truth += [
            Event(round(max(0.0, event.onset + at_s), 3), round(event.offset + at_s, 3), event.label)
            for event in reference[clip.clip_id]
            if event.offset + at_s > 0
        ]
        at_s += len(pieces[-1]) / RATE
    recording = np.concatenate(pieces)[round(CUT_S * RATE) :]
    duration = len(recording) / RATE
    grid = trained.grid
    n_frames = grid.frames_of_samples(len(recording))
    rows = []
    names = ("overlap", "F1 (max_f1)", "ER (min_er)", "step at joints", "elsewhere", "seconds")
    print("  ".join(names))
    for overlap in OVERLAPS:
        started = time.monotonic()
        probs, clip_probs, _ = frame_probabilities([recording], trained, overlap)
        probs, clip_probs = probs[:n_frames], clip_probs[:n_frames]
        seconds = time.monotonic() - started
        scores = {}
        for name, point in trained.operating_points.items():
            events = decode_events(probs, trained.labels, point, grid, duration=duration, clip_probs=clip_probs)
            durations = {"all": round(duration, 3)}
            scores[name] = segment_based_scores({"all": truth}, {"all": events}, durations, trained.labels).overall
        at_joints, elsewhere = _steps(probs, trained.spec.front_end.n_frames // trained.model.time_factor, overlap)
        row = {
            "overlap": overlap,
            "f1": scores["max_f1"].f1,
            "error_rate": scores["min_er"].error_rate,
            "step_at_joints": at_joints,
            "step_elsewhere": elsewhere,
            "seconds": seconds,
        }
        rows.append(row)
        print("  ".join(f"{value:.4f}".rjust(len(name)) for value, name in zip(row.values(), names, strict=True)))
    _keep("joints", {"dataset": dataset, "run": run, "split": "testing", "duration": duration, "rows": rows})


def _steps(probs: np.ndarray, window: int, overlap: float) -> tuple[float, float]:
    """Return the largest change of a class from a frame to the next: means over joints and over all other frames."""
    change = np.abs(np.diff(probs, axis=0)).max(axis=1)
    hop = round((1 - overlap) * window)
    starts = np.arange(hop, len(probs) - window, hop)
    edges = np.unique(np.concatenate([starts - 1, starts - hop + window - 1]))  # where a window begins, or ends
    edges = edges[edges < len(change)]
    return float(change[edges].mean()), float(np.delete(change, edges).mean())


def _keep(name: str, content: dict[str, object]) -> None:
    from sedpipe.io.files.atomic import write_json

    write_json(RESULTS / f"{name}.json", content)


def main() -> None:
    """Read options and choose what to measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    of_speed = verbs.add_parser("speed")
    of_speed.add_argument("--preset", action="append", help="repeatable; all three, if not given")
    of_speed.add_argument("--minutes", action="append", type=int, help="repeatable; 1, 10 and 60, if not given")
    of_one = verbs.add_parser("one")
    of_one.add_argument("recording", type=Path)
    of_one.add_argument("model", type=Path)
    of_one.add_argument("way", choices=["blocks", "whole"])
    of_joints = verbs.add_parser("joints")
    of_joints.add_argument("dataset")
    of_joints.add_argument("run")
    of_joints.add_argument("--cache", type=Path, default=Path("cache"))
    chosen = parser.parse_args()
    if chosen.verb == "speed":
        speed(chosen.preset or list(PRESETS), chosen.minutes or list(MINUTES))
    elif chosen.verb == "one":
        one(chosen.recording, chosen.model, chosen.way)
    else:
        joints(chosen.dataset, chosen.run, chosen.cache)


if __name__ == "__main__":
    main()
