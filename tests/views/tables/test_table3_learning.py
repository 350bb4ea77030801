import pytest
from benched_cells import PACE, benched
from sedpipe.io.records.table import Cell, Validation
from sedpipe.views.tables.table3_learning import learning_lines, learning_of

HALF_A_MINUTE = (60 * 0.5 - PACE.validation_s) / PACE.step_s
"""Number of steps that, with one validation, take half a minute."""


def learnt(system: str, seed: int, validations: list[tuple[float, float, float | None]]) -> Cell:
    """Return a cell whose validations are given as minutes, loss and F1."""
    found = tuple(
        Validation(
            steps=round((60 * minutes - count * PACE.validation_s) / PACE.step_s), loss=loss, error_rate=1.0, f1=f1
        )
        for count, (minutes, loss, f1) in enumerate(validations, start=1)
    )
    return benched(system, seed, 0.5, validations=found)


EARLY = [learnt("early", seed, [(0.5, 0.5, 0.6 + seed / 10), (2.0, 0.4, 0.65), (2.5, 0.9, 0.1)]) for seed in (0, 1)]
LATE = [learnt("late", seed, [(1.5, 0.9, 0.2), (4.9, 0.3, 0.8)]) for seed in (0, 1)]


def test_f1_after_some_minutes_is_that_at_the_lowest_validation_loss_so_far() -> None:
    early, late = learning_of([*EARLY, *LATE])
    assert list(early.f1) == [1, 2, 5]
    assert [early.f1[minutes].value for minutes in (1, 2, 5)] == pytest.approx([0.65, 0.65, 0.65])
    assert early.f1[1].low < 0.6 < 0.7 < early.f1[1].high  # two seeds that differ
    assert early.f1[2].low == early.f1[2].high
    assert [None if found is None else found.value for found in late.f1.values()] == [None, 0.2, 0.8]


def test_minutes_are_counted_by_the_budget_not_by_a_clock() -> None:
    one = learnt("one", 0, [(0.5, 0.5, 0.6)])
    assert one.bench.validations[0].steps == round(HALF_A_MINUTE)
    slow = one.bench.model_copy(update={"pace": PACE.model_copy(update={"step_s": 10 * PACE.step_s})})
    found = learning_of([one.model_copy(update={"bench": slow, "seconds": 1.0})])[0].f1
    assert list(found) == [1, 2, 5]
    assert (found[1], found[2]) == (None, None)
    assert found[5].value == 0.6


def test_the_best_of_each_column_is_bold_and_unknown_values_are_dashes() -> None:
    lines = list(learning_lines([*EARLY, *LATE]))
    assert lines[2] == "| system | 1 min | 2 min | 5 min |"
    assert lines[4].startswith("| the early | **65.0 ± ")
    assert lines[4].endswith("| **65.0 ± 0.0** | 65.0 ± 0.0 |")
    assert lines[5] == "| the late | - | 20.0 ± 0.0 | **80.0 ± 0.0** |"


def test_cells_without_scored_validations_have_no_row() -> None:
    plain, unscored = benched("plain", 0, 0.5), learnt("unscored", 0, [(1.0, 0.5, None)])
    assert list(learning_lines([plain, unscored])) == []
    assert [row.system for row in learning_of([plain, *LATE])] == ["late"]


def test_a_system_that_averages_checkpoints_is_noted_as_scored_on_a_single_one() -> None:
    mean = [one.model_copy(update={"training": {**one.training, "checkpoints": 7}}) for one in EARLY]
    told = " Of the early, a single checkpoint, not the mean that is kept. "
    assert told in list(learning_lines([*mean, *LATE]))[-2]
    assert "single checkpoint" not in list(learning_lines([*EARLY, *LATE]))[-2]
