"""Complete early cells, which lack data that cells contain now, from their runs if these still exist.

- :func:`complete_cell`: complete one cell
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from sedpipe.errors import SedpipeError
from sedpipe.io.cache.runs import Run, find_run
from sedpipe.io.records.table import Cell, CellScores
from sedpipe.listener import Listener
from sedpipe.metrics.segment_scores import segment_based_scores
from sedpipe.stages.reproduce.cells import Plan, find_cell
from sedpipe.stages.reproduce.trainings import Training
from sedpipe.steps.frame_scores import frame_scores
from sedpipe.steps.sensitivity import sweeps_of_run
from sedpipe.steps.truth import known_truth


def complete_cell(plan: Plan, training: Training) -> None:
    """Add what a cell lacks, if its run still exists: sweeps, clip names, scores by class, validation loss."""
    cell = find_cell(plan, training)
    if cell is None:
        return
    run, device, found = training.run, training.settings.device, dict[str, Any]()
    if not cell.sensitivity:
        sweeps = sweeps_of_run(cell, plan.dataset, run, device=device)
        found |= {} if sweeps is None else {"sensitivity": sweeps}
    if any(_lacks_classes(scores) for scores in cell.splits.values()):
        # its run may no longer exist
        with suppress(SedpipeError):
            found |= _classes_and_losses(plan, cell, run, device)
    if found:
        plan.table.write_cell(training.cell, cell.model_copy(update=found))


def _lacks_classes(scores: CellScores) -> bool:
    return any(not common.per_class for common in scores.post_processing_common.values())


def _classes_and_losses(plan: Plan, cell: Cell, name: str, device: str) -> dict[str, Any]:
    """Return scores by class, clip names and losses; empty if the run's scores show that it is not the cell's run."""
    run = find_run(plan.dataset, name)
    splits = {split: _with_classes(plan, scores, split, run, device) for split, scores in cell.splits.items()}
    if any(scores is None for scores in splits.values()):
        return {}
    record = run.find_record()
    if record is None or record.result is None:
        return {"splits": splits}
    losses = {"validation_loss": record.result.validation_loss, "training_loss": record.result.training_loss}
    return {"splits": splits, **{which: loss for which, loss in losses.items() if loss is not None}}


def _with_classes(plan: Plan, cell: CellScores, split: str, run: Run, device: str) -> CellScores | None:
    scores = frame_scores(plan.dataset, run, split, device, Listener())
    truth = known_truth(plan.dataset, split, scores)
    whole = {}
    for point, common in cell.post_processing_common.items():
        events = scores.decode(common.settings)
        found = segment_based_scores(truth.reference, events, truth.durations, truth.labels)
        if found.overall != common.segment_based:
            return None
        whole[point] = common.model_copy(update={"per_class": dict(found.per_class)})
    return cell.model_copy(update={"post_processing_common": whole, "clip_ids": tuple(scores.clip_ids)})
