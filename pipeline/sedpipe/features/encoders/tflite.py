"""Encoders as LiteRT (TensorFlow Lite) files, run by ``ai-edge-litert``.

- :class:`TfliteRunner`: processes a window at a time; any tensor of the graph can be the output
"""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from sedpipe.features.encoders.encoder import Encoder


class TfliteRunner:
    """A LiteRT graph that takes one window.

    Values of a quantised tensor are converted to real ones by its scale and zero point: ``scale * (q - zero_point)``.

    Parameters
    ----------
    raw : bytes
        The file.
    encoder : Encoder

    Raises
    ------
    ValueError
        If the graph takes another number of samples, or lacks the output tensor.
    """

    def __init__(self, raw: bytes, encoder: Encoder) -> None:
        from ai_edge_litert.interpreter import Interpreter

        with _silenced():
            # an embedding is mostly a tensor inside the graph: all tensors are kept, not only the graph's outputs
            self._interpreter = Interpreter(model_content=raw, num_threads=1, experimental_preserve_all_tensors=True)
            self._interpreter.allocate_tensors()
        [asked] = self._interpreter.get_input_details()
        if int(np.prod(asked["shape"])) != encoder.window:
            raise ValueError(f"it takes {'x'.join(map(str, asked['shape']))} samples, not window = {encoder.window}")
        self._input, self._shape = asked["index"], asked["shape"]
        tensors = {one["index"]: one for one in self._interpreter.get_tensor_details()}
        chosen = _chosen(tensors, encoder.output, [one["index"] for one in self._interpreter.get_output_details()])
        self._output, (self._scale, self._zero) = chosen["index"], chosen["quantization"]
        self._dimensions = encoder.dimensions
        self._one_at_a_time = threading.Lock()

    def __call__(self, windows: np.ndarray, /) -> np.ndarray:
        """Windows (N, samples) -> (N, M, D)."""
        with self._one_at_a_time:
            return np.stack([self._heard(window) for window in windows])

    def _heard(self, window: np.ndarray) -> np.ndarray:
        self._interpreter.set_tensor(self._input, np.ascontiguousarray(window, np.float32).reshape(self._shape))
        self._interpreter.invoke()
        values = self._interpreter.get_tensor(self._output)
        if self._scale:
            values = np.float32(self._scale) * (values.astype(np.float32) - self._zero)
        if values.size != self._dimensions and values.shape[-1:] != (self._dimensions,):
            found = values.shape[-1] if values.ndim else 1
            raise ValueError(f"its vectors have {found} values, not dimensions = {self._dimensions}")
        return np.asarray(values, np.float32).reshape(-1, self._dimensions)


def _chosen(tensors: dict[int, dict], output: str | int, outputs: list[int]) -> dict:  # type: ignore[type-arg]
    if output == "":
        if len(outputs) != 1:
            raise ValueError(f"it has {len(outputs)} outputs: name one, {', '.join(map(str, outputs))}")
        return tensors[outputs[0]]
    for index, tensor in tensors.items():
        if output in (index, tensor["name"]):
            return tensor
    raise ValueError(f"it has no tensor {output!r} among its {len(tensors)}")


_STDERR = 2


@contextmanager
def _silenced() -> Iterator[None]:
    """Silence LiteRT: it prints its delegates on stderr, bypassing Python, and warns that kept tensors take memory."""
    kept = os.dup(_STDERR)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), _STDERR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        os.dup2(kept, _STDERR)
        os.close(kept)
