from pathlib import Path

from sedpipe.reports.data import (
    CellState,
    DownloadReport,
    FeatureCounts,
    FeatureExplanation,
    FeatureReport,
    GridState,
    PlannedCounts,
    Progress,
    Stages,
    StatusReport,
    StoredCounts,
)
from sedpipe.steps.feature_plan import ReasonGroup
from sedpipe.steps.tally import ClassTally, Listed, Tally
from sedpipe.views.terminal.data import download_lines, explain_lines, features_lines, status_lines

GONE = Tally(listed=5, ok=3, gone=2, blocked=0, retryable=0, pending=0, reasons={"removed": 2})
WHOLE = Tally(listed=2, ok=2, gone=0, blocked=0, retryable=0, pending=0, reasons={})


def test_a_download_reports_counts_reasons_and_the_command_for_details() -> None:
    assert download_lines(DownloadReport("birds", {"training": GONE}, 1.0), "birds.toml") == [
        "training: 5 listed, 3 ok, 2 gone (2 removed)",
        "why, clip by clip: sedpipe status birds.toml --export clips.tsv",
        "next: sedpipe features birds.toml",
    ]


def test_a_complete_download_and_a_dry_run_show_no_reasons() -> None:
    assert download_lines(DownloadReport("birds", {"testing": WHOLE}, 1.0), "my birds", Path("x")) == [
        "testing: 2 listed, 2 ok",
        "next: sedpipe features 'my birds' --cache x",
    ]
    assert download_lines(DownloadReport("birds", {"testing": Listed(2)}, 1.0), "birds") == ["testing: 2 listed"]
    assert download_lines(DownloadReport("birds", {}, 1.0, "no network"), "birds") == ["stopped: no network"]
    missing = DownloadReport("birds", {"testing": WHOLE}, 1.0, missing={"testing": ["a.wav"]})
    assert len(download_lines(missing, "birds")) == 1


def test_features_are_counted_and_missing_clips_of_other_parts_reported() -> None:
    counts = {"training": FeatureCounts(clips=9, computed=5, reused=3, failed=1)}
    one, *more = features_lines(FeatureReport("d", "ab12", counts, 1.0, 5.0, waiting=1200), "sedpipe train d")
    assert one == "training: 9 clips, 5 computed, 3 reused, 1 failed"
    assert more[0].startswith("1,200 clips of other parts not computed yet")
    assert len(more) == 1
    assert features_lines(FeatureReport("d", "ab12", counts, 1.0, 5.0), "sedpipe train d")[1:] == [
        "next: sedpipe train d"
    ]
    none = {"training": FeatureCounts(clips=9, computed=0, reused=0, failed=9)}
    assert features_lines(FeatureReport("d", "ab12", none, 1.0, 0.0), "sedpipe train d")[1:] == [
        "no clip could be used: there is nothing to train with"
    ]


def test_reasons_are_counted_with_examples_and_details() -> None:
    groups = [
        ReasonGroup("its audio is new", clips=4, examples=["a", "b", "c"], detail=""),
        ReasonGroup("failed", clips=1, examples=["d"], detail="no audio"),
    ]
    counts = {"training": PlannedCounts(clips=9, reused=4, missing=5)}
    assert explain_lines(FeatureExplanation("d", "ab12", counts, {"training": groups})) == [
        "features ab12",
        "training: 9 clips, 5 to compute, 4 stored",
        "  4: its audio is new (a, b, c, ...)",
        "  1: failed (d)",
        "    no audio",
    ]


def test_a_status_lists_each_stage_and_ends_with_the_next_command() -> None:
    stages = Stages(
        download={"training": GONE},
        features={
            "ab12": {"training": StoredCounts(3, 0), "testing": StoredCounts(1, 2)},
            "cd34": {},
            "ef56": {"training": StoredCounts(0, 0, "cannot read x.h5: cut short"), "testing": StoredCounts(1, 0)},
        },
        train={"run": Progress(finished=True, epochs=3), "other": Progress(finished=False, epochs=1)},
        score={"run": ["evaluation", "testing"], "other": []},
    )
    assert status_lines(StatusReport("d", stages, "sedpipe score d")) == [
        "download: training: 5 listed, 3 ok, 2 gone (2 removed)",
        "features: ab12: training 3 clips, testing 1 clip and 2 failed",
        "features: cd34: none",
        "features: ef56: testing 1 clip",
        "features: ef56: cannot read x.h5: cut short",
        "train: run: finished, 3 epochs",
        "train: other: not finished, 1 epoch",
        "score: run: evaluation, testing",
        "score: other: none",
        "next: sedpipe score d",
    ]


def test_a_table_lists_unfinished_cells_and_its_runs_are_not_listed_separately() -> None:
    cells = {
        "a": CellState(state="done", run="run-a"),
        "b": CellState(state="failed", run="run-b", epochs=1, of=8, reason="the loss is nan"),
    }
    grid = GridState(all=2, done=1, under_way=0, begun=0, failed=1, missing=0, cells=cells)
    stages = Stages(train={"run-a": Progress(finished=True, epochs=8)}, score={"run-a": []}, reproduce={"t": grid})
    assert status_lines(StatusReport("d", stages, "n")) == [
        "reproduce: t: 1 of 2 cells done",
        "reproduce: t: b failed after 1 of 8 epochs: the loss is nan",
        "next: n",
    ]


def test_classes_in_any_script_are_aligned_in_one_table() -> None:
    classes = {"training": {"\u70cf": ClassTally(listed=10, ok=2), "Owl": ClassTally(listed=10, ok=0)}}
    _, crow, owl, *_ = status_lines(StatusReport("d", Stages(), "sedpipe download d", classes))
    assert (crow, owl) == (f"\u70cf {'2 of 10':>18}", f"Owl{'0 of 10':>18}")


def test_classes_are_tabulated_with_available_and_listed_clips() -> None:
    classes = {"training": {"Car": ClassTally(listed=25077, ok=20000), "Bus": ClassTally(listed=10, ok=0)}}
    lines = status_lines(StatusReport("d", Stages(), "sedpipe download d", classes))
    assert [line.split() for line in lines] == [
        ["training"],
        ["Car", "20,000", "of", "25,077"],
        ["Bus", "0", "of", "10"],
        ["next:", "sedpipe", "download", "d"],
    ]
