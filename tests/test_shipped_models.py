"""The models that come with sedpipe match their model cards."""

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
    """Settings with the folder of the encoder, if the model needs one; skips the test if its file is missing."""
    if name == "esc10-yamnet":
        pytest.importorskip("ai_edge_litert")
        given = request.getfixturevalue("shared_data") / "models" / YAMNET
        if not given.is_file():
            pytest.skip(f"{given} is not there")
        keep_encoder(load_encoder("yamnet"), tmp_path / "cache", [given])
    return Hearing(encoders=tmp_path / "cache")


def card(name: str) -> str:
    return (open_model(name, None, "cpu").folder / "README.md").read_text(encoding="utf-8")


def test_two_models_come_with_sedpipe():
    assert shipped_models() == list(MOST_BYTES)


def test_a_shipped_model_is_small_and_has_its_datasets_classes(name):
    opened = open_model(name, None, "cpu")
    assert sum(path.stat().st_size for path in opened.folder.iterdir()) <= MOST_BYTES[name]
    assert opened.trained.labels == LabelSet(load_manifest(DATASET).labels)
    assert set(opened.trained.operating_points) == {"min_er", "max_f1"}


def test_the_model_card_names_data_licence_classes_and_the_measured_scores(name):
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
    """Return the F1 on fold 4 of runs trained on folds 1 and 2 only, averaged over seeds."""
    if name == "esc10":
        paths = [RESULTS / "encoders-esc10-fold4/cells" / f"esc10-fold4-crnn-robust-seed{k}.json" for k in range(3)]
        evaluations = [json.loads(path.read_text())["evaluation"] for path in paths]
    else:
        cells = RESULTS / "table2-esc10-fold4-yamnet" / "cells"
        paths = [cells / f"linear-single-seed{seed}.json" for seed in range(10)]
        evaluations = [json.loads(path.read_text())["splits"]["evaluation"] for path in paths]
    return statistics.mean(one["operating_points"]["max_f1"]["f1"] for one in evaluations)


def test_the_model_card_states_the_expected_f1_on_held_out_recordings(name):
    (told,) = re.findall(r"reaches an F1 of\s+([\d.]+) %\s+on fold 4", card(name))
    assert told == f"{100 * expected_f1(name):.1f}"


def test_a_missing_encoder_is_named_with_the_command_that_fetches_it(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros(16_000), 16_000)
    with pytest.raises(MissingStageError, match="the encoder yamnet") as caught:
        predict([tmp_path / "a.wav"], "esc10-yamnet", Hearing(encoders=tmp_path / "none"))
    assert "encoders fetch yamnet" in caught.value.hint
    sha256 = load_encoder("yamnet").encoder.sha256
    assert sha256 in (open_model("esc10-yamnet", None, "cpu").folder / "config.json").read_text()
    assert sha256 in card("esc10-yamnet")


def test_faint_noise_and_silence_of_several_rates_and_lengths_give_no_events(name, hearing, tmp_path):
    faint = 1e-4 * np.random.default_rng(0).standard_normal((25 * 48_000, 2))
    soundfile.write(tmp_path / "short.wav", faint[:800, 0], 8000)
    soundfile.write(tmp_path / "long.flac", faint, 48_000)
    soundfile.write(tmp_path / "silent.wav", np.zeros(8000), 8000)
    report = predict([tmp_path], name, hearing)
    assert [file.state for file in report.files] == ["ok", "ok", "ok"]
    assert "silent" in report.files[2].reason
    assert [file.events for file in report.files] == [[], [], []]


def test_more_than_half_of_the_recordings_outside_training_are_recognised(name, hearing, shared_data):
    """Fold 4: thresholds were tuned on mixtures of it, weights were not trained on it. Chance is one class in ten."""
    labels = load_manifest(DATASET).labels
    files = sorted((shared_data / DATASET).glob("*/4-*.ogg"))
    right = [
        labels[int(Path(file.path).parent.name[:3]) - 1] in {event.label for event in file.events}
        for file in predict(files, name, hearing).files
    ]
    assert len(right) == len(files) == 80
    assert sum(right) > 40


def test_a_run_of_the_same_name_takes_precedence_over_a_shipped_model(name, tmp_path):
    cache = Dataset(tmp_path, "garden")
    assert open_model(name, cache, "cpu").folder == open_model(name, None, "cpu").folder
    write_model(cache.runs / name / "checkpoint.pt", untrained_model())
    assert open_model(name, cache, "cpu").folder == cache.runs / name
