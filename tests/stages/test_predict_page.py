"""``predict --format html``, and the path of a correction: page -> list -> score -> training."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import sedpipe.steps.hearing as hearing_step
import soundfile
import torch
from builders import garden
from click.testing import CliRunner
from sedpipe.cli.main import main
from sedpipe.detection.postprocess import PostProcessing
from sedpipe.events import Event
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.runs import named_run
from sedpipe.io.lists.events import read_event_list
from sedpipe.io.manifests.load import load_manifest
from sedpipe.io.models.checkpoints import write_model
from sedpipe.io.prediction_log import LOG_NAME
from sedpipe.io.settings.presets import load_preset
from sedpipe.stages.download import download
from sedpipe.stages.features import extract_features
from sedpipe.stages.predict import predict
from sedpipe.stages.predict_files import Output
from sedpipe.stages.score import score
from sedpipe.stages.train import train
from sedpipe.training.settings import TrainSettings
from tiny_dataset import FRONT_END, LABELS, untrained_model

torch.set_num_threads(1)

GARDEN = """
name = "garden"
kind = "folder"
labels = ["Blackbird", "Lawn mower"]
[splits.training]
audio = "recordings"
weak = "training.tsv"
[splits.testing]
audio = "recordings"
weak = "corrected-clips.tsv"
strong = "corrected.tsv"
"""


@pytest.fixture
def model(tmp_path: Path) -> str:
    """A model that predicts each class in about half of the frames of noise."""
    points = dict.fromkeys(("min_er", "max_f1"), PostProcessing(0.5, hysteresis=0.9))
    write_model(tmp_path / "run" / "checkpoint.pt", replace(untrained_model(), operating_points=points))
    return str(tmp_path / "run")


def noise(path: Path, seconds: float = 9.0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = np.random.default_rng(len(path.name)).uniform(-0.9, 0.9, round(seconds * FRONT_END.sample_rate))
    soundfile.write(path, samples, FRONT_END.sample_rate, subtype="FLOAT")
    return path


def data_of(page: Path) -> dict:
    found = re.search(r'<script type="application/json" id="page-data">(.*?)</script>', page.read_text())
    assert found is not None
    return json.loads(found[1])


def test_a_folder_gives_one_page_per_recording_with_the_predicted_events(tmp_path, model):
    noise(tmp_path / "in" / "a.wav")
    noise(tmp_path / "in" / "day" / "long.wav", 21.3)
    report = predict([tmp_path / "in"], model, output=Output(tmp_path / "out", "html"))
    pages = {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("[!.]*") if path.is_file()}
    assert pages == {"a.wav.html", "day/long.wav.html", LOG_NAME}
    for file in report.files:
        data = data_of(tmp_path / "out" / f"{file.name}.html")
        events = [[onset, offset, LABELS[k]] for onset, offset, k, _, _ in data["recording"]["events"]]
        assert events == [[event.onset, event.offset, event.label] for event in file.events] != []
        assert data["recording"]["duration"] == file.duration
        assert data["recording"]["sound"].startswith("data:audio/mpeg;base64,")


def test_pages_are_kept_and_a_deleted_page_is_written_again(tmp_path, model, monkeypatch):
    path = noise(tmp_path / "a.wav")
    predict([path], model, output=Output(tmp_path / "out", "html"))
    page = tmp_path / "out" / "a.wav.html"
    before = page.read_bytes()
    with monkeypatch.context() as patched:
        patched.setattr(hearing_step, "ask_network", lambda *_: pytest.fail("the network was asked"))
        assert [file.state for file in predict([path], model, output=Output(tmp_path / "out", "html")).files] == [
            "kept"
        ]
    page.unlink()
    assert [file.state for file in predict([path], model, output=Output(tmp_path / "out", "html")).files] == ["ok"]
    assert page.read_bytes() == before


def test_without_an_output_folder_the_page_is_written_to_the_working_directory_as_reported(
    tmp_path, model, monkeypatch
):
    path = noise(tmp_path / "in" / "a.wav")
    monkeypatch.chdir(tmp_path)
    told = CliRunner().invoke(main, ["predict", str(path), "--model", model, "--format", "html"])
    assert told.exit_code == 0, told.output
    assert re.fullmatch(r"1 recording \(1 ok\), 9 s, \d+ events in the current folder\n", told.stdout)
    assert data_of(tmp_path / "a.wav.html")["recording"]["file"] == "a.wav"


def test_remarks_about_a_recording_appear_on_its_page(tmp_path, model):
    samples = np.random.default_rng(0).uniform(-0.9, 0.9, 5000)
    samples[100:110] = 1.5
    soundfile.write(tmp_path / "a.wav", samples, FRONT_END.sample_rate, subtype="FLOAT")
    [file] = predict([tmp_path / "a.wav"], model, output=Output(tmp_path / "out", "html")).files
    assert file.reason
    assert file.reason in (tmp_path / "out" / "a.wav.html").read_text()


@pytest.fixture
def trained(tmp_path: Path) -> Dataset:
    """A run, and recordings with tags and a list of strong labels that the test replaces."""
    garden(tmp_path, GARDEN)
    (tmp_path / "corrected-clips.tsv").write_text("filename\tevent_labels\n5.wav\tBlackbird\n")
    (tmp_path / "corrected.tsv").write_text("filename\tonset\toffset\tevent_label\n5.wav\t0.0\t6.0\tBlackbird\n")
    cache = Dataset(tmp_path / "cache", "garden")
    prepared(tmp_path, cache)
    train(cache, settings(), FeatureSpec(), run_name="before")
    return cache


def prepared(folder: Path, cache: Dataset) -> None:
    download(load_manifest(str(folder / "garden.toml")), cache.root, jobs=1)
    extract_features(cache, FeatureSpec(), jobs=1)


def settings() -> TrainSettings:
    preset = load_preset("demo")
    return TrainSettings("demo", preset.network, preset.pooling, replace(preset.training, epochs=1), 0, "cpu", 1)


def test_a_correction_on_the_page_is_saved_scored_and_trained_with(browser, trained, tmp_path):
    predict([tmp_path / "recordings" / "5.wav"], "before", cache=trained, output=Output(tmp_path / "pages", "html"))
    browser.open(tmp_path / "pages" / "5.wav.html")
    browser.run("document.querySelector('.spectrogram').focus()")
    for _ in browser.run("[...document.querySelectorAll('.lane.editable .bar')]"):
        browser.press("ArrowDown")
        browser.press("Delete")
    browser.press("Home")
    browser.press("ArrowRight")
    browser.press("n")  # from 0.5 s to 1.5 s
    browser.press("1")
    browser.press("ArrowRight")
    browser.press("ArrowRight")
    browser.press("ArrowRight")
    browser.press("]")
    browser.downloads_to(tmp_path / "saved")
    browser.run("document.querySelector('[data-save=tsv]').click()")
    browser.wait_for("document.querySelector('.status').textContent.includes('5.tsv')")
    saved = tmp_path / "saved" / "5.tsv"
    while not saved.exists():
        browser.run("new Promise(done => setTimeout(done, 20))")
    corrected = [Event(0.5, 2.0, "Blackbird")]
    assert read_event_list(saved) == {"5": corrected}

    saved.replace(tmp_path / "corrected.tsv")
    prepared(tmp_path, trained)
    assert read_event_list(trained.reference_path("testing")) == {"5": corrected}
    score(trained, run="before", split="testing")
    scores = json.loads(named_run(trained, "before").scores_path("testing").read_text())
    assert scores["per_class"]["Blackbird"]["n_reference"] == 2  # two segments of one second
    train(trained, settings(), FeatureSpec(), run_name="after")
    before, after = (named_run(trained, name).find_record().data["reference"] for name in ("before", "after"))
    assert before != after
