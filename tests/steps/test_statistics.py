from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from rights import without_power
from sedpipe.clips import Clip
from sedpipe.features.logmel import LogMelConfig
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.cache.feature_file import FeatureFile
from sedpipe.io.cache.feature_store import FeatureRow, write_shard
from sedpipe.labels import LabelSet
from sedpipe.steps import statistics as room
from sedpipe.steps.batches import ClipBatches
from sedpipe.steps.statistics import feature_statistics, kept_statistics

torch.set_num_threads(1)
LABELS = LabelSet(("Dog", "Rain"))
FRONT_END = LogMelConfig(n_frames=4, n_mels=3)


def clips(*names: str) -> list[Clip]:
    return [Clip(name, "training", name, 0.0, 10.0, ("Dog",)) for name in names]


def row(name: str, n_frames: int = 4, features: np.ndarray | None = None) -> FeatureRow:
    made = np.random.default_rng(ord(name)).normal(size=(4, 3)) if features is None else features
    return FeatureRow(name, made.astype(np.float32), n_frames, name * 64)


def stored(tmp_path: Path, rows: Sequence[FeatureRow], dtype: str = "float32") -> FeatureFile:
    path = tmp_path / "training.h5"
    write_shard(path, rows, FeatureSpec(FRONT_END, dtype))
    return FeatureFile(path)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-6), ("float16", 2e-3)])
def test_statistics_match_numpy_over_the_frames_without_padding(tmp_path: Path, dtype: str, tolerance: float) -> None:
    g = np.random.default_rng(0)
    counts = (4, 1, 3, 2, 4)
    values = [g.normal([-80, -40, 0], [9, 0.5, 3], (4, 3)).astype(np.float32) for _ in counts]
    for value, count in zip(values, counts, strict=True):
        value[count:] = -100  # the floor with which clips are padded
    rows = [row(name, *of_clip) for name, *of_clip in zip("abcde", counts, values, strict=True)]
    mean, deviation = feature_statistics(ClipBatches(stored(tmp_path, rows, dtype), clips(*"abcde"), LABELS))
    frames = np.concatenate([value[:count] for value, count in zip(values, counts, strict=True)]).astype(np.float64)
    np.testing.assert_allclose(mean, frames.mean(axis=0), rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(deviation, frames.std(axis=0), rtol=10 * tolerance, atol=tolerance)
    assert mean.dtype == deviation.dtype == torch.float32


def test_a_small_deviation_far_from_zero_is_computed_accurately(tmp_path: Path) -> None:
    features = np.full((4, 3), -100, np.float32)
    features[::2] += 0.01
    mean, deviation = feature_statistics(ClipBatches(stored(tmp_path, [row("a", 4, features)]), clips("a"), LABELS))
    assert mean.tolist() == pytest.approx([-99.995] * 3, abs=1e-4)
    assert deviation.tolist() == pytest.approx([0.005] * 3, rel=1e-2)


@pytest.fixture
def batches(tmp_path: Path) -> ClipBatches:
    return ClipBatches(stored(tmp_path, [row(name) for name in "abc"]), clips(*"abc"), LABELS)


@pytest.fixture
def works(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """A function that returns how often statistics were computed since its last call."""
    calls: list[ClipBatches] = []
    work = feature_statistics
    monkeypatch.setattr(room, "feature_statistics", lambda batches: calls.append(batches) or work(batches))

    def counted() -> int:
        n = len(calls)
        calls.clear()
        return n

    return counted


def same(one: room.FeatureStatistics, other: room.FeatureStatistics) -> bool:
    return torch.equal(one.mean, other.mean) and torch.equal(one.deviation, other.deviation)


def test_kept_statistics_are_computed_once_and_read_back_exactly(
    batches: ClipBatches, works: Callable[[], int]
) -> None:
    expected = feature_statistics(batches)
    assert same(kept_statistics(batches), expected)
    assert works() == 1
    assert same(kept_statistics(batches), expected)
    assert works() == 0
    assert sorted(path.name for path in batches.path.parent.iterdir()) == ["training.h5", "training.statistics.npz"]


def test_statistics_of_other_clips_or_other_audio_are_recomputed(
    batches: ClipBatches, tmp_path: Path, works: Callable[[], int]
) -> None:
    kept_statistics(batches)
    fewer = ClipBatches(FeatureFile(batches.path), clips("a", "b"), LABELS)
    assert same(kept_statistics(fewer), feature_statistics(fewer))
    other = FeatureRow("c", np.ones((4, 3), np.float32), 4, "d" * 64)
    changed = ClipBatches(stored(tmp_path, [row("a"), row("b"), other]), clips(*"abc"), LABELS)
    assert same(kept_statistics(changed), feature_statistics(changed))
    assert works() == 3


@pytest.mark.parametrize("content", [b"", b"PK", bytes(1000), b"half"])
def test_damaged_statistics_are_recomputed_and_replaced(
    batches: ClipBatches, content: bytes, works: Callable[[], int]
) -> None:
    expected, path = kept_statistics(batches), batches.path.with_suffix(".statistics.npz")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if content == b"half" else content)
    assert same(kept_statistics(batches), expected)
    assert works() == 2
    assert path.read_bytes() == whole


@pytest.mark.parametrize(
    "change",
    [{"mean": np.zeros(2, np.float32)}, {"mean": np.zeros(3)}, {"deviation": np.full(3, np.nan, np.float32)},
     {"deviation": np.full(3, -1, np.float32)}, {"clips": np.array(["a", "b"])}, {"clips": np.array(7)},
     {"mean": np.array([{}, {}, {}], dtype=object)}],
)  # fmt: skip
def test_invalid_kept_statistics_are_recomputed(
    batches: ClipBatches, change: dict[str, np.ndarray], works: Callable[[], int]
) -> None:
    expected, path = kept_statistics(batches), batches.path.with_suffix(".statistics.npz")
    with np.load(path) as there:
        np.savez(path, **{**there, **change})
    assert same(kept_statistics(batches), expected)
    assert works() == 2


def test_statistics_are_returned_even_if_the_cache_cannot_be_written(batches: ClipBatches) -> None:
    folder = batches.path.parent
    folder.chmod(0o555)
    try:
        with without_power():
            kept = kept_statistics(batches)
    finally:
        folder.chmod(0o755)
    assert same(kept, feature_statistics(batches))
    assert [path.name for path in folder.iterdir()] == ["training.h5"]


def test_statistics_are_returned_even_if_the_disk_is_full(
    batches: ClipBatches, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", refuse)
    assert same(kept_statistics(batches), feature_statistics(batches))
    assert [path.name for path in batches.path.parent.iterdir()] == ["training.h5"]
