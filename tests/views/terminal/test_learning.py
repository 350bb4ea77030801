from sedpipe.nn.summary import Layer
from sedpipe.reports.learning import DryRunReport, ExportReport
from sedpipe.reports.tables import FigureReport, ReproduceReport
from sedpipe.views.terminal.learning import (
    dry_run_lines,
    export_lines,
    figure5_lines,
    reproduce_lines,
    train_lines,
)
from some_records import run_record


def test_a_training_reports_its_best_epoch_and_the_next_command() -> None:
    result = run_record(epochs=3).result
    assert result is not None
    assert train_lines(result, "sedpipe score birds.toml --run run") == [
        "run: 1 parameters, 3 epochs, best 3 (validation loss 0.5000), 1 s",
        "next: sedpipe score birds.toml --run run",
    ]
    untrained = result.model_copy(update={"validation_loss": None, "epochs": 0})
    assert train_lines(untrained, "birds")[0] == "run: 1 parameters, 0 epochs, not trained, 1 s"


def test_a_dry_run_shows_a_table_with_totals_and_the_memory_per_process() -> None:
    report = DryRunReport(
        "d", 51172, 128, 2, 100, [Layer("first", "Conv2d", (64, 250, 40), 1000, 2_000_000)], 1000, 2_000_000,
        3 * 2**30, 20.0, 2558.6,
    )  # fmt: skip
    _, row, together, memory, time = dry_run_lines(report)
    assert row.split() == ["first", "Conv2d", "64", "x", "250", "x", "40", "1,000", "2,000,000"]
    assert together.split() == ["together", "1,000", "2,000,000"]
    assert memory == "memory: about 3.0 GiB in each of 2 processes at a batch size of 128"
    assert "an epoch of 51,172 clips about 42.6 min, at most 100 epochs" in time


def test_a_table_reports_finished_cells_and_why_others_failed() -> None:
    cells = {"all": 12, "made": 3, "missing": 1}
    assert reproduce_lines(ReproduceReport("d", "table2", cells, "there", {"a": "no memory"})) == [
        "table2 on d: 11 of 12 cells, 3 new",
        "failed: a: no memory",
        "there/table.md",
    ]
    nothing = {"all": 2, "made": 0, "missing": 2}
    assert len(reproduce_lines(ReproduceReport("d", "table2", nothing, "there"))) == 1


def test_a_drawn_clip_is_reported_with_its_file_and_number_of_systems() -> None:
    report = FigureReport("d", "testing", "a", ["x", "y"], "figure5-a.svg")
    assert figure5_lines(report) == ["figure5-a.svg: a of testing by 2 systems"]


def test_an_export_reports_its_files_and_its_difference_from_pytorch() -> None:
    assert export_lines(ExportReport("run", "safetensors", ["a", "b"], {})) == ["a", "b"]
    parity = {"1": 1e-7, "5": 2e-7}
    assert export_lines(ExportReport("run", "onnx", ["a"], parity)) == [
        "a",
        "largest difference from PyTorch: 1.0e-07 (batch 1), 2.0e-07 (batch 5)",
    ]
