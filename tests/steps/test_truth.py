from pathlib import Path

import numpy as np
import pytest
from sedpipe.detection.frame_scores import FrameScores
from sedpipe.errors import ListFormatError, MissingStageError
from sedpipe.events import Event
from sedpipe.frames import FrameGrid
from sedpipe.io.cache.dataset import Dataset
from sedpipe.labels import LabelSet
from sedpipe.steps.truth import find_truth, known_truth

LABELS = LabelSet(("Dog", "Rain"))
HEADER = "filename\tonset\toffset\tevent_label\n"
DURATIONS = {"a": 4.0, "c": 1.2}


def dataset_with(tmp_path: Path, reference: str | None) -> Dataset:
    dataset = Dataset(tmp_path, "tiny")
    dataset.folder.mkdir()
    if reference is not None:
        dataset.reference_path("testing").write_text(reference)
    return dataset


def test_without_strong_labels_there_is_no_truth(tmp_path):
    assert find_truth(dataset_with(tmp_path, None), "testing", DURATIONS, LABELS) is None


def test_the_truth_has_the_requested_clips_in_the_requested_order(tmp_path):
    reference = HEADER + "b.wav\t0.0\t1.0\tDog\na.wav\t0.5\t2.0\tRain\na.wav\t1.0\t4.0\tDog\nc.wav\t0.1\t0.2\tDog\n"
    truth = find_truth(dataset_with(tmp_path, reference), "testing", DURATIONS, LABELS)
    assert truth.clip_ids == ["a", "c"]
    assert truth.reference == {"a": [Event(0.5, 2.0, "Rain"), Event(1.0, 4.0, "Dog")], "c": [Event(0.1, 0.2, "Dog")]}
    assert truth.durations == DURATIONS


def test_a_clip_without_events_is_part_of_the_truth(tmp_path):
    truth = find_truth(dataset_with(tmp_path, HEADER + "a.wav\t\t\t\n"), "testing", DURATIONS, LABELS)
    assert truth.reference == {"a": [], "c": []}
    assert not truth.is_located


def test_strong_labels_of_another_split_are_not_used(tmp_path):
    dataset = dataset_with(tmp_path, HEADER + "a.wav\t0.5\t2.0\tRain\n")
    assert find_truth(dataset, "evaluation", DURATIONS, LABELS) is None


def test_an_event_of_an_unknown_class_gives_an_error_with_file_and_line(tmp_path):
    dataset = dataset_with(tmp_path, HEADER + "a.wav\t0.5\t2.0\tDgo\n")
    with pytest.raises(ListFormatError, match=r"reference-testing\.tsv:2: label 'Dgo' is not .*did you mean 'Dog'"):
        find_truth(dataset, "testing", DURATIONS, LABELS)


def test_scoring_without_strong_labels_gives_an_error_with_a_hint(tmp_path):
    probs = np.zeros((1, 5, 2))
    scores = FrameScores(["a"], probs, probs[:, 0], np.array([5]), np.array([0.4]), LABELS, FrameGrid(100, 8))
    with pytest.raises(MissingStageError, match="no strong labels for testing") as refused:
        known_truth(dataset_with(tmp_path, None), "testing", scores)
    assert "give the split a `strong` list" in refused.value.hint
