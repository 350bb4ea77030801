"""Training curves for TensorBoard.

- :class:`Curves`: losses and scores of each epoch, as event files
"""

from __future__ import annotations

import os
import shutil
import socket
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sedpipe.io.files.atomic import cannot_write
from sedpipe.training.fit import EpochRecord


class Curves:
    """Event files that contain each epoch once, even after a crash: those of earlier processes are replaced.

    Parameters
    ----------
    folder : Path
        Folder for TensorBoard's ``--logdir``.
    records : sequence of EpochRecord
        Records of the epochs that are finished already.

    Raises
    ------
    SedpipeError
        If the disk is full, or a file cannot be written for another reason; raised by all methods that write.
    """

    def __init__(self, folder: Path, records: Sequence[EpochRecord]) -> None:
        # not torch's SummaryWriter, whose thread prints messages of its own when the disk is full
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.summary.writer.record_writer import RecordWriter

        shutil.rmtree(folder, ignore_errors=True)
        self._event, self._summary = Event, Summary
        self._path = folder / f"events.out.tfevents.{time.time():010.0f}.{socket.gethostname()}.{os.getpid()}"
        try:
            folder.mkdir(parents=True)
            self._writer = RecordWriter(self._path.open("wb"))
        except OSError as error:
            raise cannot_write(self._path, error) from error
        self._write(file_version="brain.Event:2")
        for record in records:
            self.add(record)

    def add(self, record: EpochRecord) -> None:
        """Add an epoch."""
        curves = {
            "loss/training": record.training_loss,
            "loss/validation": record.validation_loss,
            **{f"testing/{name}": score for name, score in record.scores.items()},
        }
        values = [
            self._summary.Value(tag=name, simple_value=value) for name, value in curves.items() if value is not None
        ]
        self._write(step=record.epoch, summary=self._summary(value=values))

    def close(self) -> None:
        """Close the file."""
        self._writer.close()

    def _write(self, **content: Any) -> None:
        try:
            self._writer.write(self._event(wall_time=time.time(), **content).SerializeToString())
            self._writer.flush()
        except OSError as error:
            raise cannot_write(self._path, error) from error
