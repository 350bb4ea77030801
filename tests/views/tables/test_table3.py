import csv

import pytest
from benched_cells import CELLS, PACE, benched
from sedpipe.io.records.table import Validation
from sedpipe.views.tables.table3 import costs_of, csv_text, rows_of


def test_a_row_has_the_mean_over_a_systems_seeds_and_the_score_of_each() -> None:
    rows = {row.system: row for row in rows_of(CELLS) if row.part == ("common", "evaluation", "min_er")}
    assert list(rows) == ["base", "better", "same"]
    for name, row in rows.items():
        values = [
            cell.splits["evaluation"].post_processing_common["min_er"].segment_based.f1
            for cell in CELLS
            if cell.bench.system == name
        ]
        assert row.by_seed["f1"] == tuple(values)
        assert row.scores["f1"].value == pytest.approx(sum(values) / 3)


def test_evaluation_comes_first_and_a_rule_without_scores_is_left_out() -> None:
    parts = list(dict.fromkeys(row.part for row in rows_of(CELLS)))
    assert [split for _, split, _ in parts] == sorted(split for _, split, _ in parts)
    assert {rule for rule, _, _ in parts} == {"common", "chosen", "threshold_free"}


def test_a_system_with_its_own_rule_has_a_row_for_it_and_others_have_none() -> None:
    scores = CELLS[0].splits["testing"]
    own = {"own_rule": scores.post_processing_common["min_er"]}
    first = CELLS[0].model_copy(update={"splits": {"testing": scores.model_copy(update=own)}})
    rows = [row for row in rows_of([first, CELLS[3]]) if row.rule == "own"]
    assert [row.system for row in rows] == ["base"]


def test_a_mean_of_networks_costs_as_much_as_all_its_networks() -> None:
    base, better, _ = costs_of(CELLS)
    assert (better.parameters, better.multiply_adds) == (3 * base.parameters, 3 * base.multiply_adds)
    assert base.hour_s == pytest.approx(360 * (0.25 + 0.5))
    assert better.hour_s == pytest.approx(360 * (0.25 + 3 * 0.5))
    assert (base.steps, base.epochs, base.train_s) == (120, 12.0, 300.0)


def test_costs_are_per_hour_of_audio_whatever_the_clip_length() -> None:
    pace = PACE.model_copy(update={"clip_length_s": 5.0})
    cost = costs_of([benched("a", 0, 0.5, pace=pace)])[0]
    assert (cost.hour_s, cost.multiply_adds) == (720 * 0.75, 4e9)
    unknown = PACE.model_copy(update={"front_end_s": None})
    assert costs_of([benched("a", 0, 0.5, pace=unknown)])[0].hour_s is None


def test_the_csv_has_one_line_per_row_and_no_formulas() -> None:
    lines = list(csv.DictReader(csv_text([*CELLS, benched("bad", 0, 0.5, "=1+1")]).splitlines()))
    assert len(lines) == len(rows_of(CELLS)) + len(rows_of([benched("bad", 0, 0.5)]))
    assert {line["title"] for line in lines if line["system"] == "bad"} == {"'=1+1"}
    line = next(line for line in lines if line["system"] == "better" and line["rule"] == "threshold_free")
    assert float(line["tagging_f1"]) == pytest.approx(0.81)
    assert (line["networks"], line["parameters"], line["seeds"]) == ("3", "4500000", "3")


def test_training_time_on_a_gpu_is_wall_clock_time() -> None:
    pace = PACE.model_copy(update={"device": "cuda"})
    assert costs_of([benched("a", 0, 0.5, pace=pace)])[0].train_s == 3600.0
    assert costs_of([benched("a", 0, 0.5, cpu_seconds=None)])[0].train_s is None


def test_training_time_follows_the_budget_not_the_measured_time() -> None:
    validations = tuple(Validation(steps=steps, loss=0.5, error_rate=None, f1=None) for steps in (40, 80, 100))
    for measured in (150.0, 400.0, None):
        cost = costs_of([benched("a", 0, 0.5, cpu_seconds=measured, validations=validations)])[0]
        assert cost.train_s == 100 * 2.0 + 3 * 5.0
