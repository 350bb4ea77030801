import csv
import json
import multiprocessing
import re
import signal
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from leftovers import left_by_a_killed_process
from sedpipe.clips import Clip
from sedpipe.detection.clip_thresholds import ClipThresholds
from sedpipe.detection.postprocess import PostProcessing
from sedpipe.errors import MissingStageError, SedpipeError, SettingsError, StaleError
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.feature_file import FeatureFile
from sedpipe.io.cache.feature_store import merge
from sedpipe.io.cache.resume import find_resume, write_resume
from sedpipe.io.cache.runs import named_run
from sedpipe.io.files.locks import hold
from sedpipe.io.lists.clips import read_clips, write_clips
from sedpipe.io.models.checkpoints import read_model
from sedpipe.listener import Listener
from sedpipe.nn.pooling import PoolingConfig
from sedpipe.stages.dry_run import dry_run
from sedpipe.stages.score import score
from sedpipe.stages.train import TrainReport, train
from sedpipe.training.settings import TrainSettings
from sedpipe.views.terminal.learning import dry_run_lines
from tiny_dataset import FRONT_END, LABELS, N_CLIPS, NAME, SETTINGS, make_dataset, train_in_two_processes, train_until

torch.set_num_threads(1)
CPU = torch.device("cpu")
REPORT_KEYS = {"stage", "dataset", "run", "run_dir", "parameters", "epochs", "best_epoch", "validation_loss"}
REPORT_KEYS |= {"training_loss", "stopped", "seconds", "cpu_seconds", "clips_per_second"}
PROCESSES = multiprocessing.get_context("forkserver")
# slow imports (_dynamo is imported with the first optimiser), so that a process to be killed starts quickly
PROCESSES.set_forkserver_preload(["sedpipe.stages.train", "torch._dynamo", "torch.utils.tensorboard", "pytest"])


SPEC = FeatureSpec(FRONT_END)


class Heard(Listener):
    """A listener that records the lines it receives."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)


def train_tiny(
    cache_dir: Path, settings: TrainSettings = SETTINGS, spec: FeatureSpec = SPEC, **options
) -> tuple[TrainReport, list[str]]:
    heard = Heard()
    return train(Dataset(cache_dir, NAME), settings, spec, run_name="run", listener=heard, **options), heard.lines


def in_a_process(cache_dir: Path, dies_at: int = 0, killed_after: float | None = None) -> int:
    """Train in a separate process and return its exit code."""
    process = PROCESSES.Process(target=train_until, args=(cache_dir, dies_at))
    process.start()
    process.join(60 if killed_after is None else killed_after)
    process.kill()
    process.join()
    return process.exitcode


def result_of(cache: Dataset) -> tuple[dict[str, torch.Tensor], dict[str, PostProcessing], str, dict]:
    """Return all that must not depend on interruptions: weights, operating points, log, record without seconds."""
    run = named_run(cache, "run")
    trained, record = read_model(run.model_path, CPU), run.find_record().as_json()
    for timing in ("seconds", "cpu_seconds", "clips_per_second", "run_dir"):
        del record["result"][timing]
    return trained.model.state_dict(), trained.operating_points, run.log_path.read_text(), record


def files_of(folder: Path) -> dict[str, bytes]:
    """Return all files except the lock, which is empty."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file() and path.suffix != ".lock"}


def assert_same_result(one, other) -> None:
    assert one[0].keys() == other[0].keys()
    assert all(torch.equal(one[0][name], other[0][name]) for name in one[0])
    assert one[1:] == other[1:]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The result of a process that is not interrupted, and its duration in seconds."""
    cache = make_dataset(tmp_path_factory.mktemp("undisturbed"))
    in_a_process(cache.root, dies_at=1)  # the first process waits for imports
    started = time.monotonic()
    assert in_a_process(cache.root) == 0
    return result_of(cache), time.monotonic() - started


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> tuple[Dataset, TrainReport]:
    """A finished run that tests only read."""
    cache = make_dataset(tmp_path_factory.mktemp("finished"))
    return cache, train_tiny(cache.root)[0]


def test_a_finished_run_contains_only_model_log_record_and_resumable_state(finished):
    cache, report = finished
    run = named_run(cache, "run")
    assert set(files_of(run.folder)) == {"checkpoint.pt", "log.csv", "run.json", "resume.pt"}
    trained, record = read_model(run.model_path, CPU), run.find_record().as_json()
    assert tuple(trained.labels) == LABELS
    assert (trained.spec.front_end, trained.spec.dtype) == (FRONT_END, "float16")
    assert record["result"]["epochs"] == report.epochs == 4
    assert report.parameters == sum(parameter.numel() for parameter in trained.model.parameters())
    assert record["settings"]["seed"] == 0
    assert record["data"]["training"]["clips"] == N_CLIPS["training"]
    assert {"sedpipe", "python", "torch", "numpy"} <= set(record["versions"])


def test_a_run_that_learnt_nothing_is_reported_unless_it_has_zero_epochs(tmp_path, monkeypatch):
    monkeypatch.setitem(N_CLIPS, "testing", 20)
    cache = make_dataset(tmp_path)
    # an untrained network ranks clips in an arbitrary way; against the labels of other clips, that is chance
    clips = cache.read_clips()
    tested = clips["testing"]
    clips["testing"] = [replace(c, labels=tested[k - 7].labels) for k, c in enumerate(tested)]
    write_clips(cache.clips_path, [clip for of_split in clips.values() for clip in of_split])
    standing = replace(SETTINGS, training=replace(SETTINGS.training, learning_rate=1e-12))
    report, lines = train_tiny(tmp_path, standing)
    [remark] = [line for line in lines if line.startswith("no sign of learning: ")]
    assert report.remarks[0] == named_run(cache, "run").find_record().result.remarks[0] == remark
    untrained = replace(SETTINGS, training=replace(SETTINGS.training, epochs=0))
    named_run(cache, "run").folder.rename(tmp_path / "aside")
    assert not any("no sign of learning" in line for line in train_tiny(tmp_path, untrained)[1])


def test_six_testing_clips_are_reported_as_too_few_to_judge_learning(finished):
    cache, report = finished
    assert len(cache.read_clips()["testing"]) == 6
    (remark,) = [line for line in report.remarks if line.startswith("too few clips in testing to tell")]
    assert "on 6 clips" in remark


def test_the_report_has_the_documented_keys(finished):
    _, report = finished
    assert set(report.as_json()) >= REPORT_KEYS
    assert report.stage == "train"
    assert json.loads(json.dumps(report.as_json(), allow_nan=False)) == report.as_json()


def test_a_finished_run_is_reported_and_not_trained_again(finished):
    cache, report = finished
    before = files_of(named_run(cache, "run").folder)
    again, lines = train_tiny(cache.root)
    assert lines == ["run is finished already"]
    assert again == report
    assert files_of(named_run(cache, "run").folder) == before


def test_a_run_that_another_process_is_training_is_refused(tmp_path):
    cache = make_dataset(tmp_path)
    run = named_run(cache, "run")
    with hold(run.lock_path, "training run", ""):
        with pytest.raises(SedpipeError, match=r"^another process is training run \(.*train\.lock\)$") as caught:
            train_tiny(tmp_path)
        assert "--run" in caught.value.hint
        assert not run.record_path.exists()
    assert train_tiny(tmp_path)[0].epochs == 4


def test_a_finished_run_needs_no_lock(finished):
    cache, report = finished
    with hold(named_run(cache, "run").lock_path, "x", ""):
        assert train_tiny(cache.root)[0] == report


def test_the_model_is_from_the_best_epoch_and_standardised_on_training(tmp_path):
    cache = make_dataset(tmp_path)
    training = replace(SETTINGS.training, learning_rate=0.5, epochs=8)  # too high to improve in every epoch
    report, _ = train_tiny(tmp_path, replace(SETTINGS, training=training))
    assert 0 < report.best_epoch < report.epochs
    rows = list(csv.DictReader(named_run(cache, "run").log_path.open()))
    losses = [float(row["validation_loss"]) for row in rows]
    assert report.best_epoch == 1 + losses.index(min(losses))
    assert report.validation_loss == min(losses)
    assert report.training_loss == float(rows[report.best_epoch - 1]["training_loss"])
    model = read_model(named_run(cache, "run").model_path, CPU).model
    assert ((model.mean > -65) & (model.mean < -40)).all()  # dB, without the padding at -100
    assert int(model.state_dict()["convolutions.0.layers.0.normalise_before.num_batches_tracked"]) == (
        report.best_epoch * 3  # 12 clips in batches of 5
    )


def test_the_log_has_one_line_per_epoch_and_no_timings(tmp_path, finished):
    cache, _ = finished
    log = named_run(cache, "run").log_path.read_text()
    assert log.splitlines()[0] == "epoch,training_loss,validation_loss,error_rate,f1"
    assert [line.split(",")[0] for line in log.splitlines()[1:]] == ["1", "2", "3", "4"]
    other = make_dataset(tmp_path)
    train_tiny(tmp_path)
    assert named_run(other, "run").log_path.read_text() == log


def test_both_operating_points_are_stored_with_their_scores(finished):
    cache, _ = finished
    whole = named_run(cache, "run").find_record().as_json()
    record = whole["operating_points"]
    points = read_model(named_run(cache, "run").model_path, CPU).operating_points
    assert set(points) == set(record) == {"min_er", "max_f1"}
    for name, point in points.items():
        assert PostProcessing(**{key: record[name][key] for key in point}) == point
        (chosen,) = [step for step in whole["tuning"][name] if step["chosen"]]
        assert PostProcessing(**chosen["settings"]) == point
        assert chosen["tuned"] == record[name]["error_rate" if name == "min_er" else "f1"]


def test_without_strong_labels_thresholds_stay_at_0_5_and_this_is_reported(tmp_path):
    cache = make_dataset(tmp_path, strong=())
    _, lines = train_tiny(tmp_path)
    assert any(
        line.startswith("testing has no strong labels: thresholds are not tuned and stay at 0.5") for line in lines
    )
    points = read_model(named_run(cache, "run").model_path, CPU).operating_points
    assert points == {"min_er": PostProcessing(0.5), "max_f1": PostProcessing(0.5)}


def test_a_run_of_zero_epochs_reports_no_best_epoch_and_no_loss(tmp_path):
    make_dataset(tmp_path)
    report, _ = train_tiny(tmp_path, replace(SETTINGS, training=replace(SETTINGS.training, epochs=0)))
    assert (report.epochs, report.best_epoch, report.validation_loss, report.stopped) == (0, 0, None, "epochs")


@pytest.mark.slow
def test_training_killed_before_any_file_appears_gives_the_undisturbed_result(tmp_path, undisturbed):
    """A step's state, before the old one is moved aside and before the new one appears; log, model and record."""
    cache = make_dataset(tmp_path)
    for dies_at in (1, 2, 3, 4, 5, 7, 8, 6, 3, 4):
        assert in_a_process(tmp_path, dies_at) == -signal.SIGKILL
    assert in_a_process(tmp_path) == 0
    assert_same_result(result_of(cache), undisturbed[0])
    assert set(files_of(named_run(cache, "run").folder)) == {"checkpoint.pt", "log.csv", "run.json", "resume.pt"}


def test_a_killed_run_resumes_within_the_epoch(tmp_path, undisturbed):
    cache = make_dataset(tmp_path)
    assert in_a_process(tmp_path, dies_at=7) == -signal.SIGKILL  # the third step's state is not yet in its place
    _, lines = train_tiny(tmp_path)
    assert lines[0] == "run resumes after epoch 0 and 2 steps of the next"
    epochs = [line.split(":")[0] for line in lines if line.startswith("epoch")]
    assert epochs == ["epoch 1", "epoch 2", "epoch 3", "epoch 4"]
    assert_same_result(result_of(cache), undisturbed[0])


def test_the_duration_of_a_resumed_run_includes_all_its_parts(tmp_path):
    state_path = named_run(make_dataset(tmp_path), "run").state_path
    assert in_a_process(tmp_path, dies_at=7) == -signal.SIGKILL
    state, _ = find_resume(state_path)
    assert 0 < state["seconds"] < 60
    write_resume(state_path, {**state, "seconds": 1000.0})
    report, _ = train_tiny(tmp_path)
    assert 1000 < report.seconds < 1060
    assert report.clips_per_second == pytest.approx(4 * N_CLIPS["training"] / report.seconds)


def test_a_damaged_state_is_reported_and_the_previous_one_used(tmp_path, undisturbed):
    cache = make_dataset(tmp_path)
    assert in_a_process(tmp_path, dies_at=20) == -signal.SIGKILL
    state = named_run(cache, "run").state_path
    state.write_bytes(state.read_bytes()[:-1] + b"x")
    _, lines = train_tiny(tmp_path)
    assert lines[0] == "resume.pt: it is damaged; the previous state is used"
    assert lines[1].startswith("run resumes after epoch 1")
    assert_same_result(result_of(cache), undisturbed[0])


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_training_killed_at_random_moments_gives_the_undisturbed_result(tmp_path, undisturbed, seed):
    cache, g = make_dataset(tmp_path), np.random.default_rng(seed)
    expected, seconds = undisturbed
    for _ in range(4):
        in_a_process(tmp_path, killed_after=g.uniform(0, seconds))
    assert in_a_process(tmp_path) == 0
    assert_same_result(result_of(cache), expected)


@pytest.mark.slow
def test_two_processes_killed_with_their_parent_resume_to_the_undisturbed_result(tmp_path):
    one, other = make_dataset(tmp_path / "one"), make_dataset(tmp_path / "other")
    train_in_two_processes(one.root)
    process = PROCESSES.Process(target=train_in_two_processes, args=(other.root,))
    process.start()
    state = named_run(other, "run").state_path
    while not state.exists() and process.is_alive():
        time.sleep(0.01)
    process.kill()
    process.join()
    assert not named_run(other, "run").is_finished
    train_in_two_processes(other.root)
    assert_same_result(result_of(other), result_of(one))
    assert named_run(one, "run").find_record().settings.devices == 2


def test_training_in_this_process_gives_the_same_result_as_in_another(tmp_path, undisturbed):
    cache = make_dataset(tmp_path)
    torch.rand(5)
    train_tiny(tmp_path)
    assert_same_result(result_of(cache), undisturbed[0])


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        ({"seed": 1}, "seed: there 0, now 1"),
        ({"training": replace(SETTINGS.training, epochs=9)}, "training.epochs: there 4, now 9"),
        (
            {"pooling": PoolingConfig("max", ())},
            r"pooling.function: there 'linear', now 'max'; .*hierarchy: there \[5\]",
        ),
        ({"network": replace(SETTINGS.network, maps=(5,))}, r"network.maps: there \[4\], now \[5\]"),
        ({"threads": 2}, "threads: there 1, now 2"),
    ],
)
def test_other_settings_are_refused_with_the_difference_named(finished, changes, difference):
    cache, _ = finished
    before = files_of(named_run(cache, "run").folder)
    with pytest.raises(StaleError, match=f"^run run was started with other settings: .*{difference}") as caught:
        train_tiny(cache.root, replace(SETTINGS, **changes))
    assert "--run" in caught.value.hint
    assert files_of(named_run(cache, "run").folder) == before


def relabelled(clip: Clip) -> Clip:
    return replace(clip, labels=("Rain",)) if clip.clip_id == "training-00003" else clip


def test_other_data_are_refused_with_the_difference_named(tmp_path):
    cache = make_dataset(tmp_path)
    none = replace(SETTINGS, training=replace(SETTINGS.training, epochs=0))
    train_tiny(tmp_path, none)
    clips = read_clips(cache.clips_path)
    write_clips(cache.clips_path, [relabelled(clip) for clip in clips])
    with pytest.raises(StaleError, match=r"other data; since then the clips of training changed$"):
        train_tiny(tmp_path, none)
    write_clips(cache.clips_path, clips[1:])
    with pytest.raises(StaleError, match=r"since then the clips of training \(12 then, 11 now\) changed$"):
        train_tiny(tmp_path, none)
    write_clips(cache.clips_path, clips)
    cache.write_record(cache.read_record().model_copy(update={"fingerprint": "manifest-2"}))
    with pytest.raises(StaleError, match="since then the TOML or lists of the dataset changed"):
        train_tiny(tmp_path, none)


def test_a_dataset_that_was_not_downloaded_gives_an_error_that_names_download(tmp_path):
    with pytest.raises(MissingStageError, match="tiny is not in") as caught:
        train_tiny(tmp_path)
    assert caught.value.hint == f"run `sedpipe download tiny --cache {tmp_path}` first"


@pytest.mark.parametrize("split", ["training", "testing"])
def test_missing_features_give_an_error_that_names_the_features_command(tmp_path, split):
    cache = make_dataset(tmp_path)
    (cache.features_dir(FeatureSpec(FRONT_END).fingerprint) / f"{split}.h5").unlink()
    with pytest.raises(MissingStageError, match=rf"{split}\.h5 does not exist") as caught:
        train_tiny(tmp_path)
    # the features of the tiny dataset are not the default ones
    how = " with the same --encoder, --hop, --init, --front-end, --n-mels and --dtype"
    assert caught.value.hint == f"run `sedpipe features tiny --cache {cache.root}`{how} first"
    assert not cache.runs.exists()


def test_features_of_another_dtype_are_not_used(tmp_path):
    make_dataset(tmp_path)
    with pytest.raises(MissingStageError, match="does not exist"):
        train_tiny(tmp_path, spec=FeatureSpec(FRONT_END, "float32"))


@pytest.mark.parametrize("split", ["training", "testing"])
def test_a_missing_split_gives_an_error_that_names_it(tmp_path, split):
    make_dataset(tmp_path, splits=[name for name in N_CLIPS if name != split])
    with pytest.raises(MissingStageError, match=f"^tiny has no clips in {split}$") as caught:
        train_tiny(tmp_path)
    assert f"`{split}`" in caught.value.hint


def test_a_hierarchy_that_does_not_fit_the_frames_gives_an_error(tmp_path):
    make_dataset(tmp_path)
    with pytest.raises(SettingsError, match=r"^preset tiny: hierarchy 5,5 does not fit 20 frames: .* 5 of 4; 5 fits"):
        train_tiny(tmp_path, replace(SETTINGS, pooling=PoolingConfig("linear", (5, 5))))


@pytest.mark.parametrize("content", [b"", b"not a state", {"weights": {}}, {}])
def test_an_unusable_state_gives_an_error_that_says_how_to_start_again(tmp_path, content):
    run = named_run(make_dataset(tmp_path), "run")
    run.folder.mkdir(parents=True)
    if isinstance(content, bytes):
        run.state_path.write_bytes(content)
    else:
        torch.save(content, run.state_path)
    with pytest.raises(SedpipeError, match=r"resume\.pt") as caught:
        train_tiny(tmp_path)
    assert "to start training again" in caught.value.hint


def test_an_epochs_line_contains_losses_scores_speed_and_time_left(tmp_path):
    cache = make_dataset(tmp_path)
    _, lines = train_tiny(tmp_path)
    form = (
        r"epoch 1: training loss \d\.\d{4}, validation loss \d\.\d{4} \(best\), testing ER \d\.\d\d F1 \d+\.\d %, "
        r"\d+\.\d clips/s, at most 0 min \d+ s to go"
    )
    assert re.fullmatch(form, lines[0])
    assert lines[3].endswith(", epochs: stops")
    row = list(csv.DictReader(named_run(cache, "run").log_path.open()))[-1]
    assert f"testing ER {float(row['error_rate']):.2f} F1 {100 * float(row['f1']):.1f} %" in lines[3]


def test_tensorboard_curves_contain_every_epoch_once_after_kills(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    cache = make_dataset(tmp_path)
    for dies_at in (15, 12):
        assert in_a_process(tmp_path, dies_at) == -signal.SIGKILL
    train_tiny(tmp_path)
    run = named_run(cache, "run")
    events = EventAccumulator(str(run.curves_path)).Reload()
    rows = list(csv.DictReader(run.log_path.open()))
    for name, column in (("loss/validation", "validation_loss"), ("testing/f1", "f1")):
        curve = events.Scalars(name)
        assert [point.step for point in curve] == [1, 2, 3, 4]
        assert [point.value for point in curve] == pytest.approx([float(row[column]) for row in rows])


def test_a_nan_loss_gives_an_error(tmp_path):
    cache = make_dataset(tmp_path)
    path = cache.features_dir(FeatureSpec(FRONT_END).fingerprint) / "training.h5"
    file = FeatureFile(path)
    rows = [file.read(row) for row in range(len(file.clip_ids))]
    rows[4].features[2, 3] = np.nan
    merge(path, rows, len(rows), FeatureSpec(FRONT_END))
    with pytest.raises(SedpipeError, match=r"^run: the loss is nan at step 1 of epoch 1$") as caught:
        train_tiny(tmp_path)
    assert "learning_rate" in caught.value.hint


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("[enforce fail] can't allocate memory: 9 bytes")])
def test_too_little_memory_gives_an_error_that_suggests_a_smaller_batch(tmp_path, monkeypatch, error):
    make_dataset(tmp_path)

    def steps(*_):
        raise error

    monkeypatch.setattr("sedpipe.training.fit.Fit.steps", steps)
    with pytest.raises(SedpipeError, match=r"memory of cpu is too small for a batch size of 5") as caught:
        train_tiny(tmp_path)
    assert "--batch-size 2" in caught.value.hint


def test_another_error_is_not_mistaken_for_too_little_memory(tmp_path, monkeypatch):
    make_dataset(tmp_path)

    def steps(*_):
        raise RuntimeError("a bug")

    monkeypatch.setattr("sedpipe.training.fit.Fit.steps", steps)
    with pytest.raises(RuntimeError, match="a bug"):
        train_tiny(tmp_path)


def test_a_class_without_clips_and_different_versions_are_reported(tmp_path):
    cache = make_dataset(tmp_path)
    clips = read_clips(cache.clips_path)
    silent = [replace(clip, labels=tuple(label for label in clip.labels if label != "Rain")) for clip in clips]
    write_clips(cache.clips_path, silent)
    assert in_a_process(tmp_path, dies_at=4) == -signal.SIGKILL
    run = named_run(cache, "run")
    record = run.find_record()
    run.write_record(record.model_copy(update={"versions": {**record.versions, "torch": "1.0"}}))
    _, lines = train_tiny(tmp_path)
    assert lines[0].startswith("started with different versions, so the last digits may differ: torch: there '1.0'")
    assert lines[1] == "no clip of training has the label Rain: it cannot be learned"


def test_a_dry_run_reports_memory_and_speed_and_writes_nothing(tmp_path):
    cache = make_dataset(tmp_path)
    report = dry_run(Dataset(tmp_path, NAME), SETTINGS, FeatureSpec(FRONT_END))
    assert (report.clips, report.batch_size, report.epochs) == (12, 5, 4)
    assert report.parameters == sum(layer.parameters for layer in report.layers)
    assert report.epoch_seconds == pytest.approx(12 / report.clips_per_second)
    assert report.memory_bytes > 20 * report.parameters
    lines = dry_run_lines(report)
    assert lines[-3].split() == ["together", f"{report.parameters:,}", f"{report.multiply_adds:,}"]
    assert not cache.runs.exists()


def test_a_dry_run_for_two_processes_divides_the_batch_between_them(tmp_path):
    make_dataset(tmp_path)
    alone = dry_run(Dataset(tmp_path, NAME), SETTINGS, FeatureSpec(FRONT_END))
    shared = dry_run(Dataset(tmp_path, NAME), replace(SETTINGS, devices=2), FeatureSpec(FRONT_END))
    weights = 4 * 5 * alone.parameters  # weights, gradients, Adam's two moments, weights of the best epoch
    per_clip = (alone.memory_bytes - weights) // alone.batch_size
    assert shared.memory_bytes - weights == 3 * per_clip  # of the batch of five
    told = dry_run_lines(shared)
    assert any("in each of 2 processes at a batch size of" in line for line in told)


def test_half_written_files_of_a_killed_process_are_removed(tmp_path):
    run = named_run(make_dataset(tmp_path), "run")
    run.folder.mkdir(parents=True)
    left_by_a_killed_process(run.folder, ".pt")
    train_tiny(tmp_path, replace(SETTINGS, training=replace(SETTINGS.training, epochs=0)))
    assert set(files_of(run.folder)) == {"checkpoint.pt", "run.json"}


def test_an_own_rule_of_clip_thresholds_is_determined_when_the_run_ends(tmp_path):
    cache = make_dataset(tmp_path)
    settings = replace(SETTINGS, own_rule=ClipThresholds(), training=replace(SETTINGS.training, epochs=1))
    train(cache, settings, FeatureSpec(FRONT_END), run_name="run")
    record = named_run(cache, "run").find_record()
    assert isinstance(record.own_rule, PostProcessing)
    assert len(record.own_rule.threshold) == len(LABELS)
    scored = score(cache, run="run", split="evaluation")
    assert scored.own_rule.settings == record.own_rule


def test_an_own_rule_for_other_classes_is_refused_before_training(tmp_path):
    cache = make_dataset(tmp_path)
    settings = replace(SETTINGS, own_rule=PostProcessing(tuple([0.5] * (len(LABELS) + 1))))
    with pytest.raises(SettingsError, match=rf"^preset tiny: own_rule: settings are for {len(LABELS) + 1} classes"):
        train(cache, settings, FeatureSpec(FRONT_END), run_name="run")
    assert not named_run(cache, "run").folder.exists()


def test_too_many_networks_in_a_model_are_refused_before_training(tmp_path):
    cache = make_dataset(tmp_path)
    training = replace(SETTINGS.training, checkpoints=22)
    settings = replace(SETTINGS, network=replace(SETTINGS.network, members=3), training=training)
    with pytest.raises(SettingsError, match=r"^preset tiny: 3 members x 22 checkpoints are too many .* at most 64$"):
        train(cache, settings, FeatureSpec(FRONT_END), run_name="run")
    assert not named_run(cache, "run").folder.exists()


def test_settings_without_effect_are_reported(tmp_path):
    class Heard(Listener):
        def say(self, line: str) -> None:
            lines.append(line)

    lines: list[str] = []
    pooling = PoolingConfig("linear", (), segment_weights="learned")
    settings = replace(SETTINGS, pooling=pooling, training=replace(SETTINGS.training, epochs=0))
    train(make_dataset(tmp_path), settings, FeatureSpec(FRONT_END), run_name="run", listener=Heard())
    assert any("`learned` have no effect in single pooling" in line for line in lines)
