from dataclasses import replace
from pathlib import Path

from rich.cells import cell_len
from sedpipe.io.manifests.compose import Shape
from sedpipe.reports.own import CheckReport, InitReport, SplitFound
from sedpipe.views.terminal.own import check_lines, init_lines

SET_UP = InitReport(
    dataset="birds",
    path="my birds.toml",
    lists=("a.tsv", "b.tsv"),
    importer="label-files",
    story="recordings with 3 label files of one recording each",
    recordings=4,
    labelled=3,
    seconds=5400.0,
    shape=Shape(10.0, 44_100, "windows", 0.2, "prefix_"),
    splits={"training": 3},
    classes={"Amsel": {"training": 2}, "Krähe": {"training": 1}},
    events=25,
    remarks=("decimal commas (12 times)",),
)
FOUND = SplitFound(
    listed=3, found=2, missing=1, too_long=1, silent=0, unusable=0, seconds=90.0, shortest=2.0, longest=88.0, events=5
)  # fmt: skip


def test_init_reports_what_was_set_up_and_a_next_command_ready_to_copy() -> None:
    assert init_lines(SET_UP, Path("cache")) == [
        "recordings with 3 label files of one recording each: 3 of 4 recordings (1 left out), "
        "1.5 h, 25 events, 2 classes",
        "  class    training",
        "  Amsel           2",
        "  Krähe           1",
        "clips of at most 10 s at 44,100 Hz; longer recordings are cut into windows, labelled by the events in them",
        "testing: 20 % of the training recordings, in whole groups by 'prefix_'",
        "note: decimal commas (12 times)",
        "written: my birds.toml, a.tsv, b.tsv",
        "next: sedpipe check 'my birds.toml'",
    ]


def test_check_reports_what_was_examined_with_problems_last() -> None:
    report = CheckReport("birds", {"training": FOUND}, {"Amsel": {"training": 2}}, {"44100": 2}, True, ["bad"], ["so"])
    assert check_lines(report, "birds.toml", Path("elsewhere")) == [
        "training: 3 recordings (1 missing), 1.5 min, 2.0 to 88.0 s, 5 events",
        "  class    training",
        "  Amsel           2",
        "sample rates: 2 at 44,100 Hz",
        "note: so",
        "problem: bad",
        "training would work as it is; correct it first, then check again",
        "next: sedpipe check birds.toml --cache elsewhere",
    ]
    sound = replace(report, problems=[])
    assert check_lines(sound, "birds.toml", Path("cache"))[-2:] == ["note: so", "next: sedpipe download birds.toml"]


def test_if_training_cannot_work_the_next_step_is_to_correct_the_problems() -> None:
    report = CheckReport("birds", {}, {}, {}, False, ["bad", "worse"], [])
    assert check_lines(report, "birds.toml", Path("cache")) == [
        "problem: bad",
        "problem: worse",
        "training cannot work yet: correct them, then check again",
        "next: sedpipe check birds.toml",
    ]


def test_classes_in_any_script_are_aligned_in_one_table() -> None:
    classes = {"Kra\u0308he": {"training": 2}, "\u70cf": {"training": 1}, "Owl": {"training": 3}}
    lines = init_lines(replace(SET_UP, classes=classes), Path("cache"))[1:5]
    assert lines == [
        "  class    training",
        "  Kra\u0308he           2",  # the accent takes no column
        "  \u70cf              1",  # this letter takes two
        "  Owl             3",
    ]
    assert {cell_len(line) for line in lines} == {19}


def test_classes_that_do_not_fit_into_the_table_are_counted() -> None:
    classes = {f"class {k}": {"training": 1} for k in range(31)}
    assert init_lines(replace(SET_UP, classes=classes), Path("cache"))[32] == "  and 1 more class"
