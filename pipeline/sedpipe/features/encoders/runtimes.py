"""What runs an encoder's file, by name.

- :data:`RUNTIMES`: opens the bytes of a file; a new runtime is a file and a line there
- :class:`Runner`: windows of samples -> vectors
- :func:`check_runtime`, :func:`check_file`: what can be told before
- :func:`open_runner`: of an encoder, checked
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import NamedTuple, Protocol

import numpy as np

from sedpipe.errors import SedpipeError, SettingsError
from sedpipe.features.encoders.encoder import Encoder


class Runner(Protocol):
    """An open encoder."""

    def __call__(self, windows: np.ndarray, /) -> np.ndarray:
        """Windows (N, samples), float32 -> vectors (N, M, D) of the M frames of each, float32."""


class Runtime(NamedTuple):
    """How files of one kind are opened: what runs them, as people, Python and pip call it, and a function."""

    title: str
    module: str
    distribution: str
    opens: Callable[[bytes, Encoder], Runner]

    @property
    def is_installed(self) -> bool:
        """Whether it is, broken or not."""
        return find_spec(self.module.partition(".")[0]) is not None

    @property
    def trouble(self) -> str:
        """Why it cannot be used, as the end of a sentence; "" if it can."""
        if not self.is_installed:
            return "is not installed"
        try:
            import_module(self.module)
        except Exception as error:  # a broken library may raise anything
            return f"is installed but cannot be imported: {type(error).__name__}: {' '.join(str(error).split())[:200]}"
        return ""


def _tflite(raw: bytes, encoder: Encoder) -> Runner:
    from sedpipe.features.encoders.tflite import TfliteRunner

    return TfliteRunner(raw, encoder)


def _onnx(raw: bytes, encoder: Encoder) -> Runner:
    from sedpipe.features.encoders.onnx import OnnxRunner

    return OnnxRunner(raw, encoder)


def _torch(raw: bytes, encoder: Encoder) -> Runner:
    from sedpipe.features.encoders.networks import open_network

    return open_network(raw, encoder)


RUNTIMES = {
    "tflite": Runtime("LiteRT", "ai_edge_litert.interpreter", "ai-edge-litert", _tflite),
    "onnx": Runtime("ONNX Runtime", "onnxruntime", "onnxruntime", _onnx),
    "torch": Runtime("PyTorch", "torch", "torch", _torch),
}


def check_runtime(encoder: Encoder) -> None:
    """``SettingsError``, with the command that mends it, if what runs this encoder is not installed, or broken."""
    runtime = RUNTIMES[encoder.runtime]
    if not (trouble := runtime.trouble):
        return
    way = f"run `pip install --force-reinstall {runtime.distribution}`"
    if not runtime.is_installed:
        way = f'run `pip install "sedpipe[encoders]"`, or `pip install {runtime.distribution}`'
    raise SettingsError(
        f"the encoder {encoder.name} needs {runtime.title} ({runtime.distribution}), which {trouble}", hint=way
    )


def check_file(raw: bytes, encoder: Encoder) -> None:
    """``SedpipeError`` if a file cannot be used alone, as far as that can be told without what runs it."""
    if encoder.runtime != "onnx":
        return
    from sedpipe.features.encoders.onnx import check_whole

    try:
        check_whole(raw, encoder)
    except ValueError as error:
        raise _unlike_its_toml(encoder, "opened", error) from error


def open_runner(raw: bytes, encoder: Encoder) -> Runner:
    """Open an encoder's file.

    Raises
    ------
    SettingsError
        If what runs it is not installed, or broken.
    SedpipeError
        If the file cannot be opened, or lacks what the description names; of what is returned, if it gives other
        frames than the description says.
    """
    check_runtime(encoder)
    try:
        runner = RUNTIMES[encoder.runtime].opens(raw, encoder)
    except SedpipeError:
        raise
    except Exception as error:  # runtimes trip over strange files in many ways
        raise _unlike_its_toml(encoder, "opened", error) from error
    _checked(runner, encoder, "opened")(np.zeros((1, encoder.window or 2 * encoder.stride), np.float32))
    return _checked(runner, encoder, "run")


def _checked(runner: Runner, encoder: Encoder, done: str) -> Runner:
    """The same; ``SedpipeError`` where it gives other frames than described: they would lie at other times."""

    def hear(windows: np.ndarray, /) -> np.ndarray:
        n_clips, n_samples = windows.shape
        wanted = (n_clips, n_samples // encoder.stride if encoder.stride else 1, encoder.dimensions)
        try:
            heard = runner(windows)
            if heard.shape != wanted:
                found = f"of {n_samples:,} samples it gives {_sizes(heard.shape)} (frames x dimensions)"
                raise ValueError(f"{found}, not {_sizes(wanted)}")
        except Exception as error:  # runtimes trip over strange files in many ways
            raise _unlike_its_toml(encoder, done, error) from error
        return heard

    return hear


def _unlike_its_toml(encoder: Encoder, done: str, error: Exception) -> SedpipeError:
    why = " ".join(str(error).split())[:200]
    return SedpipeError(
        f"{encoder.file} cannot be {done} as the encoder {encoder.name} ({encoder.runtime}): {why}",
        hint="compare runtime, network, window, stride and output in its TOML with the file",
    )


def _sizes(shape: tuple[int, ...]) -> str:
    return " x ".join(str(size) for size in shape[1:])
