import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from sedpipe.errors import SedpipeError
from sedpipe.features.encoders.encoder import Encoder
from sedpipe.features.encoders.runtimes import open_runner
from sedpipe.io.encoders.cards import load_encoder
from tiny_encoder import WINDOW, write_encoder


@pytest.mark.parametrize(("batch", "window"), [("B", WINDOW), ("B", "N"), (1, WINDOW), (1, "N")])
def test_graphs_may_fix_or_leave_open_their_batch_size_and_window_length(
    tmp_path, batch: object, window: object
) -> None:
    path = write_encoder(tmp_path, batch=batch, window=window)
    windows = np.random.default_rng(0).standard_normal((5, WINDOW)).astype(np.float32)
    found = open_runner((tmp_path / "ears.onnx").read_bytes(), load_encoder(str(path)).encoder)(windows)
    expected = np.stack([windows.mean(1), np.sqrt((windows**2).mean(1)), windows[:, 0]], axis=1)
    np.testing.assert_allclose(found[:, 0], expected, atol=1e-6)


def test_the_output_can_be_chosen_by_name(tmp_path) -> None:
    path = write_encoder(tmp_path, output="y")
    encoder = load_encoder(str(path)).encoder
    assert encoder.output == "y"
    windows = np.ones((2, WINDOW), np.float32)
    raw = (tmp_path / "ears.onnx").read_bytes()
    np.testing.assert_array_equal(
        open_runner(raw, encoder)(windows), open_runner(raw, replace(encoder, output=""))(windows)
    )


def write_strided(folder: Path, kernel: int, stride: int) -> Encoder:
    """Write a graph that outputs the sum of every ``kernel`` samples; return an encoder that declares ``stride``."""
    graph = helper.make_graph(
        [
            helper.make_node("Unsqueeze", ["x", "axis"], ["clip"]),
            helper.make_node("Conv", ["clip", "ones"], ["sums"], strides=[kernel]),
            helper.make_node("Transpose", ["sums"], ["y"], perm=[0, 2, 1]),
        ],
        "sums",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["B", "N"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["B", "M", 1])],
        initializer=[
            helper.make_tensor("axis", TensorProto.INT64, [1], [1]),
            helper.make_tensor("ones", TensorProto.FLOAT, [1, 1, kernel], [1.0] * kernel),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.save(model, folder / "sums.onnx")
    sha256 = hashlib.sha256((folder / "sums.onnx").read_bytes()).hexdigest()
    return Encoder("sums", "onnx", "sums.onnx", sha256, 8_000, 0, 1, stride=stride)


def test_a_slightly_wrong_stride_is_detected_on_a_whole_clip(tmp_path) -> None:
    """Two frames are two frames at either stride; fifty are not, and those frames would lie at wrong times."""
    clip = np.ones((1, 50 * 160), np.float32)
    encoder = write_strided(tmp_path, kernel=160, stride=160)
    raw = (tmp_path / "sums.onnx").read_bytes()
    np.testing.assert_array_equal(open_runner(raw, encoder)(clip), np.full((1, 50, 1), 160.0))
    encoder = write_strided(tmp_path, kernel=150, stride=160)
    raw = (tmp_path / "sums.onnx").read_bytes()
    with pytest.raises(SedpipeError, match=r"run as the encoder sums .*of 8,000 samples it gives 53 x 1 .*not 50 x 1"):
        open_runner(raw, encoder)(clip)


def test_a_damaged_file_gives_a_one_line_error_and_prints_nothing_to_stdout(tmp_path, capsys) -> None:
    path = write_encoder(tmp_path)
    raw = bytearray((tmp_path / "ears.onnx").read_bytes())
    raw[raw.index(b"ReduceMean")] = 0xE1  # invalid UTF-8, on which onnxruntime's second attempt fails
    with pytest.raises(SedpipeError):
        open_runner(bytes(raw), load_encoder(str(path)).encoder)
    assert capsys.readouterr().out == ""
