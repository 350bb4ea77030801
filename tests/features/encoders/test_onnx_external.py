import os
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from sedpipe.errors import SedpipeError, SettingsError
from sedpipe.features.encoders.onnx_external import external_files
from sedpipe.features.encoders.runtimes import open_runner
from sedpipe.io.encoders.cards import load_encoder
from sedpipe.io.encoders.fetch import keep_encoder
from tiny_encoder import WINDOW, write_encoder

WEIGHTS = np.arange(WINDOW, dtype=np.float32)


def elsewhere(location: str | None) -> TensorProto:
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[WINDOW], data_location=TensorProto.EXTERNAL)
    if location is not None:
        tensor.external_data.add(key="location", value=location)
        tensor.external_data.add(key="length", value=str(WEIGHTS.nbytes))
    return tensor


def inside(branch: onnx.GraphProto) -> onnx.NodeProto:
    return helper.make_node("If", ["c"], ["y"], then_branch=branch, else_branch=branch)


def graph(nodes=(), tensors=()) -> onnx.GraphProto:
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [WINDOW]) for name in "xy")
    return helper.make_graph(list(nodes), "g", [x], [y], initializer=list(tensors))


def model(of: onnx.GraphProto, functions=()) -> bytes:
    opset = helper.make_opsetid("", 18)
    made = helper.make_model(of, opset_imports=[opset], ir_version=9, functions=list(functions))
    return made.SerializeToString()


def constant(location: str) -> onnx.NodeProto:
    return helper.make_node("Constant", [], ["w"], value=elsewhere(location))


TIMES_W = helper.make_node("Mul", ["x", "w"], ["y"])

PLACES = {
    "initializer": model(graph([TIMES_W], [elsewhere("w.data")])),
    "constant": model(graph([constant("w.data"), TIMES_W])),
    "sparse": model(
        graph([helper.make_node("Constant", [], ["w"], sparse_value=helper.make_sparse_tensor(
            elsewhere("w.data"), helper.make_tensor("i", TensorProto.INT64, [1], [0]), [WINDOW]))])
    ),
    "branch in a branch": model(graph([inside(graph([inside(graph([], [elsewhere("w.data")]))]))])),
    "function": model(
        graph([TIMES_W]),
        [helper.make_function("own", "f", ["x"], ["y"], [constant("w.data"), TIMES_W], [helper.make_opsetid("", 18)])],
    ),
}  # fmt: skip


@pytest.mark.parametrize("raw", PLACES.values(), ids=PLACES)
def test_external_tensors_are_found_anywhere_in_the_graph(raw: bytes) -> None:
    assert external_files(raw) == ["w.data"]


def test_an_external_tensor_without_a_location_counts() -> None:
    assert external_files(model(graph([TIMES_W], [elsewhere(None)]))) == [""]


def test_a_self_contained_file_has_no_external_tensors_whatever_its_node_names(tmp_path: Path) -> None:
    write_encoder(tmp_path)
    assert external_files((tmp_path / "ears.onnx").read_bytes()) == []
    named = model(graph([helper.make_node("Mul", ["x", "x"], ["y"], name="location w.data")]))
    assert external_files(named) == []


def test_truncated_files_and_other_bytes_are_refused() -> None:
    for raw in (PLACES["initializer"][:-1], b"not a graph", b"\xff" * 20, b"\x0b"):
        with pytest.raises(ValueError, match="not an ONNX file"):
            external_files(raw)


def test_a_tag_with_an_extra_bit_is_refused() -> None:
    """Some parsers read only the lowest 32 bits of a tag: to them, field 7 with bit 32 set is the graph, too."""
    hidden = PLACES["initializer"]
    at = hidden.index(b"\x3a")
    tagged = hidden[:at] + b"\xba\x80\x80\x80\x10" + hidden[at + 1 :]
    with pytest.raises(ValueError, match="not an ONNX file"):
        external_files(tagged)


def test_a_missing_onnx_package_is_reported_with_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(SettingsError, match="needs the package onnx") as caught:
        external_files(PLACES["initializer"])
    assert "sedpipe[encoders]" in caught.value.hint


@pytest.mark.parametrize("location", ["ears.onnx.data", "absolute", "../ears.onnx.data"])
def test_weights_in_another_file_are_never_read_and_the_error_names_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, location: str
) -> None:
    """Wherever that file is: ONNX Runtime itself would read weights relative to the working directory."""
    path = write_encoder(tmp_path / "mine")
    (tmp_path / "work").mkdir()
    for folder in ("mine", "work", "."):
        (tmp_path / folder / "ears.onnx.data").write_bytes(WEIGHTS.tobytes())
    monkeypatch.chdir(tmp_path / "work")
    named = os.path.abspath("ears.onnx.data") if location == "absolute" else location
    raw = model(graph([TIMES_W], [elsewhere(named)]))
    (tmp_path / "mine" / "ears.onnx").write_bytes(raw)
    card = load_encoder(str(path))
    for tried in (lambda: open_runner(raw, card.encoder), lambda: keep_encoder(card, tmp_path / "cache")):
        with pytest.raises(SedpipeError, match=r"is not whole: its weights are in .*ears\.onnx\.data$") as caught:
            tried()
        assert "external_data=False" in caught.value.hint
    assert not list((tmp_path / "cache").rglob("*.onnx"))
