from dataclasses import replace

from drawn_parts import drawn
from sedpipe.reports.data import CacheStatus, GridState, Headline, Progress, Stages, StatusReport, StoredCounts
from sedpipe.steps.tally import Tally
from sedpipe.views.terminal.overview import overview_parts

STAGES = Stages(
    download={"training": Tally(listed=1005, ok=1003, gone=2, blocked=0, retryable=0, pending=0, reasons={})},
    features={"ab12": {"training": StoredCounts(3, 0)}, "cd34": {}},
    train={"run": Progress(finished=True, epochs=3), "other": Progress(finished=False, epochs=1)},
    score={"run": ["evaluation", "testing"], "other": []},
    reproduce={"table2": GridState(all=30, done=7, under_way=0, begun=0, failed=0, missing=23, cells={})},
    headlines={"run": {"evaluation": Headline("min_er", 0.4361, 0.709), "testing": Headline("min_er", None, None)}},
)
REPORT = CacheStatus("cache", [StatusReport("birds", STAGES, "sedpipe report run")], {}, "")


def test_the_overview_shows_each_datasets_clips_runs_scores_and_next_command() -> None:
    lines = drawn(overview_parts(REPORT))
    assert lines[:2] == ["birds", "  1,003 of 1,005 clips, features of 1 kind, table table2: 7 of 30 cells"]
    assert [line.split() for line in lines[3:6]] == [
        ["run", "3", "evaluation", "0.44", "70.9"],
        ["run", "3", "testing", "-", "-"],
        ["other", "1,", "not", "finished", "not", "scored"],
    ]
    assert lines[6] == "next: sedpipe report run"


def test_an_unreadable_dataset_is_reported_and_an_empty_cache_is_no_error() -> None:
    assert drawn(overview_parts(CacheStatus("cache", [], {"bad": "cannot read it"}, "sedpipe demo"))) == [
        "problem: bad: cannot read it",
        "cache contains no dataset yet",
        "next: sedpipe demo",
    ]
    nothing = StatusReport("new", Stages(), "sedpipe download new")
    assert drawn(overview_parts(CacheStatus("cache", [nothing], {}, "")))[:3] == [
        "new", "  not downloaded", "next: sedpipe download new"
    ]  # fmt: skip


def test_a_narrow_terminal_still_shows_the_scores() -> None:
    lines = drawn(overview_parts(REPORT), 60)
    assert next(line.split()[-2:] for line in lines if line.startswith("  run")) == ["0.44", "70.9"]


def test_unreadable_scores_are_reported() -> None:
    stages = replace(STAGES, headlines={}, score={"run": ["evaluation"]})
    lines = drawn(overview_parts(CacheStatus("cache", [StatusReport("birds", stages, "sedpipe report run")], {}, "")))
    assert [line.split() for line in lines[3:5]] == [
        ["run", "3", "evaluation", "cannot", "be", "read"],
        ["other", "1,", "not", "finished", "not", "scored"],
    ]
