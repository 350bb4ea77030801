"""The model that comes with sedpipe is what its card says."""

import json
import re
import statistics
from pathlib import Path

import numpy as np
import pytest
import soundfile
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.manifests.load import load_manifest
from sedpipe.io.models.checkpoints import write_model
from sedpipe.io.models.open import open_model, shipped_models
from sedpipe.labels import LabelSet
from sedpipe.stages.predict import predict
from tiny_dataset import untrained_model

RESULTS = Path(__file__).parents[1] / "benchmarks" / "results"
MOST_BYTES = 3_000_000


@pytest.fixture(params=shipped_models())
def name(request) -> str:
    return str(request.param)


def card(name: str) -> str:
    return (open_model(name, None, "cpu").folder / "README.md").read_text(encoding="utf-8")


def test_one_comes_with_sedpipe():
    assert shipped_models() == ["esc10"]


def test_it_is_small_and_knows_its_datasets_classes(name):
    opened = open_model(name, None, "cpu")
    assert sum(path.stat().st_size for path in opened.folder.iterdir()) <= MOST_BYTES
    assert opened.trained.labels == LabelSet(load_manifest(name).labels)
    assert set(opened.trained.operating_points) == {"min_er", "max_f1"}


def test_its_card_names_data_licence_classes_and_the_scores_that_were_measured(name):
    text = card(name)
    assert "Piczak" in text
    assert "Attribution 3.0" in text
    assert all(label in text for label in load_manifest(name).labels)
    rows = re.findall(
        r"^\| `testing` \(tuned there\) \| `(\w+)` \| ([\d.]+) \| ([\d.]+) % \| ([\d.]+) % \|$", text, re.M
    )
    measured = json.loads((RESULTS / f"model-{name}" / "scores-testing.json").read_text())
    assert measured["tuned_on_this_split"]
    assert rows == [
        (point, f"{rates['error_rate']:.3f}", f"{100 * rates['f1']:.1f}", f"{100 * rates['macro_f1']:.1f}")
        for point, rates in measured["operating_points"].items()
    ]


def test_its_card_tells_what_to_expect_of_recordings_that_nothing_was_chosen_on(name):
    (told,) = re.findall(r"comes to an F1 of\s+([\d.]+) %\s+on fold 4", card(name))
    runs = json.loads((RESULTS / "recipes-esc10-fold4-16-epochs-evaluation.json").read_text())["recipes"]["strong"]
    assert told == f"{100 * statistics.mean(run['f1']['chosen'] for run in runs):.1f}"


def test_it_hears_nothing_in_faint_noise_and_takes_files_of_any_rate_and_length(name, tmp_path):
    faint = 1e-4 * np.random.default_rng(0).standard_normal((25 * 48_000, 2))
    soundfile.write(tmp_path / "short.wav", faint[:800, 0], 8000)
    soundfile.write(tmp_path / "long.flac", faint, 48_000)
    soundfile.write(tmp_path / "silent.wav", np.zeros(8000), 8000)
    report = predict([tmp_path], name)
    assert [file.state for file in report.files] == ["ok", "ok", "ok"]
    assert "silent" in report.files[2].reason
    assert [file.events for file in report.files] == [[], [], []]


def test_it_knows_most_recordings_that_it_did_not_learn_from(name, shared_data):
    """Fold 4: thresholds were chosen on mixtures of it, weights were not. One class in ten would be chance."""
    labels = load_manifest(name).labels
    files = sorted((shared_data / name).glob("*/4-*.ogg"))
    right = [
        labels[int(Path(file.path).parent.name[:3]) - 1] in {event.label for event in file.events}
        for file in predict(files, name).files
    ]
    assert len(right) == len(files) == 80
    assert sum(right) > 40


def test_a_run_of_the_same_name_comes_first(name, tmp_path):
    cache = Dataset(tmp_path, "garden")
    assert open_model(name, cache, "cpu").folder == open_model(name, None, "cpu").folder
    write_model(cache.runs / name / "checkpoint.pt", untrained_model())
    assert open_model(name, cache, "cpu").folder == cache.runs / name
