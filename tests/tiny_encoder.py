"""A pretrained encoder that can be computed by hand: mean, root mean square and first sample of a window.

- :func:`write_encoder`: the file and the TOML beside it
- :func:`built`: the front end, with its file in memory
- :func:`heard`: the embeddings of a waveform, by definition
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper
from sedpipe.clips import ClipFormat
from sedpipe.features.encoders.front_end import EncoderConfig
from sedpipe.io.encoders.front_end import encoders_front_end

RATE, WINDOW, HOP = 8_000, 800, 400

TOML = """\
runtime = "onnx"
sample_rate = 8_000
window = 800
hop = 400
dimensions = 3
trained_on = "nothing"
licence = "CC0"

[file]
name = "{name}.onnx"
"""


def write_encoder(folder: Path, name: str = "ears", *, batch: object = "B", window: object = WINDOW, **more) -> Path:
    """Put ``<name>.onnx`` and ``<name>.toml`` into a folder; ``more`` goes into the TOML."""
    folder.mkdir(parents=True, exist_ok=True)
    axes = helper.make_tensor("axes", TensorProto.INT64, [1], [1])
    nodes = [
        helper.make_node("ReduceMean", ["x", "axes"], ["mean"], keepdims=1),
        helper.make_node("Mul", ["x", "x"], ["squares"]),
        helper.make_node("ReduceMean", ["squares", "axes"], ["power"], keepdims=1),
        helper.make_node("Sqrt", ["power"], ["rms"]),
        helper.make_node("Slice", ["x", "zero", "one", "axes"], ["first"]),
        helper.make_node("Concat", ["mean", "rms", "first"], ["y"], axis=1),
    ]
    bounds = [helper.make_tensor(name, TensorProto.INT64, [1], [value]) for name, value in (("zero", 0), ("one", 1))]
    graph = helper.make_graph(
        nodes, "ears",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, window])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [batch, 3])],
        initializer=[axes, *bounds],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    onnx.save(model, folder / f"{name}.onnx")
    top = "".join(f"{key} = {value!r}\n".replace("'", '"') for key, value in more.items())
    (folder / f"{name}.toml").write_text(top + TOML.format(name=name))
    return folder / f"{name}.toml"


@dataclass(frozen=True)
class Bytes:
    """An encoder's file in memory."""

    raw: bytes

    def read(self) -> bytes:
        return self.raw


def built(clip_s: float = 1.0, hop_s: float | None = None) -> EncoderConfig:
    """Return the front end, with its weights."""
    with tempfile.TemporaryDirectory() as folder:
        made = encoders_front_end(str(write_encoder(Path(folder))), hop_s, ClipFormat(clip_s))
        return made.with_weights((Bytes((Path(folder) / "ears.onnx").read_bytes()),))


def heard(waveform: np.ndarray, hop: int = HOP, window: int = WINDOW) -> np.ndarray:
    """Return the embedding of each frame, by definition: of the window around its middle, zeros beyond both ends."""
    rows = []
    for k in range(-(-len(waveform) // hop)):
        begin = int((k + 0.5) * hop) - window // 2
        samples = np.array([waveform[i] if 0 <= i < len(waveform) else 0.0 for i in range(begin, begin + window)])
        rows.append([samples.mean(), np.sqrt((samples**2).mean()), samples[0]])
    return np.array(rows)
