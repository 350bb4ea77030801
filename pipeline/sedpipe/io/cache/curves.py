"""Curves of a training for TensorBoard.

- :class:`Curves`
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from sedpipe.training.fit import EpochRecord


class Curves:
    """Event files that hold each epoch once, whatever was killed before: those of earlier processes are replaced.

    Parameters
    ----------
    folder : Path
        For TensorBoard's ``--logdir``.
    records : sequence of EpochRecord
        Epochs that are done already.
    """

    def __init__(self, folder: Path, records: Sequence[EpochRecord]) -> None:
        from torch.utils.tensorboard import SummaryWriter  # takes a second to import

        shutil.rmtree(folder, ignore_errors=True)
        self._writer = SummaryWriter(str(folder))
        for record in records:
            self.add(record)

    def add(self, record: EpochRecord) -> None:
        """Add an epoch."""
        curves = {
            "loss/training": record.training_loss,
            "loss/validation": record.validation_loss,
            **{f"testing/{name}": score for name, score in record.scores.items()},
        }
        for name, value in curves.items():
            if value is not None:
                self._writer.add_scalar(name, value, record.epoch)
        self._writer.flush()

    def close(self) -> None:
        """Close the file."""
        self._writer.close()
