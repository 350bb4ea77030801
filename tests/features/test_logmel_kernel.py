"""The compiled loops: the same bytes for any position of a frame and any process; a compile cache that may fail."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import librosa
import numpy as np
import pytest
import sedpipe
from sedpipe.features.logmel import LogMelConfig, log_mel
from sedpipe.features.logmel_kernel import LANES

PROGRAM = """
import hashlib, numpy, sys
from sedpipe.features.logmel import LogMelConfig
from sedpipe.features.logmel import log_mel
waveform = (0.1 * numpy.random.default_rng(0).standard_normal(88_200)).astype(numpy.float32)
numpy.ones((64, 64)) @ numpy.ones((64, 64))
print(hashlib.sha256(log_mel(waveform, LogMelConfig(n_frames=100))[0].tobytes()).hexdigest())
"""


def noise(n_samples: int) -> np.ndarray:
    return (0.1 * np.random.default_rng(0).standard_normal(n_samples)).astype(np.float32)


def start(root: Path, **environment: str) -> subprocess.Popen[str]:
    kept = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    command = [sys.executable, "-c", PROGRAM]
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command, cwd=root, env={**kept, "PYTHONPATH": str(root), **environment}, stdout=pipe, stderr=pipe, text=True
    )


def digest(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=400)  # four compile at the same time, on machines that may be busy
    assert (process.returncode, err) == (0, "")
    return out.strip()


def expected() -> str:
    return hashlib.sha256(log_mel(noise(88_200), LogMelConfig(n_frames=100))[0].tobytes()).hexdigest()


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A copy of the package that has never been run."""
    source = Path(sedpipe.__file__).parent
    shutil.copytree(source, tmp_path / "site" / "sedpipe", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "site"


@pytest.mark.parametrize("shift", [1, LANES - 1, LANES, LANES + 1, 60])
def test_a_frame_has_the_same_bytes_at_any_position_in_its_block(shift: int) -> None:
    config = LogMelConfig(n_frames=100)
    waveform = noise(config.n_samples)
    features = log_mel(waveform, config)[0]
    later = log_mel(waveform[shift * config.hop_length :], config)[0]
    inner = slice(shift + 2, 98)  # frames whose windows reach over neither end
    np.testing.assert_array_equal(later[2 : 98 - shift], features[inner])


def test_threads_and_processes_give_the_same_bytes() -> None:
    root = Path(sedpipe.__file__).parents[1]
    digests = {digest(start(root, OMP_NUM_THREADS=n, OPENBLAS_NUM_THREADS=n)) for n in ("1", "4")}
    assert digests == {expected()}


@pytest.mark.parametrize("n_fft", [8, 16, 32, 256, 512, 1024, 4096])
def test_transforms_of_every_power_of_two_match_librosa(n_fft: int) -> None:
    config = LogMelConfig(window_length=n_fft - 2, hop_length=n_fft // 2, n_fft=n_fft, n_frames=40, n_mels=2)
    waveform = noise(config.n_samples)
    power = librosa.feature.melspectrogram(
        y=waveform.astype(np.float64), sr=44_100, n_fft=n_fft, hop_length=n_fft // 2, win_length=n_fft - 2,
        pad_mode="constant", n_mels=2,
    )  # fmt: skip
    reference = librosa.power_to_db(power, amin=1e-10, top_db=None).T[:40]
    np.testing.assert_allclose(log_mel(waveform, config)[0], reference, rtol=0, atol=1e-3)


@pytest.mark.parametrize("value", [0.0, 1e-40, 1e-30, 1e15, 1e25, 3e38])
def test_extreme_levels_give_finite_values(value: float) -> None:
    waveform = np.full(5000, value, np.float32)
    waveform[::2] *= -1
    features = log_mel(waveform, LogMelConfig(n_frames=6))[0]
    assert np.isfinite(features).all()
    assert features.min() >= -100


def test_four_simultaneous_first_calls_compile_and_agree(installed: Path) -> None:
    processes = [start(installed) for _ in range(4)]
    assert {digest(process) for process in processes} == {expected()}
    assert list((installed / "sedpipe" / "features" / "__pycache__").glob("*.nbc"))


@pytest.mark.parametrize("damage", ["truncated", "no place"])
def test_a_failing_compile_cache_does_not_change_the_result(installed: Path, tmp_path: Path, damage: str) -> None:
    kept = installed / "sedpipe" / "features" / "__pycache__"
    if damage == "truncated":
        kept.mkdir()
        for path in (Path(sedpipe.__file__).parent / "features" / "__pycache__").glob("*.nb[ic]"):
            (kept / path.name).write_bytes(path.read_bytes()[:40])
    else:
        kept.write_text("not a folder")  # root may write anywhere, but a file is no folder
        (tmp_path / "home").write_text("")
    home = str(tmp_path / "home")
    assert (
        digest(start(installed, HOME=home, XDG_CACHE_HOME=f"{home}/cache", PYTHONDONTWRITEBYTECODE="1")) == expected()
    )


def test_importing_log_mel_loads_neither_numba_nor_librosa_nor_scipy() -> None:
    code = "import sys, sedpipe.features.logmel; print([m for m in ('numba', 'librosa', 'scipy') if m in sys.modules])"
    command = [sys.executable, "-c", code]
    assert subprocess.check_output(command, text=True, cwd=Path(sedpipe.__file__).parents[1]).strip() == "[]"
