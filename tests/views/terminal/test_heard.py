from dataclasses import replace

from drawn_parts import drawn
from sedpipe.detection.nearness import CURVE_POINTS, Glance, NearMiss, Peak
from sedpipe.detection.postprocess import PostProcessing
from sedpipe.io.predictions import PredictedEvent, PredictedFile
from sedpipe.reports.listening import PredictReport
from sedpipe.views.terminal.heard import Asked, events_table, near_line

LABELS = ("Car", "Dog bark", "Owl")
SEE = "sedpipe predict street.wav --model esc10 --format html --open"
MISS = NearMiss("Dog bark", 0.31, 0.4, threshold=0.42, clip=0.9, gate=0.1, why="threshold")
EVENTS = [PredictedEvent(1.0, 2.5, "Car", 0.93, 0.8), PredictedEvent(61.0, 63.25, "Car", 0.75, 0.7)]
PEAKS = {"Car": Peak(0.93, 1.5), "Dog bark": Peak(0.31, 0.4), "Owl": Peak(0.02, 9.0)}
GLANCE = Glance([(0.0,) * CURVE_POINTS, (1.0,) * CURVE_POINTS], [MISS], PEAKS)
STREET = PredictedFile("street.wav", "street.wav", 70.0, EVENTS, glance=GLANCE)
QUIET = PredictedFile("in/20230501_053000.WAV", "20230501_053000.WAV", 10.0, [], glance=replace(GLANCE, curves=[]))


def told(*files: PredictedFile, shows_all: bool = False, width: int = 120) -> list[str]:
    counts = {"recordings": len(files), "seconds": 70.0, "events": sum(len(file.events) for file in files)}
    report = PredictReport("esc10", list(files), PostProcessing(0.5), {}, 16_000, LABELS, counts)
    return drawn(events_table(report, Asked(SEE, "sedpipe init FOLDER", shows_all)), width)


def test_a_recording_is_shown_with_events_nearest_miss_known_classes_and_commands() -> None:
    lines = told(STREET)
    assert lines[0] == "street.wav, 1:10.00: 2 events"
    assert lines[2].split() == ["from", "to", "class", "peak", "probability", "around", "it"]
    assert [line.split() for line in lines[3:5]] == [
        ["1.00", "2.50", "Car", "0.93", "▁" * CURVE_POINTS], ["1:01.00", "1:03.25", "Car", "0.75", "█" * CURVE_POINTS]
    ]  # fmt: skip
    assert "closest: Dog bark 0.31 at 0.40 s, threshold 0.42" in lines
    assert "The model knows only these 3 sounds: Car; Dog bark; Owl." in lines
    assert lines[-2:] == [f"see, hear and correct it:  {SEE}", "your own sounds:           sedpipe init FOLDER"]


def test_a_recording_without_events_is_shown_with_the_nearest_miss() -> None:
    lines = told(QUIET)
    assert lines[0].endswith(": 0 events")
    assert not any("peak" in line for line in lines)
    assert any(line.startswith("closest: Dog bark 0.31") for line in lines)


def test_each_of_several_recordings_is_named_once_with_the_time_given_in_its_name() -> None:
    night = replace(STREET, name="20230501_235930.WAV")
    lines = told(night, QUIET, STREET)
    assert lines[0].startswith("3 recordings, ")
    rows = [line.split() for line in lines if " Car " in line and "[" not in line][:4]
    assert rows[0][:4] == ["20230501_235930.WAV", "2023-05-01", "23:59:31", "1.00"]
    assert rows[1][:3] == ["2023-05-02", "00:00:31", "1:01.00"]
    assert rows[2][:2] == ["street.wav", "1.00"]
    assert "20230501_053000.WAV: closest: Dog bark 0.31 at 0.40 s, threshold 0.42" in lines
    assert sum("closest" in line for line in lines) == 1  # the others have events


def test_every_class_is_shown_on_request() -> None:
    rows = [line.split() for line in told(QUIET, shows_all=True)[3:6]]
    assert rows == [["Car", "0.93"], ["Dog", "bark", "0.31"], ["Owl", "0.02"]]


def test_a_narrow_terminal_still_shows_the_events() -> None:
    lines = told(STREET, width=40)
    assert lines[3].split()[-2:] == ["Car", "0.93"]
    assert lines[-2].endswith(SEE)  # in one piece, so that it can be copied


def test_the_reason_for_a_missing_event_is_reported_with_a_remedy() -> None:
    gated = replace(MISS, peak=0.91, clip=0.12, gate=0.3, why="gate")
    assert near_line(gated) == (
        "Dog bark 0.91 at 0.40 s, above its threshold 0.42, but its clip probability 0.12 is below the clip gate 0.30: "
        "--all shows it"
    )
    assert "too short" in near_line(replace(MISS, peak=0.91, why="rules"))


def test_compared_numbers_have_enough_decimals_to_differ() -> None:
    assert near_line(replace(MISS, peak=0.4969, threshold=0.5)) == "Dog bark 0.497 at 0.40 s, threshold 0.500"
    assert near_line(replace(MISS, peak=0.0021, threshold=0.00247, at=59.997)) == (
        "Dog bark 0.0021 at 1:00.00, threshold 0.0025"
    )
    shut = near_line(replace(MISS, peak=0.9, clip=0.298, gate=0.3, why="gate"))
    assert "its clip probability 0.298 is below the clip gate 0.300" in shut


def test_a_model_of_one_class_is_described_in_the_singular() -> None:
    counts = {"recordings": 1, "seconds": 59.997, "events": 0}
    report = PredictReport("frogs", [QUIET], PostProcessing(0.5), {}, 16_000, ("Frog",), counts)
    lines = drawn(events_table(report, Asked(SEE, "sedpipe init FOLDER")), 120)
    assert "The model knows only this sound: Frog." in lines
    assert lines[0].endswith(", 1:00.00: 0 events")
