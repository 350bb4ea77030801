import warnings
from pathlib import Path

import numpy as np
import pytest
import sedpipe
import soundfile
from sedpipe.api.model import Model, load_model
from sedpipe.choices import OPERATING_POINTS
from sedpipe.errors import AudioError, MissingStageError, SettingsError
from sedpipe.io.models.checkpoints import write_model
from sedpipe.stages.predict import predict as predict_files
from sedpipe.steps.hearing import Hearing
from tiny_dataset import FRONT_END, LABELS, untrained_model

RATE = FRONT_END.sample_rate


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run's folder with a model of three classes at 1 kHz."""
    folder = tmp_path_factory.mktemp("model")
    write_model(folder / "checkpoint.pt", untrained_model())
    return folder


@pytest.fixture(scope="module")
def model(folder: Path) -> Model:
    return load_model(folder, device="cpu")


def noise(seconds: float, rate: int = RATE) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 0.1, round(seconds * rate)).astype(np.float32)


def test_a_model_reports_its_classes_sample_rate_and_folder(model: Model, folder: Path) -> None:
    assert (tuple(model.labels), model.sample_rate, model.folder) == (LABELS, 1000, folder)
    assert "3 classes, 1000 Hz" in repr(model)


def test_load_model_is_exported_by_the_package(folder: Path) -> None:
    assert isinstance(sedpipe.load_model(folder, device="cpu"), Model)


@pytest.mark.parametrize("seconds", [0.7, 4.0, 11.3])
@pytest.mark.parametrize("point", OPERATING_POINTS)
def test_a_file_and_its_samples_give_the_same_events_as_the_command(
    model: Model, folder: Path, tmp_path: Path, seconds: float, point: str
) -> None:
    path = tmp_path / "r.wav"
    soundfile.write(path, noise(seconds), RATE, subtype="FLOAT")
    (by_command,) = predict_files([path], str(folder), hearing=Hearing(operating_point=point)).files
    assert model.predict(path, operating_point=point) == by_command.events
    assert model.predict(str(path), operating_point=point) == by_command.events
    assert model.predict(noise(seconds), RATE, operating_point=point) == by_command.events
    assert model.predict((noise(seconds), RATE), operating_point=point) == by_command.events


def test_a_threshold_may_be_a_numpy_number(model: Model) -> None:
    for threshold in (np.float32(0.5), np.float64(0.5), np.int64(1)):
        expected = model.predict(noise(6), RATE, threshold=float(threshold))
        assert model.predict(noise(6), RATE, threshold=threshold) == expected  # type: ignore[arg-type]


def test_a_lower_threshold_gives_longer_events_in_total(model: Model) -> None:
    covered = [
        sum(event.offset - event.onset for event in model.predict(noise(6), RATE, threshold=threshold))
        for threshold in (0.0, 0.5, 1.0)
    ]
    assert covered[0] == pytest.approx(3 * 6.0)
    assert covered[0] >= covered[1] > covered[2]


@pytest.mark.parametrize("seconds", [2.5, 9.0])
def test_frame_scores_decode_to_the_predicted_events(model: Model, seconds: float) -> None:
    scores = model.frame_scores(noise(seconds), RATE)
    n_frames = int(np.ceil(seconds / 0.2))
    assert scores.frame_probs.shape == (1, n_frames, 3)
    np.testing.assert_allclose(scores.times, (np.arange(n_frames) + 0.5) * 0.2)
    assert scores.durations.tolist() == [seconds]
    if seconds <= 4:  # in a single window, the gate is also the same as the command's
        (events,) = scores.decode(scores.points["min_er"]).values()
        said = model.predict(noise(seconds), RATE)
        assert [(event.onset, event.offset, event.label) for event in events] == [
            (event.onset, event.offset, event.label) for event in said
        ]


def test_sample_rate_channels_and_integers_are_converted_to_the_models_input(model: Model) -> None:
    samples = noise(4)
    stereo = np.stack([samples, samples], axis=1)
    expected = model.frame_scores(samples, RATE).frame_probs
    np.testing.assert_allclose(model.frame_scores(stereo, RATE).frame_probs, expected, atol=1e-6)
    whole = np.round(samples * 2**31).astype(np.int32)
    np.testing.assert_allclose(model.frame_scores(whole, RATE).frame_probs, expected, atol=1e-4)
    faster = model.frame_scores(samples, 2 * RATE)
    assert faster.durations.tolist() == [2.0]


@pytest.mark.parametrize(
    ("recording", "rate", "error", "said"),
    [
        (np.zeros(100), None, SettingsError, "samples need their sample rate"),
        ("nowhere.wav", None, AudioError, "nowhere.wav"),
        ("nowhere.wav", 8000, SettingsError, "has its own sample rate"),
        (np.array([np.nan]), 8000, AudioError, "not all finite"),
        (np.ones(30), 1000, AudioError, "samples: too short .0.030 s, expected at least 0.04 s."),
    ],
)
def test_invalid_input_gives_a_one_line_error(
    model: Model, recording: object, rate: int | None, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        model.predict(recording, rate)


def test_invalid_settings_give_a_one_line_error(model: Model, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="operating point must be one of min_er, max_f1, got 'best'"):
        model.predict(noise(1), RATE, operating_point="best")
    with pytest.raises(SettingsError, match=r"^threshold must lie in \[0, 1\], got 2"):
        model.predict(noise(1), RATE, threshold=2)
    with pytest.raises(SettingsError, match=r"^threshold must be a number, got \[0.5, 0.5, 0.5\]"):
        model.predict(noise(1), RATE, threshold=[0.5, 0.5, 0.5])  # type: ignore[arg-type]
    with pytest.raises(MissingStageError, match="contains no trained model"):
        load_model(tmp_path)


@pytest.mark.parametrize("method", ["predict", "frame_scores", "unlike_training"])
def test_what_is_not_used_as_it_is_gives_a_warning_where_the_model_is_called(
    model: Model, tmp_path: Path, method: str
) -> None:
    clicks, path = noise(5.0), tmp_path / "clicks.wav"
    clicks[::1000] = 3.0
    soundfile.write(path, clicks, RATE, subtype="FLOAT")
    told = "its samples reach 3.00 times full scale: clipped"
    for given, expected in (((path,), f"{path}: {told}"), ((clicks, RATE), told)):
        with pytest.warns(UserWarning, match="full scale") as warned:
            getattr(model, method)(*given)
        assert [(str(one.message), one.filename) for one in warned] == [(expected, __file__)]


def test_a_truncated_file_gives_a_warning_and_a_silent_one_does_not(model: Model, tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, noise(5.0), RATE)
    path.write_bytes(path.read_bytes()[:6000])
    with pytest.warns(UserWarning, match=r"a\.wav: its header says 5\.0 s, 3\.0 s are there"):
        model.predict(path)
    soundfile.write(path, np.zeros(5 * RATE), RATE)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert model.predict(path) == []
