import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
from builders import write_tone
from sedpipe.errors import SettingsError
from sedpipe.io.manifests.load import load_manifest
from sedpipe.reports.own import CheckReport
from sedpipe.stages.check import check

TOML = """name = "garden"
kind = "folder"
labels = ["Blackbird", "Crow"]
clip_s = 4
long = "windows"
[splits.training]
audio = "audio"
weak = "training.tsv"
[splits.testing]
audio = "audio"
weak = "testing.tsv"
strong = "events.tsv"
"""


@pytest.fixture
def garden(tmp_path: Path) -> Path:
    for n in range(4):
        write_tone(tmp_path / "audio" / f"{n}.wav", 2 + n, 400 + 50 * n, sample_rate=44_100)
    (tmp_path / "garden.toml").write_text(TOML)
    (tmp_path / "training.tsv").write_text("0.wav\tBlackbird\n1.wav\tCrow\n")
    (tmp_path / "testing.tsv").write_text("2.wav\tBlackbird\n3.wav\tCrow\n")
    (tmp_path / "events.tsv").write_text("2.wav\t0\t1\tBlackbird\n3.wav\t1\t2\tCrow\n")
    return tmp_path


def checked(folder: Path) -> CheckReport:
    return check(load_manifest(str(folder / "garden.toml")))


def test_a_valid_dataset_has_counts_and_no_problems(garden: Path) -> None:
    report = checked(garden)
    assert (report.problems, report.can_train) == ([], True)
    testing = report.splits["testing"]
    assert (testing.listed, testing.found, testing.missing, testing.too_long) == (2, 2, 0, 1)
    assert (testing.seconds, testing.shortest, testing.longest) == pytest.approx((9.0, 4.0, 5.0))
    assert testing.events == 2
    assert report.classes == {"Blackbird": {"training": 1, "testing": 1}, "Crow": {"training": 1, "testing": 1}}
    assert report.rates == {"44100": 4}


def test_check_writes_nothing(garden: Path) -> None:
    before = sorted(garden.rglob("*"))
    checked(garden)
    assert sorted(garden.rglob("*")) == before


def test_a_missing_recording_is_reported_with_a_suggestion(garden: Path) -> None:
    (garden / "training.tsv").write_text("o.wav\tBlackbird\n1.wav\tCrow\n")
    report = checked(garden)
    assert not report.can_train
    assert report.problems[0].startswith("training: 1 of 2 recordings missing: 'o.wav' (did you mean '")
    assert report.splits["training"].missing == 1


def test_recordings_with_another_extension_or_case_are_found_and_reported(garden: Path) -> None:
    (garden / "training.tsv").write_text("0.WAV\tBlackbird\n1\tCrow\n")
    report = checked(garden)
    assert report.can_train
    assert "training: 2 recordings with a slightly different name in the list" in report.remarks


def test_silent_broken_and_duplicate_recordings_are_reported(garden: Path) -> None:
    soundfile.write(garden / "audio" / "0.wav", np.zeros(44_100), 44_100)
    (garden / "audio" / "1.wav").write_text("no audio")
    shutil.copy(garden / "audio" / "2.wav", garden / "audio" / "4.wav")
    soundfile.write(garden / "audio" / "5.wav", np.zeros(9_000), 44_100)
    (garden / "training.tsv").write_text("0.wav\tBlackbird\n1.wav\tCrow\n4.wav\tCrow\n5.wav\t\n")
    report = checked(garden)
    training = report.splits["training"]
    assert (training.found, training.silent, training.unusable) == (4, 2, 1)
    assert "training: 1 silent recording with labels, to be left out: '0.wav'" in report.problems
    assert "training: 1 silent recording without labels: '5.wav'" in report.remarks
    assert any(
        "in two splits with identical audio: '4.wav' in training and '2.wav' in testing" in p for p in report.problems
    )
    assert report.classes["Blackbird"]["training"] == 0


def test_identical_samples_in_another_format_are_duplicates(garden: Path) -> None:
    samples, rate = soundfile.read(garden / "audio" / "2.wav", dtype="int16")
    soundfile.write(garden / "audio" / "4.flac", samples, rate)
    (garden / "training.tsv").write_text("0.wav\tBlackbird\n4.flac\tCrow\n")
    assert any("with identical audio" in problem for problem in checked(garden).problems)


def test_an_invalid_list_is_a_problem_and_the_other_split_is_still_checked(garden: Path) -> None:
    (garden / "training.tsv").write_text("0.wav\tBlackbrid\n")
    report = checked(garden)
    assert not report.can_train
    assert len(report.problems) == 1
    assert (
        "training.tsv:1: label 'Blackbrid' is not one of the 2 classes (did you mean 'Blackbird'?)"
        in report.problems[0]
    )
    assert report.splits["testing"].found == 2


def test_guesses_about_a_list_are_reported(garden: Path) -> None:
    (garden / "training.tsv").write_text("filename;event_label\n0.wav;Blackbird\n1.wav;Crow\n")
    assert "training: separated by semicolons" in checked(garden).remarks


def test_a_missing_audio_folder_is_a_problem(garden: Path) -> None:
    shutil.rmtree(garden / "audio")
    report = checked(garden)
    assert not report.can_train
    assert report.problems[0].startswith("training: 2 of 2 recordings missing")


def test_clips_too_long_for_features_are_a_problem(garden: Path) -> None:
    (garden / "garden.toml").write_text(TOML.replace("clip_s = 4", "clip_s = 1800"))
    assert (
        "clips of 1,800 s are too long for logmel at 44,100 Hz: at most 760 s; shorten clip_s"
        in checked(garden).problems
    )


def test_a_dataset_that_is_no_folder_of_recordings_cannot_be_checked() -> None:
    with pytest.raises(SettingsError, match=r"^\S+ is not a folder of recordings: there is nothing to check$"):
        check(load_manifest("demo"))
