from dataclasses import replace

import numpy as np
import pytest
from sedpipe.errors import SedpipeError
from sedpipe.features.encoders.runtimes import open_runner
from sedpipe.io.encoders.cards import load_encoder
from tiny_encoder import WINDOW, write_encoder


@pytest.mark.parametrize(("batch", "window"), [("B", WINDOW), ("B", "N"), (1, WINDOW), (1, "N")])
def test_graphs_take_many_clips_or_one_of_a_given_or_any_length(tmp_path, batch: object, window: object) -> None:
    path = write_encoder(tmp_path, batch=batch, window=window)
    windows = np.random.default_rng(0).standard_normal((5, WINDOW)).astype(np.float32)
    found = open_runner((tmp_path / "ears.onnx").read_bytes(), load_encoder(str(path)).encoder)(windows)
    expected = np.stack([windows.mean(1), np.sqrt((windows**2).mean(1)), windows[:, 0]], axis=1)
    np.testing.assert_allclose(found[:, 0], expected, atol=1e-6)


def test_the_output_may_be_named(tmp_path) -> None:
    path = write_encoder(tmp_path, output="y")
    encoder = load_encoder(str(path)).encoder
    assert encoder.output == "y"
    windows = np.ones((2, WINDOW), np.float32)
    raw = (tmp_path / "ears.onnx").read_bytes()
    np.testing.assert_array_equal(
        open_runner(raw, encoder)(windows), open_runner(raw, replace(encoder, output=""))(windows)
    )


def test_a_file_that_is_none_is_a_sentence_and_stdout_stays_for_reports(tmp_path, capsys) -> None:
    path = write_encoder(tmp_path)
    raw = bytearray((tmp_path / "ears.onnx").read_bytes())
    raw[raw.index(b"ReduceMean")] = 0xE1  # no UTF-8, over which onnxruntime's second try stumbles
    with pytest.raises(SedpipeError):
        open_runner(bytes(raw), load_encoder(str(path)).encoder)
    assert capsys.readouterr().out == ""
