"""Benchmarks that train systems: the clips and settings they choose, their figures; training is tested elsewhere."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from drawings import parsed, texts
from sedpipe.clips import Clip, ClipFormat
from sedpipe.detection.frame_scores import FrameScores
from sedpipe.events import Event
from sedpipe.features.spec import FeatureSpec
from sedpipe.frames import FrameGrid
from sedpipe.io.cache.dataset import Dataset
from sedpipe.labels import LabelSet
from sedpipe.listener import Listener
from sedpipe.nn.networks.registry import build_network
from sedpipe.training.augment import check_content
from sedpipe.truth import Truth

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))
import encoders
import learning_curve
import oracles
import patients
import systems

CLIPS = [
    Clip(f"c{n}", "training", "", 0.0, 10.0, tuple({"abc"[n % 3], "abc"[n * n % 3]})) for n in range(90)
]  # fmt: skip


def test_no_script_has_the_name_of_a_standard_library_module() -> None:
    scripts = {path.stem for path in Path(encoders.__file__).parent.glob("*.py")}
    assert scripts.isdisjoint(sys.stdlib_module_names)


@pytest.mark.parametrize("seed", [0, 1])
def test_clip_subsets_of_a_seed_are_nested_and_have_enough_clips_of_each_class(seed):
    found = learning_curve.subsets(CLIPS, (10, 3, 0, 5), seed)
    assert found[3] < found[5] < found[10] < found[0] == {clip.clip_id for clip in CLIPS}
    for size in (3, 5, 10):
        chosen = [clip for clip in CLIPS if clip.clip_id in found[size]]
        assert all(sum(label in clip.labels for clip in chosen) >= size for label in "abc")
    assert found[3] != learning_curve.subsets(CLIPS, (3,), seed + 2)[3]


def test_a_part_of_a_dataset_repeats_its_training_clips_and_keeps_the_other_splits(tmp_path, monkeypatch):
    every = {"training": CLIPS, "testing": CLIPS[:3]}
    monkeypatch.setattr(learning_curve.Dataset, "read_clips", lambda _: every)
    part = learning_curve.Part.of(learning_curve.Dataset(tmp_path, "farm", "farm.toml"), frozenset({"c3", "c7"}))
    clips = part.read_clips()
    assert [clip.clip_id for clip in clips["training"]] == ["c3", "c7"] * (learning_curve.LEAST_IN_AN_EPOCH // 2)
    assert clips["testing"] == CLIPS[:3]
    assert "farm.toml" in part.command("features")


def test_the_learning_curve_shows_its_sizes_and_systems():
    def at(f1: float) -> dict[str, object]:
        return {"evaluation": {"operating_points": {"max_f1": {"f1": f1}}}}

    cells = [
        {"system": name, "clips_a_class": size, "clips": clips, **at(f1)}
        for name in ("yamnet", "crnn")
        for size, clips, f1 in ((5, 30, 0.4), (5, 34, 0.5), (0, 1000, 0.8))
    ]  # fmt: skip
    curves = learning_curve.curves(cells, "evaluation")
    assert [(one["clips_a_class"], one["seeds"], one["clips"]) for one in curves["crnn"]] == [(5, 2, 32), (0, 1, 1000)]
    shown = texts(parsed(learning_curve.figure(curves, "evaluation")))
    assert {"5", "all", "32", "1000", "head on yamnet", "CRNN (small)"} <= set(shown)


def test_patient_subsets_of_a_seed_are_nested_and_contain_all_clips_of_a_patient():
    clips = [Clip(f"wav/{n % 7}_{n}", "training", "", 0.0, 10.0, ()) for n in range(35)]
    found = patients.clips_of_some(clips, (2, 5, 0), seed=3)
    assert found[2] < found[5] < found[0] == {clip.clip_id for clip in clips}
    assert (len(found[2]), len(found[5])) == (10, 25)
    assert len({clip_id.partition("_")[0] for clip_id in found[2]}) == 2
    assert found[2] != patients.clips_of_some(clips, (2,), seed=4)[2]


def test_scores_by_number_of_patients_are_averaged_over_seeds():
    def scored(size: int, f1: float, clip_map: float) -> dict[str, object]:
        crossed = {"max_f1": {"overall": {"f1": f1}}}
        scores = {"cross_validated": crossed, "threshold_free": {"clip_map": clip_map}}
        return {"patients": size, "clips": 10 * size or 99, "testing": scores}

    few, all_of_them = patients.curve([scored(0, 0.5, 0.6), scored(4, 0.2, 0.3), scored(4, 0.3, 0.5)])
    assert (few["patients"], few["clips"], few["f1"], few["mean_f1"]) == (4, 40, [0.2, 0.3], 0.25)
    assert few["mean_clip_map"] == 0.4
    assert (all_of_them["patients"], all_of_them["clips"], all_of_them["seeds"]) == (0, 99, 1)


def test_settings_are_scored_on_groups_they_were_not_tuned_on():
    clip_ids = [f"p{n // 2}_{n}" for n in range(20)]
    seconds, labels = np.full(20, 4.0), LabelSet(("Wheeze",))
    probs = np.random.default_rng(0).random((20, 40, 1))
    scores = FrameScores(clip_ids, probs, probs.max(axis=1), np.full(20, 40), seconds, labels, FrameGrid(10, 1))
    durations = dict(zip(clip_ids, seconds.tolist(), strict=True))
    truth, chosen_on = Truth({clip_id: [Event(1.0, 2.0, "Wheeze")] for clip_id in clip_ids}, durations, labels), []

    def spied(some, its_truth):
        chosen_on.append({one.partition("_")[0] for one in some.clip_ids})
        return dict.fromkeys(("min_er", "max_f1"), chosen)

    chosen = systems.tune(scores, truth)["max_f1"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(systems, "tune", spied)
        found = systems.crossed(scores, truth, lambda clip_id: clip_id.partition("_")[0])
    assert [len(group) for group in chosen_on] == [8] * 5
    assert set.intersection(*chosen_on) == set()
    assert found["max_f1"] == chosen.scores  # with the same settings everywhere, every clip is scored once


@pytest.mark.parametrize(
    ("clips", "of_dataset"),
    [(ClipFormat(), {**encoders.ESC10, **learning_curve.SYSTEMS}), (ClipFormat(10.0, 8000), encoders.SPRSOUND)],
    ids=["esc10", "sprsound"],
)
def test_every_system_can_be_built_for_its_features(clips, of_dataset):
    for name, system in of_dataset.items():
        assert {member.partition("@")[0] for member in system.members} <= of_dataset.keys(), name
        if system.members:
            continue
        spec = FeatureSpec(system.spec_of(clips).front_end)
        settings = system.settings(0, 1)
        with torch.device("meta"):
            network = build_network(settings.network, settings.pooling, 2, spec)
        check_content(settings.training.augment, network.content)
        assert not system.teacher or system.teacher in of_dataset, name


def test_members_of_an_ensemble_use_the_requested_seed_or_their_own(tmp_path, monkeypatch):
    dataset = Dataset(tmp_path / "cache", "lungs")
    bench = systems.Bench(dataset, tmp_path, str, 1, Listener())
    training = {"parameters": 3, "processor_seconds": 2.0, "clips_per_second": 10.0}
    cost = {"features_processor_minutes": 1.0, "times_real_time": 50.0}
    for seed in (1, 2, 7):
        path = bench.path_of("one", seed)
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({"runs": [f"one-{seed}"], "training": training, "cost": cost}))
    monkeypatch.setattr(systems, "scores_of", lambda *_: {"testing": {}})
    monkeypatch.setattr(systems, "crossed_scores", lambda *_: {})
    several = {"alike": ("one",), "mixed": ("one@2", "one@1", "one"), "fixed": ("one@1", "one@2")}
    known = {"one": systems.System(), **{name: systems.System(members=each) for name, each in several.items()}}
    assert systems.cell(bench, "alike", known, 7)["runs"] == ["one-7"]
    made = systems.cell(bench, "mixed", known, 7)
    assert made["runs"] == ["one-2", "one-1", "one-7"]
    assert (made["training"]["parameters"], made["training"]["processor_seconds"]) == (9, 6.0)
    assert systems.cell(bench, "fixed", known, 7)["runs"] == systems.cell(bench, "fixed", known, 3)["runs"]
    assert [path.name for path in (tmp_path / "cells").glob("*fixed*")] == ["lungs-fixed-seed0.json"]


def test_oracles_replace_only_the_requested_tags_or_times():
    grid, labels = FrameGrid(10, 10), LabelSet(("a", "b"))  # frames of 1 s
    frames = np.array([[[0.2, 0.9], [0.8, 0.3]], [[0.6, 0.1], [0.2, 0.1]]], np.float32)
    tags = np.array([[0.7, 0.8], [0.5, 0.2]], np.float32)
    scores = FrameScores(["x", "y"], frames, tags, np.array([2, 2]), np.array([2.0, 2.0]), labels, grid)
    truth = Truth({"x": [Event(0, 1, "a")], "y": []}, {"x": 2.0, "y": 2.0}, labels)

    def of(way) -> list[list[list[float]]]:
        return [[[round(float(p), 6) for p in frame] for frame in clip] for clip in way(scores, truth).frame_probs]

    assert of(oracles.as_it_is) == [[[0.2, 0.9], [0.8, 0.3]], [[0.6, 0.1], [0.2, 0.1]]]
    assert of(oracles.with_true_tags) == [[[0.2, 0], [0.8, 0]], [[0, 0], [0, 0]]]
    # `a` is active only in the first second of x; where a class is absent, the run's own best frames keep it
    assert of(oracles.with_true_times) == [[[0.7, 0.8], [0, 0]], [[0.5, 0.2], [0, 0.2]]]
    assert of(oracles.with_no_times) == [[[0.7, 0.8], [0.7, 0.8]], [[0.5, 0.2], [0.5, 0.2]]]
    assert of(oracles.with_true_tags_and_no_times) == [[[1, 0], [1, 0]], [[0, 0], [0, 0]]]


def test_a_cell_names_files_by_their_path_in_the_checkout():
    made = systems.made_with(encoders.SPRSOUND["yamnet-8k"])
    assert made == {
        "preset": "head",
        "recipe": "benchmarks/systems/balanced.toml",
        "encoder": "benchmarks/systems/yamnet-8k.toml",
    }


def test_an_ensemble_costs_as_much_as_its_members_in_sequence():
    one = {"parameters": 100, "processor_seconds": 60.0, "clips_per_second": 30.0}
    other = {"parameters": 20, "processor_seconds": 30.5, "clips_per_second": 60.0}
    assert systems.trainings_of([one, other]) == {
        "parameters": 120,
        "processor_seconds": 90.5,
        "clips_per_second": 20.0,
    }
    assert systems.trainings_of([one, {**other, "processor_seconds": None}])["processor_seconds"] is None
    costs = [
        {"features_processor_minutes": 2.0, "times_real_time": 300.0},
        {"features_processor_minutes": 0.5, "times_real_time": 150.0},
    ]
    assert systems.costs_of(costs) == {"features_processor_minutes": 2.5, "times_real_time": 100.0}
