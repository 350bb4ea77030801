import pytest
from sedpipe.views.tables.sensitivity_curves import curves_of
from sedpipe.views.tables.table2_page import PAPERS_DATASET, table2_page
from some_records import record_of
from swept_cells import CELLS


def test_the_page_has_its_tables_figures_training_hours_and_missing_cells() -> None:
    page = table2_page(
        CELLS, record_of(CELLS), curves_of(CELLS), [], "Table 2 on d", {"linear-5-seed9": "no memory"}, ["it is so"]
    )
    assert page.startswith("# Table 2 on d\n")
    for heading in ("## testing, min_er, ", "## testing, max_f1, "):
        table = page.partition(heading)[2].partition("## ")[0]
        for system, error_rate in (("single", "0.550 ± 0.635"), ("5,5", "0.400 ± 0.000")):
            assert f"\n| linear, {system} | 2 | {'0.500 ± 0.000 | ' * 3}{error_rate} | 50.0 ± 0.0 |" in table
    assert "| linear, single | 2 | 0.550 | 0.550 to 0.800 |" in page
    assert "](table.svg)" in page
    assert "](sensitivity.svg)" in page
    assert "4 cells, 4.0 hours of training." in page
    assert "It is so." in page
    assert "Not made: linear-5-seed9: no memory\n\n" in page


def test_without_sweeps_there_is_no_second_figure() -> None:
    assert "sensitivity" not in table2_page(CELLS, record_of(CELLS), [], [], "t", {})


@pytest.mark.parametrize("dataset", [PAPERS_DATASET, "esc10-fold4"])
def test_the_papers_numbers_are_shown_only_for_the_papers_dataset(dataset: str) -> None:
    cells = [cell.model_copy(update={"dataset": dataset}) for cell in CELLS]
    page = table2_page(cells, record_of(cells), [], [], "t", {})
    assert ("## published, evaluation" in page) == (dataset == PAPERS_DATASET)
