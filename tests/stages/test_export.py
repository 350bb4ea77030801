"""Exports of several models, or of several forms, in one folder."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from sedpipe.detection.postprocess import PostProcessing
from sedpipe.errors import SedpipeError, SettingsError
from sedpipe.io.models.checkpoints import TrainedModel
from sedpipe.io.models.exports import write_export
from sedpipe.io.models.open import open_model
from sedpipe.stages import export as stage
from sedpipe.stages.export import export
from sedpipe.views.terminal.learning import export_lines
from tiny_dataset import untrained_model


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """Exports of a network before and after a change of its weights; ONNX graphs are replaced by a few bytes."""

    def write_graph(path: Path, trained: TrainedModel) -> dict[int, float]:
        path.write_bytes(b"a graph")
        return {1: 0.0}

    monkeypatch.setattr(stage, "write_onnx", write_graph)
    before, after = untrained_model(), untrained_model()
    with torch.no_grad():
        after.model.classify.bias += 1
    after = replace(after, operating_points=dict.fromkeys(("min_er", "max_f1"), PostProcessing(0.25)))
    write_export(tmp_path / "before", before)
    write_export(tmp_path / "after", after)
    return str(tmp_path / "before"), str(tmp_path / "after")


def test_old_weights_beside_a_graph_of_another_model_are_refused_and_reported(models, tmp_path):
    out = tmp_path / "export"
    export(models[0], out=out)
    report = export(models[1], out=out, form="onnx")
    with pytest.raises(SedpipeError, match=r"model\.safetensors is damaged, or of another model"):
        open_model(str(out), None, "cpu")
    assert report.of_another_model == [str(out / "model.safetensors")]
    assert any(
        line.startswith(f"note: {out / 'model.safetensors'} is from an earlier export") for line in export_lines(report)
    )
    assert export(models[1], out=out).of_another_model == []
    assert open_model(str(out), None, "cpu").trained.operating_points["min_er"].threshold == 0.25


@pytest.mark.parametrize("forms", [("safetensors", "onnx"), ("onnx", "safetensors")])
def test_both_forms_of_one_model_share_a_folder(models, tmp_path, forms):
    reports = [export(models[1], out=tmp_path / "export", form=form) for form in forms]
    assert [report.of_another_model for report in reports] == [[], []]
    bias = open_model(str(tmp_path / "export"), None, "cpu").trained.model.classify.bias
    assert torch.equal(bias, open_model(models[1], None, "cpu").trained.model.classify.bias)
    told = [json.loads((Path(folder) / "config.json").read_text()) for folder in (tmp_path / "export", models[1])]
    assert told[0] == told[1]


@pytest.mark.parametrize("damaged", [False, True])
def test_a_graph_beside_the_weights_of_another_model_is_reported(models, tmp_path, damaged):
    out = tmp_path / "export"
    export(models[0], out=out, form="onnx")
    if damaged:
        (out / "config.json").write_text("{")
    assert export(models[1], out=out).of_another_model == [str(out / "model.onnx")]


@pytest.mark.parametrize("form", ["safetensors", "onnx"])
def test_the_model_of_another_program_is_not_overwritten(models, tmp_path, form):
    out = tmp_path / "bert"
    out.mkdir()
    theirs = {"config.json": '{"model_type": "bert"}', "model.safetensors": "weights"}
    for name, text in theirs.items():
        (out / name).write_text(text)
    with pytest.raises(SettingsError, match=r"bert contains a config\.json of another program"):
        export(models[0], out=out, form=form)
    assert {path.name: path.read_text() for path in out.iterdir()} == theirs


@pytest.mark.parametrize(
    ("form", "name", "content"),
    [
        ("onnx", "model.onnx", "a detector of somebody else's"),
        ("safetensors", "model.safetensors", "weights"),
        ("onnx", "config.json", '["a", "list"]'),
    ],
)
def test_a_file_of_another_program_without_a_description_is_not_overwritten(models, tmp_path, form, name, content):
    out = tmp_path / "theirs"
    out.mkdir()
    (out / name).write_text(content)
    with pytest.raises(SettingsError, match=f"theirs contains a {name} of another program"):
        export(models[0], out=out, form=form)
    assert {path.name: path.read_text() for path in out.iterdir()} == {name: content}


def test_an_export_killed_before_its_config_was_written_can_be_repeated(models, tmp_path):
    for form in ("safetensors", "onnx"):
        export(models[0], out=tmp_path / form, form=form)
        (tmp_path / form / "config.json").unlink()
    (tmp_path / "onnx" / "model.onnx").write_bytes(b"a graph \x0a\x07sedpipe\x12")
    for form in ("safetensors", "onnx"):
        assert len(export(models[0], out=tmp_path / form, form=form).files) == 2
