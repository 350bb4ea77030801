from benched_cells import CELLS, PACE, bench_record
from sedpipe.views.tables.table3_page import table3_page, table3_readme


def page(**known: object) -> str:
    return table3_page(CELLS, bench_record(CELLS, **known), {"same-seed3": "no memory"}, ["two clips are gone"])


def test_the_page_has_a_table_per_rule_and_the_cost_of_each_system() -> None:
    text = page()
    assert text.startswith("# Table 3 on tiny: 5 minutes of training")
    assert "| the better | 3 | 4.50 M (3 networks) | 6.00 G | 120 | 12.0 | 300 | 630 |" in text
    assert "## evaluation, min_er, one setting for all classes\n" in text
    assert "## testing, max_f1" not in text  # which these cells lack
    assert "steps and times all clips are those of the whole budget" in text
    assert "Not made: same-seed3: no memory" in text
    assert "Two clips are gone." in text


def test_systems_are_compared_with_the_baseline_and_the_primary_endpoint_is_marked() -> None:
    lines = page().splitlines()
    at = lines.index("## evaluation, min_er, one setting for all classes")
    assert "- the better against the base, 3 seeds:" in lines[at:]
    assert any(line.startswith("  - **primary endpoint:** ER better: -0.3") for line in lines[at:])
    assert not any(line.startswith("- the base against") for line in lines)


def test_published_numbers_are_shown_only_for_the_papers_dataset_with_what_differs() -> None:
    assert "## published" not in page()
    cells = [cell.model_copy(update={"dataset": "dcase2017-task4"}) for cell in CELLS]
    text = table3_page(cells, bench_record(cells), {})
    assert "| the better | 0.70 | - | - | 60.0 | it was louder |" in text
    assert "## published, testing" not in text


def on(device: str, *systems: str) -> list:
    """Return the cells, with some systems measured on another device."""
    pace = PACE.model_copy(update={"device": device})
    return [
        cell.model_copy(update={"bench": cell.bench.model_copy(update={"pace": pace})})
        if cell.bench.system in systems
        else cell
        for cell in CELLS
    ]


def test_times_are_labelled_as_cpu_or_gpu_seconds() -> None:
    assert "| CPU s to train | CPU s per hour of audio |" in page()
    assert "GPU" not in page()
    cells = on("cuda", "base", "better", "same")
    text = table3_page(cells, bench_record(cells), {})
    assert "| GPU s to train | GPU s per hour of audio |" in text
    # the wall-clock time of the training, not its CPU time
    assert "| the better | 3 | 4.50 M (3 networks) | 6.00 G | 120 | 12.0 | 3,600 | 630 |" in text
    assert "Times on a GPU are seconds of the clock while it works; to those per hour of audio the CPU seconds" in text
    assert "against the CPU time" not in text


def test_systems_timed_on_a_gpu_are_marked_among_others() -> None:
    cells = on("cuda:1", "better")
    text = table3_page(cells, bench_record(cells), {})
    assert "| s to train | s per hour of audio |" in text
    assert "| the better (GPU) | 3 |" in text
    assert "| the base | 3 | 1.50 M" in text
    assert "Times of systems marked (GPU) are seconds of the clock" in text


def test_markup_in_titles_reasons_and_remarks_is_escaped() -> None:
    bench = {"title": "a|b", "differs": "<b>louder</b>"}
    cells = [
        cell.model_copy(update={"bench": cell.bench.model_copy(update=bench), "dataset": "dcase2017-task4"})
        for cell in CELLS
        if cell.bench.system == "base"
    ]
    text = table3_page(cells, bench_record(cells), {"x-seed0": "<img src=x>"}, ["*it* is so"])
    assert "| a&#124;b | 3 |" in text
    assert "| &lt;b&gt;louder&lt;/b&gt; |" in text
    assert "Not made: x-seed0: &lt;img src=x&gt;" in text
    assert "\\*it\\* is so." in text
    assert "a|b" not in text


def test_a_budget_in_epochs_is_shown_in_the_title() -> None:
    assert page(minutes=None, epochs=8).startswith("# Table 3 on tiny: 8 epochs of training")


def test_the_readme_has_the_command_that_makes_the_folder() -> None:
    text = table3_readme(CELLS, bench_record(CELLS))
    assert "`sedpipe reproduce table3 tiny --systems base,better,same --minutes 5 --seeds 0,1,2`:" in text
    assert "3 systems, 9 of 9 cells." in text
    other = table3_readme(CELLS, bench_record(CELLS, baseline="same"))
    assert "--seeds 0,1,2 --baseline same`:" in other


def test_the_readme_includes_systems_and_seeds_not_requested_last() -> None:
    asked = {"runs": {"same-seed0": "r", "same-seed7": "r"}, "systems": {"same-seed0": "same", "same-seed7": "same"}}
    text = table3_readme(CELLS, bench_record(CELLS, seeds=(0, 7), **asked))
    assert "--systems same,base,better --minutes 5 --seeds 0,7,1,2 --baseline base`:" in text
    assert "3 systems, 9 of 10 cells." in text


def test_there_is_no_primary_endpoint_if_evaluation_is_not_scored() -> None:
    cells = [cell.model_copy(update={"splits": {"testing": cell.splits["evaluation"]}}) for cell in CELLS]
    text = table3_page(cells, bench_record(cells), {})
    assert "rimary endpoint" not in text
    assert "All comparisons are exploratory, with Holm's correction among those of their rule." in text


def test_the_readme_lists_the_versions_of_all_cells() -> None:
    cells = [cell.model_copy(update={"versions": {"python": "3.11.2", "torch": "2.7.0"}}) for cell in CELLS]
    cells[0] = cells[0].model_copy(update={"versions": {"python": "3.11.2", "torch": "2.6.0"}})
    assert "Versions: python 3.11.2, torch 2.6.0 and 2.7.0." in table3_readme(cells, bench_record(cells))
