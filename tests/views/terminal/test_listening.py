from sedpipe.detection.postprocess import PostProcessing
from sedpipe.io.predictions import PredictedEvent, PredictedFile
from sedpipe.reports.listening import PageReport, PredictReport
from sedpipe.views.terminal.listening import predict_lines, predict_remarks, report_lines

COUNTS = {"recordings": 3, "ok": 1, "kept": 1, "failed": 1, "events": 2, "seconds": 1300.4}


def test_a_prediction_counts_recordings_by_state_and_names_those_that_failed() -> None:
    event = PredictedEvent(0.0, 1.0, "Car", 0.9)
    files = [
        PredictedFile("in/a.wav", "a.wav", 60.0, [event, event]),
        PredictedFile("in/b.wav", "b.wav", 1240.4, [], "kept", "it is clipped"),
        PredictedFile("in/c.wav", "c.wav", None, [], "failed", "in/c.wav cannot be decoded"),
    ]
    report = PredictReport("run", files, PostProcessing(0.5), {"text files": 2}, 16_000, ("Car",), COUNTS)
    assert predict_lines(report, "out") == ["3 recordings (1 ok, 1 kept, 1 failed), 1,300 s, 2 events in out"]
    assert predict_remarks(report) == [
        "left out: 2 text files",
        "b.wav: it is clipped",
        "failed: in/c.wav cannot be decoded",
    ]
    unlike = PredictReport("run", files, PostProcessing(0.5), {}, 16_000, ("Car",), {**COUNTS, "unlike_training": 2})
    last = "2 of 3 recordings are unlike those of training: the model may miss events in them"
    assert predict_remarks(unlike)[-1] == last
    assert predict_remarks(PredictReport("run", files[:1], PostProcessing(0.5), {}, 16_000, ("Car",), COUNTS)) == []


def test_a_page_is_reported_with_its_path_and_size() -> None:
    report = PageReport("d", ["a", "b"], "testing", ["x", "y"], "c.html", 1_260_000)
    assert report_lines(report) == ["c.html: a and b on testing, 2 clips, 1.3 MB"]
