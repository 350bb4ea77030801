import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sedpipe.errors import SedpipeError
from sedpipe.features.encoders.runtimes import open_runner
from sedpipe.io.encoders.cards import load_encoder

interpreter = pytest.importorskip("ai_edge_litert.interpreter")

YAMNET = load_encoder("yamnet").encoder


@pytest.fixture(scope="module")
def raw(shared_data: Path) -> bytes:
    return (shared_data / "models" / "yamnet-int8.tflite").read_bytes()


@pytest.fixture(scope="module")
def windows() -> np.ndarray:
    times = np.arange(15_600) / 16_000
    noise = np.random.default_rng(0).standard_normal(15_600)
    return np.stack([np.sin(2 * np.pi * 440 * times), 0.1 * noise, np.zeros(15_600)]).astype(np.float32)


def test_yamnets_embedding_is_the_dequantised_input_of_its_last_layer(raw: bytes, windows: np.ndarray) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        direct = interpreter.Interpreter(model_content=raw, num_threads=1, experimental_preserve_all_tensors=True)
    direct.allocate_tensors()
    expected = []
    for window in windows:
        direct.set_tensor(0, window)
        direct.invoke()
        expected.append((direct.get_tensor(115).ravel().astype(np.float64) + 128) * 0.022328350692987442)
    found = open_runner(raw, YAMNET)(windows)
    assert (found.shape, found.dtype) == ((3, 1, 1024), np.float32)
    np.testing.assert_allclose(found[:, 0], expected, rtol=1e-6)
    assert found.min() == 0
    assert len(np.unique(found[0])) > 10


def test_yamnets_scores_follow_from_its_embedding(raw: bytes, windows: np.ndarray) -> None:
    """The graph's own weights turn the embedding into the scores, to within a few quantisation steps of 8 bits."""
    embedding = open_runner(raw, YAMNET)(windows)[:, 0]
    scores = open_runner(raw, replace(YAMNET, output="", dimensions=521))(windows)[:, 0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        direct = interpreter.Interpreter(model_content=raw, experimental_preserve_all_tensors=True)
    direct.allocate_tensors()
    details = {one["index"]: one for one in direct.get_tensor_details()}
    weights = direct.get_tensor(116) * np.float64(details[116]["quantization"][0])
    biases = direct.get_tensor(117) * np.float64(details[117]["quantization"][0])
    np.testing.assert_allclose(1 / (1 + np.exp(-(embedding @ weights.T + biases))), scores, atol=0.05)


def test_nothing_is_written_to_the_terminal(raw: bytes, windows: np.ndarray, capfd: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        open_runner(raw, YAMNET)(windows)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"window": 16_000}, "takes 15600 samples, not window = 16000"),
        ({"output": 100_000}, "no tensor 100000"),
        ({"output": "embedding"}, "no tensor 'embedding'"),
        ({"dimensions": 1000}, "its vectors have 1024 values, not dimensions = 1000"),
        ({"dimensions": 512}, "its vectors have 1024 values, not dimensions = 512"),
        ({"output": ""}, "its vectors have 521 values, not dimensions = 1024"),
        ({"output": 0}, "its vectors have 15600 values, not dimensions = 1024"),
    ],
)
def test_a_description_that_contradicts_the_file_gives_a_one_line_error(
    raw: bytes, change: dict[str, object], why: str
) -> None:
    with pytest.raises(SedpipeError, match=f"cannot be opened as the encoder yamnet .*{why}"):
        open_runner(raw, replace(YAMNET, **change))


def test_bytes_that_are_not_a_graph_give_a_one_line_error() -> None:
    with pytest.raises(SedpipeError, match=r"^yamnet\.tflite cannot be opened as the encoder yamnet"):
        open_runner(b"TFL3" * 100, YAMNET)
