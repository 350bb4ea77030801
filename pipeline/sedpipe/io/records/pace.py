"""``paces/SYSTEM.json`` of a table: the computing time of a system, measured once.

- :class:`Pace`: the file
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from sedpipe.io.records.form import Count, Record, Table

Seconds = Annotated[float, Field(gt=0)]


class Pace(Record):
    """Computing time of a system: on CPUs in seconds summed over all threads, on a GPU in seconds of wall-clock time.

    Attributes
    ----------
    network, pooling : dict
    batch_size : int
    features : str
        Fingerprint of the features; together with the three above, it identifies what was measured.
    device : str
    threads : int
        Device and number of threads with which it was measured.
    step_s : float
        Seconds of one training step.
    validation_s : float
        Seconds of processing all clips of ``testing`` once, and of scoring the result.
    steps_per_epoch : int
        Number of steps that go through every clip once.
    clip_s : float
        Seconds of processing one clip with the network.
    front_end_s : float or None
        Seconds, of CPUs in any case, of computing the features of one clip from its file; None if the audio is missing.
    parameters, multiply_adds : int
        Number of parameters of the network, and of multiply-adds for one clip.
    clip_length_s : float
        Length of a clip in seconds.
    """

    decisive: ClassVar[tuple[str, ...]] = ("network", "pooling", "batch_size", "features")

    network: Table
    pooling: Table
    batch_size: Count
    features: str
    device: str
    threads: Count
    step_s: Seconds
    validation_s: Seconds
    steps_per_epoch: Annotated[int, Field(gt=0)]
    clip_s: Seconds
    front_end_s: Seconds | None
    parameters: Count
    multiply_adds: Count
    clip_length_s: Seconds

    def seconds_of(self, steps: int, validations: int) -> float:
        """Return the seconds that steps and validations take."""
        return steps * self.step_s + validations * self.validation_s
