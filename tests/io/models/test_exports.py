import json
import logging
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from sedpipe.detection.postprocess import PostProcessing
from sedpipe.errors import SedpipeError, SettingsError
from sedpipe.features.familiar import Familiar
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.models import exports
from sedpipe.io.models.checkpoints import TrainedModel
from sedpipe.io.models.exports import is_export, read_export, write_export, write_onnx
from sedpipe.labels import LabelSet
from sedpipe.nn.networks.gccaps import GCCapsConfig
from sedpipe.nn.networks.registry import build_network
from sedpipe.nn.pooling import PoolingConfig
from tiny_dataset import FRONT_END, LABELS
from tiny_dataset import untrained_model as trained

CPU = torch.device("cpu")


def some_input(batch_size: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return torch.randn((batch_size, 40, 16), generator=generator) * 9 - 40, torch.tensor([40, 23, 1])


@pytest.mark.parametrize("pooling", ["linear", "attention"])
def test_an_export_is_read_back_as_the_same_model_to_the_last_bit(tmp_path, pooling):
    one = replace(trained(pooling), familiar=Familiar(-40.5, 8000.0))
    written = write_export(tmp_path / "export", one)
    assert [path.name for path in written] == ["model.safetensors", "config.json"]
    other = read_export(tmp_path / "export", CPU)
    assert is_export(tmp_path / "export")
    assert {**vars(other), "model": 0} == {**vars(one), "model": 0}
    with torch.inference_mode():
        here, there = one.model.eval()(*some_input()), other.model.eval()(*some_input())
    assert torch.equal(here.frame_probs, there.frame_probs)
    assert torch.equal(here.clip_probs, there.clip_probs)


def test_the_weights_are_a_plain_safetensors_file_and_the_rest_is_json(tmp_path):
    from safetensors.numpy import load_file

    one = trained()
    write_export(tmp_path, one)
    weights = load_file(tmp_path / "model.safetensors")
    assert weights.keys() == one.model.state_dict().keys()
    config = json.loads((tmp_path / "config.json").read_text())
    assert config["labels"] == list(LABELS)
    assert config["front_end"]["hop_length"] == 100
    assert config["operating_points"]["min_er"]["threshold"] == 0.5


def complaint(folder: Path) -> str:
    with pytest.raises(SedpipeError) as caught:
        read_export(folder, CPU)
    assert caught.value.hint == "export it again"
    return caught.value.message


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("config.json", b"{"),
        ("config.json", b"[]"),
        ("config.json", b"{}"),
        ("config.json", b"[" * 100_000),
        ("config.json", b'{"format": 1, "format": 1}'),
        ("config.json", b" " * 2**21),
        ("model.safetensors", b""),
        ("model.safetensors", b"\xff" * 64),
        ("model.safetensors", (2**40).to_bytes(8, "little") + b"{}"),
    ],
)
def test_a_damaged_export_gives_a_one_line_error(tmp_path, name, content):
    write_export(tmp_path, trained())
    (tmp_path / name).write_bytes(content)
    said = complaint(tmp_path)
    assert "does not contain a sedpipe model: " in said
    assert len(said) <= 300


@pytest.mark.parametrize(
    ("table", "key", "value"),
    [
        ("network", "maps", [8]),
        ("network", "maps", "many"),
        ("network", "gru_units", 10**9),
        ("front_end", "n_mels", -1),
        ("pooling", "function", "median"),
        ("operating_points", "min_er", {"threshold": 7}),
    ],
)
def test_a_config_that_does_not_fit_the_weights_gives_a_one_line_error(tmp_path, table, key, value):
    write_export(tmp_path, trained())
    config = json.loads((tmp_path / "config.json").read_text())
    config[table][key] = value
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert "does not contain a sedpipe model: " in complaint(tmp_path)


def test_a_single_flipped_bit_in_a_weight_is_detected(tmp_path):
    write_export(tmp_path, trained())
    raw = bytearray((tmp_path / "model.safetensors").read_bytes())
    raw[-4] ^= 1  # the lowest bit of the last weight
    (tmp_path / "model.safetensors").write_bytes(raw)
    assert "model.safetensors is damaged, or of another model" in complaint(tmp_path)


def test_an_export_without_a_checksum_is_read(tmp_path):
    write_export(tmp_path, trained())
    config = json.loads((tmp_path / "config.json").read_text())
    assert len(config.pop("weights_sha256")) == 64
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert tuple(read_export(tmp_path, CPU).labels) == LABELS


def test_a_folder_with_half_an_export_is_not_an_export(tmp_path):
    write_export(tmp_path, trained())
    (tmp_path / "config.json").unlink()
    assert not is_export(tmp_path)
    assert "it lacks config.json" in complaint(tmp_path)


needs_onnx = pytest.mark.skipif(
    any(find_spec(name) is None for name in exports.ONNX_PACKAGES), reason="the export extra is not installed"
)


@pytest.fixture(scope="module")
def graph(tmp_path_factory) -> tuple[Path, TrainedModel, dict[int, float]]:
    """The ONNX export that these tests share."""
    path, model = tmp_path_factory.mktemp("onnx") / "model.onnx", trained()
    model.model.train()  # the model may have been left in any mode
    return path, model, write_onnx(path, model)


@needs_onnx
def test_onnx_output_matches_the_network_at_batch_sizes_other_than_the_exported_one(graph):
    import onnxruntime

    path, model, differences = graph
    assert differences.keys() == {1, 2, 5}
    assert max(differences.values()) < 1e-5
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    log_mel, n_frames = some_input()
    clip_probs, frame_probs = session.run(None, {"log_mel": log_mel.numpy(), "n_frames": n_frames.numpy()})
    with torch.inference_mode():
        expected = model.model.eval()(log_mel, n_frames)
    assert clip_probs.shape == (3, len(LABELS))
    assert frame_probs.shape == (3, 20, len(LABELS))
    np.testing.assert_allclose(clip_probs, expected.clip_probs, atol=1e-5)
    np.testing.assert_allclose(frame_probs, expected.frame_probs, atol=1e-5)


@needs_onnx
def test_the_graph_names_inputs_and_outputs_and_contains_labels_and_front_end(graph):
    import onnx

    content = onnx.load(graph[0])
    assert [value.name for value in content.graph.input] == ["log_mel", "n_frames"]
    assert [value.name for value in content.graph.output] == ["clip_probs", "frame_probs"]
    told = json.loads({entry.key: entry.value for entry in content.metadata_props}["sedpipe"])
    assert told["labels"] == list(LABELS)
    assert told["front_end"]["n_mels"] == 16
    assert logging.root.manager.disable == logging.NOTSET


@needs_onnx
def test_a_graph_whose_output_differs_is_refused_and_deleted(graph, tmp_path, monkeypatch):
    def other_graph(path: Path, _: TrainedModel) -> None:
        path.write_bytes(graph[0].read_bytes())

    monkeypatch.setattr(exports, "_write_graph", other_graph)
    model = trained()
    with torch.no_grad():
        model.model.classify.bias += 0.01
    with pytest.raises(SedpipeError, match=r"differ from PyTorch's by up to .*e-03, at most 1e-04 is allowed"):
        write_onnx(tmp_path / "model.onnx", model)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_package_gives_an_error_that_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(exports, "find_spec", lambda name: None if name == "onnxscript" else find_spec(name))
    with pytest.raises(SettingsError, match="needs onnxscript, which is not installed") as caught:
        write_onnx(tmp_path / "model.onnx", trained())
    assert 'pip install "sedpipe[export]"' in caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_a_network_that_onnx_does_not_support_gives_a_one_line_error(tmp_path, monkeypatch):
    def refuses(*_: object, **__: object) -> None:
        raise torch.onnx.OnnxExporterError("no ONNX function\n for aten.magic")

    monkeypatch.setattr(torch.onnx, "export", refuses)
    monkeypatch.setattr(exports, "find_spec", lambda name: name)
    with pytest.raises(SedpipeError, match=r"the network crnn as ONNX: no ONNX function for aten\.magic") as caught:
        write_onnx(tmp_path / "model.onnx", trained())
    assert caught.value.hint == "choose --format safetensors"
    assert list(tmp_path.iterdir()) == []


@needs_onnx
def test_a_network_with_capsules_can_be_exported_as_onnx(tmp_path):
    network = GCCapsConfig(blocks=2, maps=4, channels=2)
    spec, pooling = FeatureSpec(replace(FRONT_END, n_mels=32)), PoolingConfig("attention", (), "time")
    model = build_network(network, pooling, len(LABELS), spec)
    points = dict.fromkeys(("min_er", "max_f1"), PostProcessing(0.5))
    differences = write_onnx(
        tmp_path / "model.onnx", TrainedModel(model, LabelSet(LABELS), spec, network, pooling, points)
    )
    assert max(differences.values()) < 1e-5
