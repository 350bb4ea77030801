import json
import multiprocessing
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import sedpipe.steps.hearing as hearing_step
import soundfile
import torch
from builders import tiny_mixtures
from click.testing import CliRunner
from encoded import FORMS, Form, encoded
from sedpipe.cli.main import main
from sedpipe.detection.nearness import Peak
from sedpipe.detection.postprocess import PostProcessing
from sedpipe.errors import MissingStageError, SettingsError, StaleError
from sedpipe.features.familiar import Familiar
from sedpipe.features.logmel import LogMelConfig
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.audio.waveforms import read_waveform
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.frame_scores import find_frame_scores, find_origin
from sedpipe.io.lists.events import read_event_list
from sedpipe.io.manifests.load import load_manifest
from sedpipe.io.models.checkpoints import read_model, write_model
from sedpipe.io.models.exports import write_export
from sedpipe.io.models.open import open_model
from sedpipe.io.prediction_log import LOG_NAME
from sedpipe.io.predictions import FORMATS, PredictedEvent, PredictedFile
from sedpipe.io.settings.presets import load_preset
from sedpipe.reports.listening import PredictReport
from sedpipe.stages.download import download
from sedpipe.stages.features import extract_features
from sedpipe.stages.predict import predict
from sedpipe.stages.predict_files import Output
from sedpipe.stages.score import score
from sedpipe.stages.train import train
from sedpipe.steps.hearing import Hearing, events_of, frame_probabilities
from sedpipe.training.settings import TrainSettings
from sedpipe.views.terminal.listening import predict_remarks
from tiny_dataset import FRONT_END, LABELS, predict_until, untrained_model

torch.set_num_threads(1)
RATE = FRONT_END.sample_rate  # 1 kHz: windows of 4 s, frames of 0.2 s
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["sedpipe.stages.predict", "tiny_dataset"])


@pytest.fixture(scope="module")
def mixtures(tmp_path_factory) -> Dataset:
    """A dataset with audio, and a run that predicts each class in about half of all frames."""
    folder = tmp_path_factory.mktemp("mixtures")
    manifest = load_manifest(str(tiny_mixtures(folder, "mixed", 4, 3)))
    cache = Dataset(folder / "cache", "mixed")
    download(manifest, cache.root)
    extract_features(Dataset(cache.root, "mixed"), FeatureSpec(LogMelConfig()))
    preset = load_preset("demo")
    training = replace(preset.training, epochs=1, batch_size=4)
    settings = TrainSettings("demo", preset.network, preset.pooling, training, 0, "cpu", 1)
    train(Dataset(cache.root, "mixed"), settings, FeatureSpec(LogMelConfig()), run_name="run")
    path = cache.runs / "run" / "checkpoint.pt"
    trained = read_model(path, torch.device("cpu"))
    heard = [probabilities(read_waveform(file, 44_100), trained) for file in sorted(cache.folder.rglob("*.flac"))]
    usual = torch.logit(torch.from_numpy(np.median(np.concatenate(heard), axis=0)))
    with torch.no_grad():  # after four clips, its outputs hardly vary: centre and amplify them
        trained.model.classify.bias.sub_(usual).mul_(100)
        trained.model.classify.weight.mul_(100)
    points = {"min_er": PostProcessing(0.5, 0.4), "max_f1": PostProcessing((0.7, 0.5, 0.4), gate=0.5, hysteresis=0.8)}
    write_model(path, replace(trained, operating_points=points))
    return cache


def probabilities(waveform: np.ndarray, trained, **options) -> np.ndarray:
    return frame_probabilities([waveform.astype(np.float32)], trained, **options)[0]


@pytest.fixture
def model(tmp_path) -> str:
    """An untrained model that predicts something in about half of all frames."""
    trained = untrained_model()
    noise = np.random.default_rng(9).standard_normal(20 * RATE)
    half = float(np.median(probabilities(noise, trained)))
    points = dict.fromkeys(trained.operating_points, PostProcessing(half))
    write_model(tmp_path / "run" / "checkpoint.pt", replace(trained, operating_points=points))
    return str(tmp_path / "run")


def noise(path: Path, seconds: float, seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = np.random.default_rng(seed).uniform(-0.9, 0.9, round(seconds * RATE)).astype(np.float32)
    soundfile.write(path, samples, RATE, subtype="FLOAT")
    return path


def told(report: PredictReport) -> dict[str, list[tuple[float, float, str]]]:
    return {file.name: [(e.onset, e.offset, e.label) for e in file.events] for file in report.files}


@pytest.mark.parametrize("point", ["min_er", "max_f1"])
@pytest.mark.parametrize("split", ["testing", "evaluation"])
def test_score_and_predict_give_the_same_events(mixtures, split, point):
    scored = score(Dataset(mixtures.root, "mixed"), run="run", split=split, operating_point=point)
    expected = read_event_list(Path(scored.estimated))
    report = predict([mixtures.audio_dir(split)], "run", cache=mixtures, hearing=Hearing(operating_point=point))
    found = {Path(name).stem: events for name, events in told(report).items()}
    assert found == {clip: [(e.onset, e.offset, e.label) for e in events] for clip, events in expected.items()}
    assert sum(map(len, found.values())) > 5


def test_a_full_window_has_exactly_the_probabilities_that_score_stores(mixtures, monkeypatch):
    path = mixtures.runs / "run" / "frame-scores-testing.h5"
    path.unlink(missing_ok=True)  # it may come from larger batches
    monkeypatch.setattr("sedpipe.steps.frame_scores.BATCH_SIZE", 1)
    score(Dataset(mixtures.root, "mixed"), run="run", split="testing")
    stored = find_frame_scores(path, find_origin(path))
    trained = read_model(mixtures.runs / "run" / "checkpoint.pt", torch.device("cpu"))
    for clip_id, expected in zip(stored.clip_ids, stored.frame_probs, strict=True):
        waveform = read_waveform(mixtures.audio_dir("testing") / f"{clip_id}.flac", 44_100)
        np.testing.assert_array_equal(probabilities(waveform, trained), expected)


def joint_steps(probs: np.ndarray, edges: np.ndarray) -> tuple[float, float]:
    """Return the mean change from one frame to the next, at the joints of windows and elsewhere."""
    steps = np.abs(np.diff(probs, axis=0)).mean(axis=1)
    return float(steps[edges - 1].mean()), float(np.delete(steps, edges - 1).mean())


def test_overlapping_windows_prevent_jumps_at_their_joints(mixtures):
    trained = read_model(mixtures.runs / "run" / "checkpoint.pt", torch.device("cpu"))
    clips = [read_waveform(path, 44_100) for path in sorted(mixtures.folder.rglob("*.flac"))]
    recording = np.concatenate(clips)[5 * 44_100 :]  # so that clips are joined in the middle of windows
    n_frames = len(recording) // 3528
    begins = np.arange(100, n_frames - 125, 100)
    joined, abutting = (probabilities(recording, trained, overlap=share)[:n_frames] for share in (0.2, 0.0))
    with_overlap, _ = joint_steps(joined, np.concatenate([begins, begins + 25]))
    without, elsewhere = joint_steps(abutting, np.arange(125, n_frames - 1, 125))
    assert without > 20 * elsewhere  # this network jumps at a joint, ...
    assert with_overlap < without / 10  # ... but not where windows overlap


def test_clips_joined_to_a_long_recording_keep_nearly_the_same_probabilities(mixtures):
    trained = read_model(mixtures.runs / "run" / "checkpoint.pt", torch.device("cpu"))
    clips = [read_waveform(path, 44_100) for path in sorted(mixtures.audio_dir("training").glob("*.flac"))]
    long = probabilities(np.concatenate(clips), trained)
    alone = np.concatenate([probabilities(clip, trained) for clip in clips])
    assert long.shape == alone.shape
    inside = np.arange(len(long)) % 125
    assert np.abs(long - alone)[(inside > 12) & (inside < 113)].mean() < 0.02 * alone.std() + 0.01


@pytest.mark.parametrize("seconds", [0.05, 1.0, 3.9, 4.0, 4.05, 7.3, 61.7])
def test_a_recording_of_any_length_is_covered_exactly_to_its_end(tmp_path, model, seconds):
    report = predict([noise(tmp_path / "a.wav", seconds)], model, hearing=Hearing(threshold=0.0))
    assert {(event.onset, event.offset) for event in report.files[0].events} == {(0.0, seconds)}
    assert {event.label for event in report.files[0].events} == set(LABELS)
    assert report.files[0].duration == seconds


def test_an_event_has_the_maximum_and_mean_probability_of_its_frames(tmp_path, model):
    path = noise(tmp_path / "a.wav", 13.3)
    report = predict([path], model)
    probs = probabilities(read_waveform(path, RATE), read_model(Path(model) / "checkpoint.pt", torch.device("cpu")))
    assert len(report.files[0].events) > 5
    for event in report.files[0].events:
        frames = slice(round(event.onset / 0.2), int(np.ceil(event.offset / 0.2 - 1e-6)))
        expected = probs[frames, LABELS.index(event.label)]
        assert event.probability == pytest.approx(expected.max(), abs=1e-4)
        assert event.mean_probability == pytest.approx(expected.mean(), abs=1e-4)


@pytest.mark.parametrize("n_samples", [201, 1001, 1002, 1200, 9801])
def test_a_partial_last_frame_counts_as_a_frame(n_samples):
    before, last = -(-n_samples // 200) - 2, -(-n_samples // 200) - 1
    probs = np.zeros((last + 3, 3), np.float32)  # what lies past the end is padding
    probs[last:, 1:], probs[before, 2] = 0.75, 0.5
    end = n_samples / RATE
    assert events_of(probs, probs, n_samples, untrained_model(), PostProcessing(0.5)) == [
        PredictedEvent(round(before * 0.2, 3), end, LABELS[2], 0.75, 0.625),
        PredictedEvent(round(last * 0.2, 3), end, LABELS[1], 0.75, 0.75),
    ]


@pytest.mark.parametrize("form", ["wav", "m4a", "webm, a cue each 10 s"])
def test_sample_rate_format_and_channels_hardly_change_the_probabilities(tmp_path, model, form):
    tone = 0.3 * np.sin(2 * np.pi * 200 * np.arange(int(9.5 * FORMS[form].rate)) / FORMS[form].rate)
    expected = predict([soft_copy(tmp_path / "plain.wav", tone, FORMS[form])], model, hearing=Hearing(threshold=0.0))
    (tmp_path / "other").write_bytes(encoded(tone, FORMS[form], channels=2))
    other = predict([tmp_path / "other"], model, hearing=Hearing(threshold=0.0))
    assert other.files[0].duration == pytest.approx(expected.files[0].duration, abs=0.03)
    for one, two in zip(expected.files[0].events, other.files[0].events, strict=True):
        assert one.probability == pytest.approx(two.probability, abs=0.02)


def soft_copy(path: Path, samples: np.ndarray, form: Form) -> Path:
    soundfile.write(path, samples, form.rate)
    return path


def test_a_clip_gate_applies_to_each_window_separately(tmp_path, model):
    path = Path(model) / "checkpoint.pt"
    trained = read_model(path, torch.device("cpu"))
    recording = read_waveform(noise(tmp_path / "a.wav", 40.0), RATE)
    _, clip_probs, _ = frame_probabilities([recording], trained)
    gate = float(np.median(clip_probs[:, 0]))
    point = PostProcessing(0.0, gate=gate)
    write_model(path, replace(trained, operating_points=dict.fromkeys(trained.operating_points, point)))
    heard = np.zeros(len(clip_probs), bool)
    for event in predict([tmp_path / "a.wav"], model).files[0].events:
        if event.label == LABELS[0]:
            heard[round(event.onset / 0.2) : round(event.offset / 0.2)] = True
    np.testing.assert_array_equal(heard, clip_probs[:, 0] >= np.float32(gate))
    assert 0 < heard.mean() < 1


def test_an_export_predicts_the_same_events_as_its_run(tmp_path, model):
    path = noise(tmp_path / "a.wav", 11.0)
    write_export(tmp_path / "export", read_model(Path(model) / "checkpoint.pt", torch.device("cpu")))
    assert told(predict([path], str(tmp_path / "export"))) == told(predict([path], model))


def folder_of_recordings(folder: Path) -> Path:
    for number, name in enumerate(("a.wav", "day/b.wav", "day/c.flac", "night/d.wav")):
        if name.endswith(".wav"):
            noise(folder / name, 3.0 + number, number)
        else:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(folder / name, np.random.default_rng(3).uniform(-0.5, 0.5, 9 * RATE), RATE)
    return folder


@pytest.mark.parametrize(("form", "suffix"), list(FORMATS.items()))
def test_the_output_mirrors_the_folder_with_one_file_per_recording(tmp_path, model, form, suffix):
    recordings, out = folder_of_recordings(tmp_path / "in"), tmp_path / "out"
    report = predict([recordings], model, output=Output(out, form))
    assert contents(out).keys() == {LOG_NAME, *(f"{file.name}{suffix}" for file in report.files)}
    assert [file.name for file in report.files] == ["a.wav", "day/b.wav", "day/c.flac", "night/d.wav"]
    if form in ("tsv", "csv"):
        events = read_event_list(out / f"day/b.wav{suffix}")["b"]
        assert [(event.onset, event.offset, event.label) for event in events] == told(report)["day/b.wav"]


def contents(folder: Path) -> dict[str, bytes]:
    """Return the contents of all files that are not hidden."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("[!.]*") if path.is_file()}


def no_network(*_):
    raise AssertionError("the network was asked")


def test_finished_recordings_are_kept_and_changed_ones_predicted_again(tmp_path, model, monkeypatch):
    recordings, out = folder_of_recordings(tmp_path / "in"), tmp_path / "out"
    first = predict([recordings], model, output=Output(out))
    before = contents(out)
    with monkeypatch.context() as patched:
        patched.setattr(hearing_step, "ask_network", no_network)
        again = predict([recordings], model, output=Output(out))
        assert {file.state for file in again.files} == {"kept"}
        assert told(again) == told(first)
        assert contents(out) == before
        (out / "a.wav.tsv").unlink()
        predict([recordings], model, output=Output(out))
        assert contents(out) == before
        predict([recordings], model, output=Output(out, "csv"))
        assert read_event_list(out / "a.wav.csv") == read_event_list(out / "a.wav.tsv")
    noise(recordings / "a.wav", 7.0, seed=99)
    third = predict([recordings], model, output=Output(out))
    assert [file.state for file in third.files] == ["ok", "kept", "kept", "kept"]
    assert (out / "a.wav.tsv").read_bytes() != before["a.wav.tsv"]


def test_an_output_folder_of_other_settings_or_another_model_is_refused(tmp_path, model):
    recordings, out = folder_of_recordings(tmp_path / "in"), tmp_path / "out"
    predict([recordings / "a.wav"], model, output=Output(out))
    with pytest.raises(StaleError, match=r"post_processing\.threshold: there .*, now 0\.9"):
        predict([recordings / "a.wav"], model, output=Output(out), hearing=Hearing(threshold=0.9))
    path = Path(model) / "checkpoint.pt"
    trained = read_model(path, torch.device("cpu"))
    with torch.no_grad():
        trained.model.classify.bias += 1
    write_model(path, trained)
    with pytest.raises(StaleError, match="model: there"):
        predict([recordings / "a.wav"], model, output=Output(out))


@pytest.mark.parametrize("dies_at", [1, 2, 3, 5])
def test_predict_killed_anywhere_resumes_to_the_same_bytes(tmp_path, model, dies_at):
    recordings, out = folder_of_recordings(tmp_path / "in"), tmp_path / "out"
    process = PROCESSES.Process(target=predict_until, args=([recordings], model, out, dies_at))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    predict([recordings], model, output=Output(tmp_path / "undisturbed"))
    predict([recordings], model, output=Output(out))
    assert contents(out) == contents(tmp_path / "undisturbed")


def test_recordings_of_the_same_name_do_not_overwrite_each_others_lists(tmp_path, model, monkeypatch):
    monkeypatch.chdir(tmp_path)
    noise(Path("site-a/a.wav"), 0.5, 1)
    noise(Path("site-b/a.wav"), 0.7, 2)
    noise(Path("site-b/b.wav"), 0.5, 3)
    predict([Path("site-a")], model, output=Output(Path("out")))
    before = contents(Path("out"))
    with pytest.raises(SettingsError, match=rf"out has the events of {tmp_path}/site-a/a\.wav as those of a\.wav"):
        predict([Path("site-b")], model, output=Output(Path("out")))
    assert contents(Path("out")) == before
    noise(Path("site-a/a.wav"), 0.6, 1)  # the recording has changed
    assert [file.state for file in predict([Path("site-a")], model, output=Output(Path("out"))).files] == ["ok"]
    Path("site-a").rename("moved")
    assert [file.state for file in predict([Path("moved")], model, output=Output(Path("out"))).files] == ["kept"]
    assert [file.state for file in predict([Path("site-b")], model, output=Output(Path("out"))).files] == ["ok", "ok"]


@pytest.mark.parametrize("form", ["tsv", "html"])
@pytest.mark.parametrize("below", ["", "site/"])
def test_a_recording_with_too_long_a_name_fails_without_stopping_the_others(tmp_path, model, form, below):
    noise(tmp_path / "in" / f"{below}{'n' * 250}.wav", 0.5)
    noise(tmp_path / "in" / f"{below}short.wav", 0.5)
    report = predict([tmp_path / "in"], model, output=Output(tmp_path / "out", form))
    (failed,) = [file for file in report.files if file.state == "failed"]
    assert failed.name == f"{below}{'n' * 250}.wav"
    ending = FORMATS.get(form, ".html")
    assert f"File name too long ({254 + len(ending)} bytes in one name" in failed.reason
    assert failed.reason.endswith(": rename it")
    assert (tmp_path / "out" / f"{below}short.wav{ending}").exists()
    assert report.counts["ok"] == 1


def test_a_bad_recording_fails_with_a_reason_without_stopping_the_others(tmp_path, model):
    recordings, out = folder_of_recordings(tmp_path / "in"), tmp_path / "out"
    (recordings / "a.wav").write_bytes(b"")
    (recordings / "day" / "b.wav").write_bytes(b"this is not audio")
    (recordings / "e\n.wav").write_bytes((recordings / "night" / "d.wav").read_bytes())
    (recordings / "f.wav").symlink_to("nowhere")
    report = predict([recordings], model, output=Output(out))
    reasons = {file.name: file.reason.partition(": ")[2] for file in report.files if file.state == "failed"}
    assert reasons == {
        "a.wav": "the file is empty (0 bytes)",
        "day/b.wav": "cannot be decoded as audio",
        "e\N{REPLACEMENT CHARACTER}.wav": "its name contains characters that lists cannot contain: rename it",
        "f.wav": "No such file or directory",
    }
    assert report.n_failed == 4
    assert contents(out).keys() == {LOG_NAME, "day/c.flac.tsv", "night/d.wav.tsv"}
    noise(recordings / "a.wav", 3.0)
    assert {file.name: file.state for file in predict([recordings], model, output=Output(out)).files}["a.wav"] == "ok"


def test_a_recording_unlike_training_is_reported_counted_and_logged(tmp_path, model):
    trained = read_model(Path(model) / "checkpoint.pt", torch.device("cpu"))
    write_model(Path(model) / "checkpoint.pt", replace(trained, familiar=Familiar(-30.0, 400.0)))
    noise = np.random.default_rng(3).standard_normal(6 * RATE)
    (tmp_path / "in").mkdir()
    for name, level in (("loud", 0.1), ("faint", 0.001), ("silent", 0.0)):
        soundfile.write(tmp_path / "in" / f"{name}.wav", level * noise, RATE)
    for kept in (False, True):
        report = predict([tmp_path / "in"], model, output=Output(tmp_path / "out"))
        of_names = {Path(file.name).stem: file for file in report.files}
        assert ["quieter than the recordings" in one for one in of_names["faint"].unlike_training] == [True]
        assert of_names["faint"].unlike_training[0] in of_names["faint"].reason
        assert of_names["loud"].unlike_training == of_names["silent"].unlike_training == []
        assert (report.counts["unlike_training"], report.counts["kept"]) == (1, 3 if kept else 0)
        assert (
            "1 of 3 recordings is unlike those of training: the model may miss events in it"
            in predict_remarks(report)[-1]
        )
    lines = [json.loads(line) for line in (tmp_path / "out" / LOG_NAME).read_text().splitlines()[1:]]
    told = {line["name"]: len(line.get("unlike_training", [])) for line in lines}
    assert told == {"loud.wav": 0, "faint.wav": 1, "silent.wav": 0}


def test_a_silent_recording_has_no_events_and_is_reported_as_silent(tmp_path, model):
    path, out = tmp_path / "night.wav", tmp_path / "out"
    soundfile.write(path, np.zeros(12 * RATE, np.float32), RATE)
    report = predict([path], model, output=Output(out))
    [found] = report.files
    assert (found.state, found.duration, found.events) == ("ok", 12.0, [])
    assert (found.reason, report.n_failed) == ("silent: nothing can be heard in it", 0)
    assert (out / "night.wav.tsv").read_text() == "filename\tonset\toffset\tevent_label\nnight.wav\t\t\t\n"
    assert predict([path], model, output=Output(tmp_path, "html")).n_failed == 0
    assert "nothing can be heard in it" in (tmp_path / "night.wav.html").read_text()


def test_probabilities_are_zero_in_digital_silence():
    """The bundled model would otherwise detect the sea, a chainsaw or a baby in it."""
    samples = np.zeros(12 * 44_100, np.float32)
    samples[4 * 44_100 : 6 * 44_100] = 0.1 * np.random.default_rng(1).standard_normal(2 * 44_100)
    heard = frame_probabilities([samples], open_model("esc10", None, "cpu").trained)
    silent = np.r_[0:49, 76:150]  # frames of 0.08 s, except those that reach into the sound
    assert heard.frame_probs[50:75].max() > 0.1
    assert not heard.frame_probs[silent].any()


def test_damage_late_in_a_recording_leaves_no_partial_result(tmp_path, model):
    path = tmp_path / "a.wav"
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, 30 * RATE).astype(np.float32)
    samples[29 * RATE] = np.nan
    soundfile.write(path, samples, RATE, subtype="FLOAT")
    report = predict([path], model, output=Output(tmp_path / "out"))
    assert report.files == [PredictedFile(str(path), "a.wav", None, [], "failed", report.files[0].reason)]
    assert "not finite" in report.files[0].reason
    assert contents(tmp_path / "out").keys() == {LOG_NAME}


def test_memory_does_not_grow_with_the_recording(model):
    trained = read_model(Path(model) / "checkpoint.pt", torch.device("cpu"))
    held: list[int] = []

    def blocks(n_blocks: int):
        for number in range(n_blocks):
            yield np.random.default_rng(number).uniform(-0.5, 0.5, RATE).astype(np.float32)

    def most_held(n_blocks: int) -> int:
        held.clear()
        frame_probabilities(blocks(n_blocks), trained)
        return max(held)

    original = LogMelConfig.extract

    def remember(front_end, samples):
        held.append(len(samples.base if samples.base is not None else samples))
        return original(front_end, samples)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(LogMelConfig, "extract", remember)
        assert most_held(400) <= 2 * 4 * RATE + RATE  # two windows and a block


def test_invalid_arguments_give_an_error(tmp_path, model):
    path = noise(tmp_path / "a.wav", 1.0)
    with pytest.raises(SettingsError, match="operating point must be one of min_er, max_f1, got 'best'"):
        predict([path], model, hearing=Hearing(operating_point="best"))
    with pytest.raises(SettingsError, match=r"^threshold must lie in \[0, 1\], got 1.5"):
        predict([path], model, hearing=Hearing(threshold=1.5))
    with pytest.raises(MissingStageError, match="the model nowhere does not exist"):
        predict([path], "nowhere")


def test_the_report_has_the_documented_keys(tmp_path, model):
    from sedpipe.reports import as_json

    report = json.loads(json.dumps(as_json(predict([noise(tmp_path / "a.wav", 9.0)], model))))
    assert report["stage"] == "predict"
    assert report["model"] == model
    assert report["files"][0].keys() >= {"path", "duration", "events"}
    assert report["files"][0]["events"][0].keys() == {
        "onset", "offset", "label", "probability", "mean_probability"
    }  # fmt: skip
    assert set(report["labels"]) == set(LABELS)


def test_a_gated_class_is_reported_and_predicted_once_gates_are_opened(tmp_path, model):
    path, gated = noise(tmp_path / "a.wav", 9.0), tmp_path / "gated"
    trained = read_model(Path(model) / "checkpoint.pt", torch.device("cpu"))
    closed = {name: point.changed(threshold=0.0, gate=1.0) for name, point in trained.operating_points.items()}
    write_model(gated / "checkpoint.pt", replace(trained, operating_points=closed))
    [silent] = predict([path], str(gated)).files
    assert silent.events == []
    nearest = silent.glance.nearest[0]
    assert (nearest.why, nearest.gate) == ("gate", 1.0)
    probs = probabilities(read_waveform(path, RATE), trained)[:, LABELS.index(nearest.label)]
    assert (nearest.peak, nearest.at) == pytest.approx((probs.max(), 0.2 * probs.argmax()), abs=1e-3)
    assert silent.glance.peaks[nearest.label] == Peak(nearest.peak, nearest.at)
    [loud] = predict([path], str(gated), hearing=Hearing(opens_gates=True)).files
    assert {event.label for event in loud.events} == set(LABELS)


def test_lists_of_a_changed_recording_are_updated_in_every_format(tmp_path, model):
    out, forms = tmp_path / "out", [*FORMATS, "html"]
    path = noise(tmp_path / "in" / "a.wav", 9.0)
    for form in forms:
        predict([path], model, output=Output(out, form))
    corrected = out / "a.wav.txt"
    corrected.write_text("1.0\t2.0\tmine\n")
    predict([path], model, output=Output(out, "csv"))
    assert "mine" in corrected.read_text()  # the recording is the same, so that its other lists are left alone
    noise(path, 5.0)
    predict([path], model, output=Output(out, "csv"))
    for form in forms:
        predict([path], model, output=Output(out, form))
        predict([path], model, output=Output(tmp_path / "anew", form))
    lists = {file.name: file.read_bytes() for file in out.iterdir() if file.name.startswith("a.wav")}
    assert lists == {name: (tmp_path / "anew" / name).read_bytes() for name in lists}
    assert len(lists) == len(forms)


def test_json_contains_the_peaks_of_all_classes_and_is_rewritten_if_deleted(tmp_path, model):
    path, out = noise(tmp_path / "a.wav", 9.0), tmp_path / "out"
    for keeps in (True, False):
        predict([path], model, output=Output(out, "json", keeps=keeps))
        written = (out / "a.wav.json").read_text()
        assert set(json.loads(written)["peaks"]) == set(LABELS)
        (out / "a.wav.json").unlink()
        predict([path], model, output=Output(out, "json"))
        assert (out / "a.wav.json").read_text() == written


@pytest.mark.parametrize(("form", "is_said"), [("tsv", True), ("json", False)])
def test_all_warns_if_the_format_cannot_list_classes_without_events(tmp_path, model, form, is_said):
    path = str(noise(tmp_path / "a.wav", 2.0))
    outcome = CliRunner().invoke(main, ["predict", path, "--model", model, "--all", "--format", form])
    assert outcome.exit_code == 0
    assert ("--all: tsv lists events alone; --format json has" in outcome.stderr) == is_said


def test_an_old_log_entry_without_event_maxima_is_predicted_again_if_needed(tmp_path, model):
    path = noise(tmp_path / "a.wav", 9.0)
    [first] = predict([path], model, output=Output(tmp_path / "out", "csv")).files
    log = tmp_path / "out" / LOG_NAME
    head, line = (json.loads(each) for each in log.read_text().splitlines())
    for event in line["events"]:
        event["probability"] = event.pop("mean_probability")
    log.write_text("".join(json.dumps(each) + "\n" for each in (head, line)))
    assert predict([path], model, output=Output(tmp_path / "out")).counts["kept"] == 1
    [again] = predict([path], model, output=Output(tmp_path / "out", "csv")).files
    assert (again.state, again.events) == ("ok", first.events)


def test_lists_not_written_by_predict_are_not_overwritten(tmp_path, model):
    path = noise(tmp_path / "a.wav", 2.0)
    mine = tmp_path / "a.wav.tsv"
    mine.write_text("a.wav\t0\t1\tmine\n")
    with pytest.raises(
        SettingsError, match=r"a\.wav\.tsv would be overwritten, and no predictions\.jsonl in"
    ) as caught:
        predict([path], model, output=Output(tmp_path))
    assert caught.value.hint == "name another --out, or move such lists elsewhere"
    assert mine.read_text() == "a.wav\t0\t1\tmine\n"
    assert predict([path], model, output=Output(tmp_path, "csv")).counts["ok"] == 1
    path.touch()  # it may replace what it wrote itself
    assert predict([path], model, output=Output(tmp_path, "csv")).counts["ok"] == 1


def test_the_old_list_of_a_now_unreadable_recording_is_kept_and_reported(tmp_path, model):
    path, out = tmp_path / "a.wav", tmp_path / "out"
    soundfile.write(path, np.random.default_rng(0).uniform(-0.5, 0.5, RATE), RATE)
    predict([path], model, output=Output(out))
    before = (out / "a.wav.tsv").read_bytes()
    path.write_bytes(b"no audio")
    (file,) = predict([path], model, output=Output(out)).files
    assert file.state == "failed"
    assert file.reason.endswith(f" (an earlier {out / 'a.wav.tsv'} was left as it is)")
    assert (out / "a.wav.tsv").read_bytes() == before
