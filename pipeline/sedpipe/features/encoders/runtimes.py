"""Runtimes of encoders, by name.

- :data:`RUNTIMES`: functions that open the bytes of a file; a new runtime is a file and an entry there
- :class:`Runner`: windows of samples -> vectors
- :func:`check_runtime`, :func:`check_file`: checks that are possible before a file is opened
- :func:`open_runner`: opens the file of an encoder, and checks its output
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
    """How files of one kind are opened: the runtime's title, its names for Python and pip, and a function."""

    title: str
    module: str
    distribution: str
    opens: Callable[[bytes, Encoder], Runner]

    @property
    def is_installed(self) -> bool:
        """Whether it is installed, broken or not."""
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
    """Raise ``SettingsError``, with the command that helps, if an encoder's runtime is not installed or is broken."""
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
    """Raise ``SedpipeError`` if a file cannot be used alone, as far as that is known without its runtime."""
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
        If its runtime is not installed, or broken.
    SedpipeError
        If the file cannot be opened, lacks what the description names, or outputs other frames than described; the
        returned runner raises it, too, if it outputs other frames.
    """
    check_runtime(encoder)
    try:
        runner = RUNTIMES[encoder.runtime].opens(raw, encoder)
    except SedpipeError:
        raise
    except Exception as error:  # runtimes fail on unusual files in many ways
        raise _unlike_its_toml(encoder, "opened", error) from error
    _checked(runner, encoder, "opened")(np.zeros((1, encoder.window or 2 * encoder.stride), np.float32))
    return _checked(runner, encoder, "run")


def _checked(runner: Runner, encoder: Encoder, done: str) -> Runner:
    """Let a runner raise ``SedpipeError`` if it outputs other frames than described: their times would be wrong."""

    def hear(windows: np.ndarray, /) -> np.ndarray:
        n_clips, n_samples = windows.shape
        wanted = (n_clips, n_samples // encoder.stride if encoder.stride else 1, encoder.dimensions)
        try:
            heard = runner(windows)
            if heard.shape != wanted:
                found = f"of {n_samples:,} samples it gives {_sizes(heard.shape)} (frames x dimensions)"
                raise ValueError(f"{found}, not {_sizes(wanted)}")
        except Exception as error:  # runtimes fail on unusual files in many ways
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
