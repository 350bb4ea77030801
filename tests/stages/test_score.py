import json
import os
import shutil
import subprocess
import sys
import warnings
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from drawn_parts import drawn
from sedpipe.detection.candidates import searches
from sedpipe.detection.postprocess import PostProcessing
from sedpipe.errors import MissingStageError, SedpipeError, SettingsError
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.feature_file import FeatureFile
from sedpipe.io.cache.feature_store import merge
from sedpipe.io.cache.runs import Run, named_run
from sedpipe.io.lists.clips import read_clips, write_clips
from sedpipe.io.lists.events import read_event_list
from sedpipe.io.models.checkpoints import read_model, write_model
from sedpipe.io.records.scores import Coverage, ScoreReport
from sedpipe.reports import as_json
from sedpipe.stages import score as score_stage
from sedpipe.stages.score import counts_of_clips, score
from sedpipe.stages.train import train
from sedpipe.steps import metrics
from sedpipe.views.page.headline import other_scores
from sedpipe.views.page.scored_run import read_scored_run
from sedpipe.views.terminal.scores import score_lines
from tiny_dataset import FRONT_END, LABELS, NAME, SETTINGS, make_dataset

torch.set_num_threads(1)
RATES = {"error_rate", "substitution_rate", "deletion_rate", "insertion_rate"}
SEGMENT_KEYS = RATES | {"precision", "recall", "f1", "macro_f1"}
REPORT_KEYS = {"stage", "dataset", "run", "split", "clips", "operating_point", "segment_based", "operating_points"}
REPORT_KEYS |= {"event_based", "clip_based", "per_class", "estimated"}
TWO_POINTS = {"min_er": PostProcessing(0.5), "max_f1": PostProcessing(0.3, 0.6)}


@pytest.fixture
def cache(tmp_path: Path) -> Dataset:
    """A dataset with a run that was trained for one epoch and has two different operating points."""
    cache = make_dataset(tmp_path)
    training = replace(SETTINGS.training, epochs=1)
    train(Dataset(tmp_path, NAME), replace(SETTINGS, training=training), FeatureSpec(FRONT_END), run_name="run")
    path = named_run(cache, "run").model_path
    trained = read_model(path, torch.device("cpu"))
    write_model(path, replace(trained, operating_points=TWO_POINTS))
    return cache


def scored(cache: Dataset, **options) -> ScoreReport:
    return score(Dataset(cache.root, NAME), **options)


def no_network(*_):
    raise AssertionError("the network was asked")


def by_sed_eval(reference: Path, estimated: Path, durations: dict[str, float]) -> dict[str, float]:
    """Return the scores of sed_eval for two files, read line by line without any code of sedpipe."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import sed_eval

        metrics = sed_eval.sound_event.SegmentBasedMetrics(event_label_list=list(LABELS), time_resolution=1.0)

        def rows(path: Path, filename: str) -> list[dict]:
            cells = [line.split("\t") for line in path.read_text().splitlines()[1:]]
            return [
                {"onset": float(onset), "offset": float(offset), "event_label": label}
                for name, onset, offset, label in cells
                if name == filename and label
            ]

        for clip_id, duration in durations.items():
            both = rows(reference, f"{clip_id}.wav"), rows(estimated, f"{clip_id}.wav")
            metrics.evaluate(*both, evaluated_length_seconds=duration)
        f, rates = metrics.overall_f_measure(), metrics.overall_error_rate()
    return {**rates, "precision": f["precision"], "recall": f["recall"], "f1": f["f_measure"]}


@pytest.mark.parametrize("split", ["testing", "evaluation"])
@pytest.mark.parametrize("point", ["min_er", "max_f1"])
def test_reported_scores_match_sed_eval_on_the_written_events(cache, split, point):
    report = scored(cache, split=split, operating_point=point)
    durations = {clip.clip_id: clip.end_s for clip in cache.read_clips()[split]}
    official = by_sed_eval(cache.reference_path(split), Path(report.estimated), durations)
    for name, value in official.items():
        assert getattr(report.segment_based, name) == pytest.approx(value, abs=1e-12), name
    assert report.segment_based == report.operating_points[point]


def test_scoring_again_does_not_run_the_network_and_gives_the_same_numbers(cache, monkeypatch):
    first = scored(cache)
    written = Path(first.estimated).read_bytes()
    monkeypatch.setattr("sedpipe.training.inference.predict", no_network)
    assert scored(cache) == first
    assert Path(first.estimated).read_bytes() == written


def test_another_operating_point_is_scored_from_the_stored_frames(cache, monkeypatch):
    first = scored(cache, operating_point="min_er")
    monkeypatch.setattr("sedpipe.training.inference.predict", no_network)
    second = scored(cache, operating_point="max_f1")
    assert second.operating_points == first.operating_points
    assert second.segment_based == first.operating_points["max_f1"]
    assert second.segment_based != first.segment_based


def test_events_are_decoded_with_the_stored_operating_points(cache):
    report = scored(cache)
    assert report.post_processing == TWO_POINTS
    assert set(report.operating_points) == {"min_er", "max_f1"}


def test_damaged_frame_scores_are_recomputed(cache):
    first = scored(cache)
    path = named_run(cache, "run").frame_scores_path("evaluation")
    path.write_bytes(path.read_bytes()[:100])
    assert scored(cache) == first


def test_frames_of_another_model_are_not_reused(cache, monkeypatch):
    scored(cache)
    path = named_run(cache, "run").model_path
    trained = read_model(path, torch.device("cpu"))
    with torch.no_grad():
        trained.model.classify.bias += 1
    write_model(path, trained)
    monkeypatch.setattr("sedpipe.training.inference.predict", no_network)
    with pytest.raises(AssertionError, match="the network was asked"):
        scored(cache)


@pytest.mark.parametrize("change", ["audio", "name"])
def test_frames_of_other_clips_are_not_reused(cache, monkeypatch, change):
    scored(cache)
    path = cache.features_dir(FeatureSpec(FRONT_END).fingerprint) / "evaluation.h5"
    rows = [FeatureFile(path).read(row) for row in range(5)]
    if change == "audio":
        rows[0] = replace(rows[0], audio_sha256="0" * 64)
    else:
        clips = read_clips(cache.clips_path)
        renamed = [replace(clip, clip_id=clip.clip_id.replace("evaluation-", "renamed-")) for clip in clips]
        write_clips(cache.clips_path, renamed)
        rows = [replace(row, clip_id=row.clip_id.replace("evaluation-", "renamed-")) for row in rows]
    merge(path, rows, 5, FeatureSpec(FRONT_END))
    monkeypatch.setattr("sedpipe.training.inference.predict", no_network)
    with pytest.raises(AssertionError, match="the network was asked"):
        scored(cache)


def test_the_report_has_the_documented_keys_and_equals_the_stored_json(cache):
    report = as_json(scored(cache))
    assert set(report) >= REPORT_KEYS
    assert set(report["clips"]) == {"listed", "scored", "missing"}
    assert set(report["yardsticks"]) == {"nothing", "commonest_everywhere", "tags_stretched", "rounded_to_segments"}
    assert all(set(scores) == SEGMENT_KEYS for scores in report["yardsticks"].values())
    assert set(report["intervals"]) == {"min_er", "max_f1"}
    assert all(set(of_point) == {"error_rate", "f1", "macro_f1"} for of_point in report["intervals"].values())
    assert set(report["psds"]) == {"scenario1", "scenario2"}
    assert set(report["segment_based"]) == SEGMENT_KEYS
    assert set(report["operating_points"]) == {"min_er", "max_f1"}
    assert all(set(scores) == SEGMENT_KEYS for scores in report["operating_points"].values())
    assert "f1" in report["event_based"]
    assert set(report["clip_based"]) == {"precision", "recall", "f1", "map", "micro", "macro"}
    assert tuple(report["per_class"]) == LABELS
    assert report["stage"] == "score"
    assert json.loads(named_run(cache, "run").scores_path("evaluation").read_text()) == report


def test_scores_on_the_tuning_split_are_marked_as_tuned(cache):
    assert scored(cache, split="testing").tuned_on_this_split
    assert not scored(cache, split="evaluation").tuned_on_this_split


def test_listed_clips_that_could_not_be_scored_are_counted(cache):
    # the record lists one clip without audio, whose name only a ledger would contain
    assert scored(cache).clips == Coverage(listed=6, scored=5, missing=())


def test_a_clip_without_features_is_listed_as_missing(cache):
    path = cache.features_dir(FeatureSpec(FRONT_END).fingerprint) / "evaluation.h5"
    merge(path, [FeatureFile(path).read(row) for row in range(4)], 4, FeatureSpec(FRONT_END))
    assert scored(cache).clips == Coverage(listed=6, scored=4, missing=("evaluation-00004",))


def test_a_systems_own_rule_is_scored_beside_the_tuned_settings(cache):
    assert scored(cache).own_rule is None
    run, rule = named_run(cache, "run"), TWO_POINTS["max_f1"]
    run.write_record(run.find_record().model_copy(update={"own_rule": rule}))
    report = scored(cache)
    assert report.own_rule.settings == rule
    assert report.own_rule.segment_based == report.operating_points["max_f1"]
    assert any("by the system's own rule (threshold 0.3, median 0.6): ER" in str(line) for line in score_lines(report))


def test_the_written_event_list_names_every_scored_clip(cache):
    report = scored(cache, split="testing")
    assert list(read_event_list(Path(report.estimated))) == [clip.clip_id for clip in cache.read_clips()["testing"]]


def test_no_event_extends_beyond_the_end_of_its_clip(cache):
    path = named_run(cache, "run").model_path
    always = dict.fromkeys(TWO_POINTS, PostProcessing(0.0))
    write_model(path, replace(read_model(path, torch.device("cpu")), operating_points=always))
    events = read_event_list(Path(scored(cache, split="testing").estimated))
    for clip in cache.read_clips()["testing"]:
        assert {(event.onset, event.offset) for event in events[clip.clip_id]} == {(0.0, clip.end_s)}


def test_the_newest_run_is_scored_unless_one_is_named(cache):
    old = named_run(cache, "run")
    new = named_run(cache, "new")
    write_model(new.model_path, read_model(old.model_path, torch.device("cpu")))
    os.utime(old.model_path, (0, 0))
    assert scored(cache).run == "new"
    assert scored(cache, run="run").run == "run"
    assert scored(cache, run=str(old.folder)).run == "run"


def test_a_missing_run_error_names_the_train_command_or_the_existing_runs(cache, tmp_path):
    with pytest.raises(MissingStageError, match="contains no trained model") as caught:
        scored(cache, run="other")
    assert caught.value.hint == "finished runs: run"
    fresh = make_dataset(tmp_path / "fresh")
    for wanted in (None, "other"):
        with pytest.raises(MissingStageError) as caught:
            scored(fresh, run=wanted)
        assert caught.value.hint == f"run `sedpipe train tiny --cache {fresh.root}` first"


def test_missing_inputs_give_an_error_with_a_remedy(cache):
    with pytest.raises(SettingsError, match="operating point must be one of min_er, max_f1, got 'best'"):
        scored(cache, operating_point="best")
    with pytest.raises(MissingStageError, match="no strong labels for training") as caught:
        scored(cache, split="training")
    assert "`strong`" in caught.value.hint
    (cache.features_dir(FeatureSpec(FRONT_END).fingerprint) / "evaluation.h5").unlink()
    with pytest.raises(MissingStageError, match=r"evaluation\.h5 does not exist") as caught:
        scored(cache)
    assert caught.value.hint == f"run `sedpipe features tiny --init run --cache {cache.root}` first"
    write_clips(cache.clips_path, [clip for clip in read_clips(cache.clips_path) if clip.split != "evaluation"])
    with pytest.raises(
        MissingStageError, match=r"^tiny has no clips in evaluation: it has training, testing$"
    ) as caught:
        scored(cache)
    assert caught.value.hint == "choose one of them: --split testing"


def test_a_model_of_other_classes_is_refused(cache):
    cache.write_record(cache.read_record().model_copy(update={"labels": (*LABELS, "Siren")}))
    with pytest.raises(SettingsError, match=r"^the model does not know tiny's class 'Siren'$"):
        scored(cache)


class Payload:
    """An object whose pickle creates a folder when it is loaded."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self):
        return os.mkdir, (str(self.trace),)


def test_a_malicious_model_is_refused_and_runs_no_code(cache, tmp_path):
    run: Run = named_run(cache, "run")
    torch.save({"format": 1, "weights": Payload(tmp_path / "trace")}, run.model_path)
    with pytest.raises(SedpipeError, match="is not a sedpipe model: it is damaged, or contains more than tensors"):
        scored(cache)
    assert not (tmp_path / "trace").exists()
    assert not run.scores_path("evaluation").exists()


@pytest.mark.parametrize(("place", "metric"), [(score_stage, "SEGMENTS"), (metrics, "EVENTS")])
def test_scores_are_not_written_if_sed_eval_and_sedpipe_disagree(cache, monkeypatch, place, metric):
    official, _ = getattr(place, metric)

    def off_by_one(*arguments):
        scores = official(*arguments)
        return replace(scores, overall=replace(scores.overall, f1=scores.overall.f1 + 1e-6))

    monkeypatch.setattr(place, metric, (official, off_by_one))
    with pytest.raises(SedpipeError, match=r"^sed_eval and sedpipe disagree on f1"):
        scored(cache)
    assert not named_run(cache, "run").scores_path("evaluation").exists()


def test_scoring_again_does_not_import_torch(cache):
    scored(cache)
    code = (
        "import sys; from pathlib import Path; from sedpipe.stages.score import score; "
        "from sedpipe.io.cache.dataset import Dataset; "
        f"score(Dataset(Path({str(cache.root)!r}), {NAME!r}), run='run'); print('torch' in sys.modules)"
    )
    root = Path(score_stage.__file__).parents[2]
    outcome = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root, check=True)
    assert outcome.stdout.strip() == "False"


@pytest.fixture
def two(cache):
    """The run, and another one whose network has other outputs."""
    trained = read_model(named_run(cache, "run").model_path, torch.device("cpu"))
    with torch.no_grad():
        trained.model.classify.bias += 1
    path = named_run(cache, "other").model_path
    path.parent.mkdir(parents=True)
    write_model(path, replace(trained, operating_points=dict.fromkeys(TWO_POINTS, PostProcessing(0.0))))
    return cache


def test_an_ensemble_is_scored_on_mean_probabilities_and_tuned_again(two):
    report = scored(two, run=["run", "other"])
    assert report.run == "run+other"
    each = [scored(two, run=name, split="evaluation") and stored_frames(two, name) for name in ("run", "other")]
    mean = (each[0] + each[1]) / 2
    folder = two.folder / "exported"
    scored(two, run=["run", "other"], export_scores=folder)
    rows = [line.split("\t") for line in (folder / "evaluation-00001.tsv").read_text().splitlines()]
    assert rows[0] == ["onset", "offset", *LABELS]
    assert np.allclose([[float(cell) for cell in row[2:]] for row in rows[1:]], mean[1][: len(rows) - 1], atol=1e-6)
    assert {tuple(step.step for step in steps) for steps in report.tuning.values()} == {tuple(searches())}
    assert Path(report.estimated).parent == two.folder / "ensembles" / "run+other"


def test_an_ensemble_of_ten_runs_gets_a_short_unique_name(two):
    runs = [f"cdur-strong-linear-single-seed{seed}" for seed in range(10)]
    for name in runs:
        shutil.copytree(named_run(two, "run").folder, named_run(two, name).folder)
    report = scored(two, run=runs)
    assert report.run.startswith("cdur-strong-linear-single-seed0+9-others-")
    assert Path(report.estimated).is_file()
    assert scored(two, run=[*runs[:-1], "other"]).run != report.run


@pytest.mark.parametrize("twice", ["run", "against"])
def test_the_same_run_cannot_be_named_twice_in_a_system(two, twice):
    systems = {"run": ["run", "other"], "against": ["run", "other"]}
    systems[twice] = ["other", str(named_run(two, "other").folder)]
    with pytest.raises(SettingsError, match="the run other is named twice"):
        scored(two, **systems)


def test_a_copied_run_is_not_taken_for_another_random_seed(two):
    shutil.copytree(named_run(two, "run").folder, named_run(two, "copied").folder)
    message = "run and copied give the same probabilities for every clip: one model"
    for ours, theirs in ((["run", "copied"], ["other", "run"]), (["other", "run"], ["run", "copied"])):
        with pytest.raises(SettingsError, match=message):
            scored(two, run=ours, against=theirs)


def stored_frames(cache: Dataset, run: str) -> np.ndarray:
    with h5py.File(named_run(cache, run).frame_scores_path("evaluation")) as file:
        return file["frame_probs"][:]


def test_comparing_runs_gives_their_difference_which_is_zero_for_the_same_run(two):
    same = scored(two, run="run", against="run").against.differences
    assert {found.difference for found in same.values()} == {0}
    against = scored(two, run="run", against="other").against
    assert against.run == "other"
    other = scored(two, run="other")
    expected = scored(two, run="run").segment_based.error_rate - other.segment_based.error_rate
    assert against.differences["error_rate"].difference == pytest.approx(expected)
    assert {found.outcome for found in against.differences.values()} == {"one seed"}
    assert against.differences_common == {}  # the other was never tuned


def test_equal_numbers_of_runs_are_compared_as_systems_paired_by_seed(two):
    both = scored(two, run=["run", "other"], against=["other", "run"]).against
    assert both.run == "other+run"
    assert both.remarks == (
        "the two systems have different seeds: runs are paired in the order in which they are named",
    )
    there, back = (scored(two, run=a, against=b).against.differences for a, b in (("run", "other"), ("other", "run")))
    for name, found in both.differences.items():
        assert found.seeds == 2
        assert found.difference == pytest.approx((there[name].difference + back[name].difference) / 2)
    mean = scored(two, run=["run", "other"], against="other").against
    assert {found.seeds for found in mean.differences.values()} == {1}


def test_an_undefined_score_is_none_with_a_reason(cache):
    path = named_run(cache, "run").model_path
    never = dict.fromkeys(TWO_POINTS, PostProcessing(1.0))
    write_model(path, replace(read_model(path, torch.device("cpu")), operating_points=never))
    report = scored(cache)
    assert report.segment_based.precision is None
    assert report.undefined["segment_based.precision"] == "nothing was estimated"
    assert "NaN" not in named_run(cache, "run").scores_path("evaluation").read_text()


def test_exported_frame_scores_have_no_gap_and_end_with_the_clip(cache, tmp_path):
    scored(cache, split="testing", export_scores=tmp_path / "out")
    for clip in cache.read_clips()["testing"]:
        text = (tmp_path / "out" / f"{clip.clip_id}.tsv").read_text()
        times = [tuple(map(float, line.split("\t")[:2])) for line in text.splitlines()[1:]]
        assert times[0][0] == 0
        assert times[-1][1] == pytest.approx(clip.end_s)
        assert all(end == begin for (_, end), (begin, _) in pairwise(times))


def test_the_common_rule_comes_from_the_search_and_is_scored_separately(tmp_path):
    cache = make_dataset(tmp_path)
    train(Dataset(tmp_path, NAME), SETTINGS, FeatureSpec(FRONT_END), run_name="run")
    record = named_run(cache, "run").find_record()
    report = scored(cache, split="testing")
    for name, common in report.post_processing_common.items():
        assert common.settings == next(step.settings for step in record.tuning[name] if step.step == "smoothing")
        assert common.segment_based == record.post_processing_common[name].segment_based
        assert set(common.per_class) == set(LABELS)
        assert common.settings.is_common
    assert set(report.post_processing_common) == set(TWO_POINTS)
    assert scored(cache, split="evaluation").post_processing_common != report.post_processing_common
    clip_ids, chosen, same_for_all = counts_of_clips(cache, "run", "testing")
    assert clip_ids == tuple(clip.clip_id for clip in cache.read_clips()["testing"])
    for counts, point in ((chosen, report.operating_points), (same_for_all, report.post_processing_common)):
        for name, rows in counts.items():
            errors, reference, correct, estimated = np.array(rows).sum(axis=0).tolist()
            scores = getattr(point[name], "segment_based", point[name])
            assert scores.error_rate == errors / reference
            assert scores.f1 == 2 * correct / (reference + estimated)


def test_every_report_contains_and_shows_threshold_free_scores(cache):
    report = scored(cache)
    assert set(report.threshold_free) == {"clip_map", "frame_map", "psds1", "psds2"}
    assert all(0 <= number <= 1 for number in report.threshold_free.values())
    assert report.threshold_free["clip_map"] == report.clip_based.map
    assert report.shown["threshold_free"]["PSDS 2"] == report.threshold_free["psds2"]
    stored = json.loads(named_run(cache, "run").scores_path("evaluation").read_text())
    assert stored["threshold_free"] == report.threshold_free


def test_a_report_contains_best_epoch_and_losses_of_its_run(cache):
    result = named_run(cache, "run").find_record().result
    expected = {name: getattr(result, name) for name in ("best_epoch", "training_loss", "validation_loss")}
    report = scored(cache)
    assert report.training.as_json() == expected
    assert min(expected.values()) > 0
    stored = json.loads(named_run(cache, "run").scores_path("evaluation").read_text())
    assert stored["training"] == expected
    assert isinstance(stored["training"]["best_epoch"], int)


def mean_length(scored: metrics.Scored) -> dict[str, float]:
    return {"mean": float(np.mean([event.duration for events in scored.estimated.values() for event in events]))}


def test_a_custom_metric_appears_in_the_report_the_terminal_and_the_page(cache):
    metrics.METRICS["length"] = metrics.Metric(mean_length, {"mean": "mean length of an event"})
    try:
        report = scored(cache, split="testing")
    finally:
        del metrics.METRICS["length"]
    events = read_event_list(Path(report.estimated))
    mean = np.mean([event.duration for of_clip in events.values() for event in of_clip])
    assert report.metrics == {"length": {"mean": pytest.approx(mean)}}
    assert any(line.startswith("mean length of an event") for line in drawn(score_lines(report)))
    # the page is made by another process, which need not know the metric
    shown = dict(other_scores(read_scored_run(cache, named_run(cache, "run"), "testing")))
    assert shown["mean length of an event (%)"] == pytest.approx(mean)
