"""Encoders as ONNX files, run by ``onnxruntime``.

- :class:`OnnxRunner`: samples, with or without an axis of clips, to vectors, with or without axes of clips and frames
- :func:`check_whole`: checks that the file contains all of its weights
"""

from __future__ import annotations

import os
from contextlib import redirect_stdout

import numpy as np

from sedpipe.errors import SedpipeError
from sedpipe.features.encoders.encoder import Encoder
from sedpipe.features.encoders.onnx_external import external_files


def check_whole(raw: bytes, encoder: Encoder) -> None:
    """Raise ``SedpipeError`` if weights are in other files, which the checksum would not cover; they are not read.

    Raise ``ValueError`` if it is not an ONNX file.
    """
    if not (others := external_files(raw)):
        return
    named = ", ".join(ascii(name)[1:101] for name in others[:3]).replace("'", "") or "another file"
    raise SedpipeError(
        f"{encoder.file} of the encoder {encoder.name} is not whole: its weights are in {named}",
        hint="export it as one file, `torch.onnx.export(..., external_data=False)`; or make one of the two with "
        "`onnx.save(onnx.load('model.onnx'), 'whole.onnx')`",
    )


class OnnxRunner:
    """An ONNX graph that takes samples.

    Parameters
    ----------
    raw : bytes
        The file.
    encoder : Encoder

    Raises
    ------
    ValueError
        If the graph takes other input, or lacks the output.
    SedpipeError
        If the file does not contain all of its weights.
    """

    def __init__(self, raw: bytes, encoder: Encoder) -> None:
        import onnxruntime

        check_whole(raw, encoder)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1  # clips are spread over processes already
        options.log_severity_level = 3
        # otherwise bytes that begin like ONNX Runtime's own format would be read in that format, unchecked
        options.add_session_config_entry("session.load_model_format", "ONNX")
        # for files that are not ONNX, it also prints a message on stdout, which is reserved for reports
        with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):
            self._session = onnxruntime.InferenceSession(raw, options, providers=["CPUExecutionProvider"])
        inputs, outputs = self._session.get_inputs(), [one.name for one in self._session.get_outputs()]
        if len(inputs) != 1 or inputs[0].type != "tensor(float)" or len(inputs[0].shape) not in (1, 2):
            taken = ", ".join(f"{one.name} {one.type} {one.shape}" for one in inputs)
            raise ValueError(f"expected one input of float32 samples (N,) or (B, N), it takes {taken}")
        if encoder.output == "" and len(outputs) != 1:
            raise ValueError(f"it has {len(outputs)} outputs: name one, {', '.join(outputs)}")
        self._input, self._output = inputs[0].name, encoder.output or outputs[0]
        if self._output not in outputs:
            raise ValueError(f"it has no output {self._output!r}: there are {', '.join(outputs)}")
        n_samples = inputs[0].shape[-1]
        if isinstance(n_samples, int) and n_samples != encoder.window:
            raise ValueError(f"it takes {n_samples} samples, not window = {encoder.window}")
        self._takes_clips = len(inputs[0].shape) == 2
        self._takes_many = self._takes_clips and not isinstance(inputs[0].shape[0], int)
        self._dimensions = encoder.dimensions

    def __call__(self, windows: np.ndarray, /) -> np.ndarray:
        """Windows (N, samples) -> (N, M, D)."""
        windows = np.ascontiguousarray(windows, np.float32)
        if self._takes_many:
            return self._run(windows).reshape(len(windows), -1, self._dimensions)
        each = (self._run(window[None] if self._takes_clips else window) for window in windows)
        return np.stack([one.reshape(-1, self._dimensions) for one in each])

    def _run(self, samples: np.ndarray) -> np.ndarray:
        [values] = self._session.run([self._output], {self._input: samples})
        if values.shape[-1] != self._dimensions:
            raise ValueError(f"its vectors have {values.shape[-1]} values, not dimensions = {self._dimensions}")
        return np.asarray(values, np.float32)
