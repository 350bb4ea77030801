"""The models that come with sedpipe are what their cards say."""

import json
import re
import statistics
from pathlib import Path

import numpy as np
import pytest
import soundfile
from sedpipe.errors import MissingStageError
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.encoders.cards import load_encoder
from sedpipe.io.encoders.fetch import keep_encoder
from sedpipe.io.manifests.load import load_manifest
from sedpipe.io.models.checkpoints import write_model
from sedpipe.io.models.open import open_model, shipped_models
from sedpipe.labels import LabelSet
from sedpipe.stages.predict import predict
from sedpipe.steps.hearing import Hearing
from tiny_dataset import untrained_model

RESULTS = Path(__file__).parents[1] / "benchmarks" / "results"
MOST_BYTES = {"esc10": 3_000_000, "esc10-yamnet": 1_000_000}
DATASET = "esc10"
YAMNET = "yamnet-int8.tflite"


@pytest.fixture(params=shipped_models())
def name(request) -> str:
    return str(request.param)


@pytest.fixture
def hearing(name, tmp_path, request) -> Hearing:
    """Where the encoder of a model that needs one lies; skips where its file is not at hand."""
    if name == "esc10-yamnet":
        pytest.importorskip("ai_edge_litert")
        given = request.getfixturevalue("shared_data") / "models" / YAMNET
        if not given.is_file():
            pytest.skip(f"{given} is not there")
        keep_encoder(load_encoder("yamnet"), tmp_path / "cache", [given])
    return Hearing(encoders=tmp_path / "cache")


def card(name: str) -> str:
    return (open_model(name, None, "cpu").folder / "README.md").read_text(encoding="utf-8")


def test_two_come_with_sedpipe():
    assert shipped_models() == list(MOST_BYTES)


def test_it_is_small_and_knows_its_datasets_classes(name):
    opened = open_model(name, None, "cpu")
    assert sum(path.stat().st_size for path in opened.folder.iterdir()) <= MOST_BYTES[name]
    assert opened.trained.labels == LabelSet(load_manifest(DATASET).labels)
    assert set(opened.trained.operating_points) == {"min_er", "max_f1"}


def test_its_card_names_data_licence_classes_and_the_scores_that_were_measured(name):
    text = card(name)
    assert "Piczak" in text
    assert "Attribution 3.0" in text
    assert all(label in text for label in load_manifest(DATASET).labels)
    rows = re.findall(
        r"^\| `testing` \(tuned there\) \| `(\w+)` \| ([\d.]+) \| ([\d.]+) % \| ([\d.]+) % \|$", text, re.M
    )
    measured = json.loads((RESULTS / f"model-{name}" / "scores-testing.json").read_text())
    assert measured["tuned_on_this_split"]
    assert rows == [
        (point, f"{rates['error_rate']:.3f}", f"{100 * rates['f1']:.1f}", f"{100 * rates['macro_f1']:.1f}")
        for point, rates in measured["operating_points"].items()
    ]


def expected_f1(name: str) -> float:
    """On fold 4, of runs that learned from folds 1 and 2 alone, mean over seeds."""
    if name == "esc10":
        paths = [RESULTS / "encoders-esc10-fold4/cells" / f"esc10-fold4-crnn-robust-seed{k}.json" for k in range(3)]
        evaluations = [json.loads(path.read_text())["evaluation"] for path in paths]
    else:
        cells = RESULTS / "table2-esc10-fold4-yamnet" / "cells"
        paths = [cells / f"linear-single-seed{seed}.json" for seed in range(10)]
        evaluations = [json.loads(path.read_text())["splits"]["evaluation"] for path in paths]
    return statistics.mean(one["operating_points"]["max_f1"]["f1"] for one in evaluations)


def test_its_card_tells_what_to_expect_of_recordings_that_nothing_was_chosen_on(name):
    (told,) = re.findall(r"reaches an F1 of\s+([\d.]+) %\s+on fold 4", card(name))
    assert told == f"{100 * expected_f1(name):.1f}"


def test_a_model_that_needs_an_encoder_names_it_and_how_to_get_it(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros(16_000), 16_000)
    with pytest.raises(MissingStageError, match="the encoder yamnet") as caught:
        predict([tmp_path / "a.wav"], "esc10-yamnet", Hearing(encoders=tmp_path / "none"))
    assert "encoders fetch yamnet" in caught.value.hint
    sha256 = load_encoder("yamnet").encoder.sha256
    assert sha256 in (open_model("esc10-yamnet", None, "cpu").folder / "config.json").read_text()
    assert sha256 in card("esc10-yamnet")


def test_it_hears_nothing_in_faint_noise_and_takes_files_of_any_rate_and_length(name, hearing, tmp_path):
    faint = 1e-4 * np.random.default_rng(0).standard_normal((25 * 48_000, 2))
    soundfile.write(tmp_path / "short.wav", faint[:800, 0], 8000)
    soundfile.write(tmp_path / "long.flac", faint, 48_000)
    soundfile.write(tmp_path / "silent.wav", np.zeros(8000), 8000)
    report = predict([tmp_path], name, hearing)
    assert [file.state for file in report.files] == ["ok", "ok", "ok"]
    assert "silent" in report.files[2].reason
    assert [file.events for file in report.files] == [[], [], []]


def test_it_knows_most_recordings_that_it_did_not_learn_from(name, hearing, shared_data):
    """Fold 4: thresholds were chosen on mixtures of it, weights were not. One class in ten would be chance."""
    labels = load_manifest(DATASET).labels
    files = sorted((shared_data / DATASET).glob("*/4-*.ogg"))
    right = [
        labels[int(Path(file.path).parent.name[:3]) - 1] in {event.label for event in file.events}
        for file in predict(files, name, hearing).files
    ]
    assert len(right) == len(files) == 80
    assert sum(right) > 40


def test_a_run_of_the_same_name_comes_first(name, tmp_path):
    cache = Dataset(tmp_path, "garden")
    assert open_model(name, cache, "cpu").folder == open_model(name, None, "cpu").folder
    write_model(cache.runs / name / "checkpoint.pt", untrained_model())
    assert open_model(name, cache, "cpu").folder == cache.runs / name
