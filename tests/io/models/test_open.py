import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from sedpipe.errors import MissingStageError, SettingsError
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.models.checkpoints import write_model
from sedpipe.io.models.exports import write_export
from sedpipe.io.models.open import open_model
from tiny_dataset import untrained_model as trained


@pytest.fixture
def cache(tmp_path: Path) -> Dataset:
    cache = Dataset(tmp_path, "garden")
    write_model(cache.runs / "first" / "checkpoint.pt", trained())
    return cache


def test_a_run_is_opened_by_folder_by_name_or_as_the_newest_of_a_dataset(cache):
    for name, changed_s in (("a", 1), ("z", 2)):
        write_model(cache.runs / name / "checkpoint.pt", trained("max"))
        os.utime(cache.runs / name / "checkpoint.pt", (changed_s, changed_s))
    by_path = open_model(str(cache.runs / "first"), None, "cpu")
    for address in ("first", None, str(cache.runs / "first")):
        opened = open_model(address, cache, "cpu")
        assert opened.folder == by_path.folder
        assert opened.sha256 == by_path.sha256
        assert opened.trained.labels == trained().labels


def test_an_export_is_opened_and_its_checksum_depends_on_the_model_only(cache, tmp_path):
    write_export(tmp_path / "export", trained())
    opened = open_model(str(tmp_path / "export"), None, "cpu")
    assert torch.equal(opened.trained.model.classify.weight, trained().model.classify.weight)
    write_export(tmp_path / "other", trained("max"))
    assert open_model(str(tmp_path / "other"), None, "cpu").sha256 != opened.sha256
    (tmp_path / "export" / "model.onnx").touch()  # another file in the folder changes nothing
    assert open_model(str(tmp_path / "export"), None, "cpu").sha256 == opened.sha256


def test_errors_for_missing_models_say_what_was_expected(cache, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match="no model and no dataset is named"):
        open_model(None, None, "cpu")
    with pytest.raises(MissingStageError, match="the model first does not exist") as caught:
        open_model("first", None, "cpu")
    assert "together with its dataset: --dataset NAME" in caught.value.hint
    with pytest.raises(MissingStageError, match=r"there/first does not exist") as caught:
        open_model("there/first", cache, "cpu")
    assert caught.value.hint == "a run of garden can be named without its folder"
    with pytest.raises(MissingStageError, match="is a file; expected the folder of a run or of an export, or esc10"):
        open_model(str(cache.runs / "first" / "checkpoint.pt"), None, "cpu")
    with pytest.raises(MissingStageError, match="garden/runs contains no trained model"):
        open_model(str(cache.runs), None, "cpu")
    with pytest.raises(MissingStageError, match="contains no trained model") as caught:
        open_model("second", cache, "cpu")
    assert caught.value.hint == "finished runs: first; esc10 and esc10-yamnet come with sedpipe"


def test_the_error_for_an_export_named_like_a_run_says_how_to_name_it(cache, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("exp-rivers", "exp rivers"):
        write_export(tmp_path / name, trained())
        with pytest.raises((MissingStageError, SettingsError)) as caught:
            open_model(name, cache, "cpu")
        assert caught.value.hint.startswith(f"the exported model in the folder {name} here is ./{name}; ")
        assert open_model(f"./{name}", cache, "cpu").folder == Path(name)


def test_importing_predict_export_and_score_does_not_load_onnx():
    code = (
        "import sys, sedpipe.stages.predict, sedpipe.stages.export, sedpipe.stages.score\n"
        "print({name for name in sys.modules if name.startswith('onnx')})"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "set()"
