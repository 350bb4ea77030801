"""A pretrained encoder as far as it decides values: a file, what runs it, what goes in and comes out.

- :class:`Encoder`: all of that
- :class:`Weights`: where the bytes of its file come from
- :class:`HearsThroughEncoders`: a front end that needs some
- :data:`RUNTIMES`: what can run one
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from typing import Protocol, Self, runtime_checkable

RUNTIMES = ("tflite", "onnx", "torch")
"""LiteRT, ONNX Runtime, or PyTorch with one of :data:`sedpipe.features.encoders.networks.NETWORKS`."""

MOST_SAMPLES, MOST_DIMENSIONS, MOST_RATE = 2**27, 2**16, 2**20
"""Bounds on what a model from elsewhere may claim, far above what any encoder needs."""

FILE_NAME = "the name of a file, without a folder, of letters, digits, '.', '_' and '-'"
"""What :func:`is_file_name` wants, in words."""

_FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,49}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def is_file_name(name: str) -> bool:
    """Whether it is a plain name, without a folder, that any disk can hold."""
    return _FILE_NAME.fullmatch(name) is not None


class Weights(Protocol):
    """The file of an encoder, somewhere; can be pickled, compared and hashed."""

    def __hash__(self) -> int:
        """Equal ones have the same."""

    def read(self) -> bytes:
        """The bytes that the encoder's sha256 is of; :class:`~sedpipe.errors.SedpipeError` if they are not there."""


@dataclass(frozen=True)
class Encoder:
    """Waveform in, a vector for each stretch of time out.

    There are two kinds. One hears a window and says one vector of it (``stride`` 0): such windows can lie anywhere, so
    each frame gets a window of its own around its middle. The other gives frames ``stride`` samples apart: it hears
    windows that follow each other or, with ``window`` 0, all of a clip at once; each frame is then its frame there.

    Parameters
    ----------
    name : str
        What it is called.
    runtime : str
        Of ``RUNTIMES``.
    file : str
        What its file is called, without a folder.
    sha256 : str
        Of the file, hex.
    sample_rate : int
        Hz, of what it hears.
    window : int
        Samples that it hears at once; 0: any number.
    dimensions : int
        Values of a frame.
    stride : int
        Samples from one of its own frames to the next; 0 if it gives one vector a window.
    output : str or int
        Which tensor: its name, or its index (LiteRT); "" is the only one.
    network : str
        For ``torch``: which network the weights are of.
    scale : float
        What samples in [-1, 1] are multiplied by first.
    heard : tuple of str
        Datasets of sedpipe whose recordings, those that are scored among them, it may have been taught with; decides
        no value.

    Raises
    ------
    ValueError
        If a value is out of range, or values contradict each other.
    """

    name: str
    runtime: str
    file: str
    sha256: str
    sample_rate: int
    window: int
    dimensions: int
    stride: int = 0
    output: str | int = ""
    network: str = ""
    scale: float = 1.0
    heard: tuple[str, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"expected a name of letters, digits, '_' and '-', got {self.name!r}")
        if self.runtime not in RUNTIMES:
            raise ValueError(f"runtime must be one of {', '.join(RUNTIMES)}, got {self.runtime!r}")
        if not is_file_name(self.file):
            raise ValueError(f"expected {FILE_NAME}, got {self.file!r}")
        if not _SHA256.fullmatch(self.sha256):
            raise ValueError(f"expected sha256 as 64 lower-case hexadecimal digits, got {self.sha256!r}")
        for key, least, most in (
            ("sample_rate", 1, MOST_RATE), ("window", 0, MOST_SAMPLES), ("dimensions", 1, MOST_DIMENSIONS),
            ("stride", 0, MOST_SAMPLES),
        ):  # fmt: skip
            value = getattr(self, key)
            if not isinstance(value, int) or not least <= value <= most:
                raise ValueError(f"{key} must be a whole number from {least} to {most}, got {value!r}")
        if not self.window and not self.stride:
            raise ValueError("an encoder that takes any length (window 0) needs the stride of its frames")
        if self.stride and self.window % self.stride:
            raise ValueError(f"window ({self.window}) must be a multiple of stride ({self.stride})")
        if (self.runtime == "torch") != bool(self.network):
            raise ValueError("network goes with the runtime torch, and only with it")
        if not 0 < self.scale < float("inf"):
            raise ValueError(f"scale must be a positive number, got {self.scale}")

    @property
    def settings(self) -> dict[str, int | float | str]:
        """All that decides values, but the name, as plain values."""
        return {key: value for key, value in asdict(self).items() if key not in ("name", "heard")}


@runtime_checkable
class HearsThroughEncoders(Protocol):
    """A front end that can only hear with the files of encoders."""

    @property
    def encoders(self) -> tuple[Encoder, ...]:
        """Those that it needs."""

    @property
    def weights(self) -> tuple[Weights, ...]:
        """One an encoder, or none."""

    def with_weights(self, weights: tuple[Weights, ...]) -> Self:
        """The same with these files."""
