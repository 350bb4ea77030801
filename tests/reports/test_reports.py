import json
from dataclasses import dataclass, field

from sedpipe.detection.postprocess import PostProcessing
from sedpipe.reports import as_json
from sedpipe.reports.data import CellState
from sedpipe.reports.scores import ListCoverage
from some_records import run_record


@dataclass(frozen=True)
class Outer:
    """A report of values of every kind."""

    name: str
    counts: dict[str, ListCoverage]
    cells: list[CellState]
    point: PostProcessing
    pair: tuple[float, float] = (0.5, 1.0)
    other: object = field(default=None)


def test_a_report_becomes_plain_values_keyed_by_field_name() -> None:
    report = Outer(
        "a",
        {"testing": ListCoverage(2, 2, [], 1)},
        [CellState(state="done"), CellState(state="begun", run="r", epochs=1, of=8)],
        PostProcessing((0.5, 0.25)),
    )
    assert json.loads(json.dumps(as_json(report))) == {
        "name": "a",
        "counts": {"testing": {"listed": 2, "scored": 2, "missing": [], "without_output": 1, "cut": {}}},
        "cells": [{"state": "done"}, {"state": "begun", "run": "r", "epochs": 1, "of": 8}],
        "point": {"threshold": [0.5, 0.25], "median_s": 0.0, "min_duration_s": 0.0, "gap_s": 0.0, "hysteresis": 1.0,
                  "gate": 0.0},
        "pair": [0.5, 1.0],
        "other": None,
    }  # fmt: skip


def test_a_run_record_in_a_report_omits_a_missing_result() -> None:
    begun, finished = (as_json({"run": run_record(epochs=epochs)})["run"] for epochs in (None, 3))
    assert set(finished) - set(begun) == {"result"}
    assert finished["result"]["stage"] == "train"
