"""Description of a pretrained encoder, as far as it determines values: file, runtime, input and output.

- :class:`Encoder`: the description
- :class:`Weights`: the source of the bytes of its file
- :class:`NeedsEncoders`: a front end that needs encoders
- :data:`RUNTIMES`: names of the runtimes
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from typing import Protocol, Self, runtime_checkable

RUNTIMES = ("tflite", "onnx", "torch")
"""LiteRT, ONNX Runtime, or PyTorch with one of :data:`sedpipe.features.encoders.networks.NETWORKS`."""

MOST_SAMPLES, MOST_DIMENSIONS, MOST_RATE = 2**27, 2**16, 2**20
"""Limits for model files from elsewhere, far above what any encoder needs."""

FILE_NAME = "the name of a file, without a folder, of letters, digits, '.', '_' and '-'"
"""What :func:`is_file_name` requires, in words."""

_FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,49}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def is_file_name(name: str) -> bool:
    """Return whether ``name`` is a plain file name, without a folder, that any file system accepts."""
    return _FILE_NAME.fullmatch(name) is not None


class Weights(Protocol):
    """The file of an encoder, wherever it is stored; can be pickled, compared and hashed."""

    def __hash__(self) -> int:
        """Return a hash; equal weights have the same."""

    def read(self) -> bytes:
        """Return the bytes with the encoder's sha256; raise :class:`~sedpipe.errors.SedpipeError` if missing."""


@dataclass(frozen=True)
class Encoder:
    """Waveform in, a vector for each stretch of time out.

    There are two kinds. One outputs a single vector per window (``stride`` 0): its windows can lie anywhere, so each
    frame gets a window of its own around its middle. The other outputs frames ``stride`` samples apart: it processes
    consecutive windows or, with ``window`` 0, a whole clip at a time; each frame then takes the encoder's frame in
    which its middle lies.

    Parameters
    ----------
    name : str
        Name of the encoder.
    runtime : str
        One of ``RUNTIMES``.
    file : str
        Name of its file, without a folder.
    sha256 : str
        Checksum of the file, in hexadecimal digits.
    sample_rate : int
        Sample rate of its input in Hz.
    window : int
        Number of samples of an input window; 0: any number.
    dimensions : int
        Number of values per frame.
    stride : int
        Number of samples from one of its own frames to the next; 0 if it outputs one vector per window.
    output : str or int
        Tensor to use as output: its name, or its index (LiteRT); "" for the only one.
    network : str
        For ``torch``: name of the network that the weights belong to.
    scale : float
        Factor by which samples in [-1, 1] are multiplied first.
    heard : tuple of str
        Datasets of sedpipe whose recordings, including scored ones, may have been in its training data; does not affect
        values.

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
        """Everything that determines values except the name, as plain values."""
        return {key: value for key, value in asdict(self).items() if key not in ("name", "heard")}


@runtime_checkable
class NeedsEncoders(Protocol):
    """A front end that needs the files of encoders."""

    @property
    def encoders(self) -> tuple[Encoder, ...]:
        """Encoders that it needs."""

    @property
    def weights(self) -> tuple[Weights, ...]:
        """Their files: one per encoder, or none."""

    def with_weights(self, weights: tuple[Weights, ...]) -> Self:
        """Return the same front end with these files."""
