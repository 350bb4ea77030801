"""``paces/SYSTEM.json`` of a table: what a system costs, measured once.

- :class:`Pace`
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from sedpipe.io.records.form import Count, Record, Table

Seconds = Annotated[float, Field(gt=0)]


class Pace(Record):
    """What a system costs; of processors, in seconds of all threads together, on a GPU in seconds of the clock.

    Attributes
    ----------
    network, pooling : dict
    batch_size : int
    features : str
        Fingerprint: with the three above, of what it was measured.
    device : str
    threads : int
        Where.
    step_s : float
        A step of training.
    validation_s : float
        All clips of ``testing`` once, and what they come to.
    steps_per_epoch : int
        As many as show every clip once.
    clip_s : float
        One clip through the network.
    front_end_s : float or None
        One clip from its file to features; None where no audio is there.
    parameters, multiply_adds : int
        Of the network, and of one clip through it.
    clip_length_s : float
        Of a clip.
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
        """What steps and validations take."""
        return steps * self.step_s + validations * self.validation_s
