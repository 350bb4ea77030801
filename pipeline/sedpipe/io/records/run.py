"""``run.json``: everything that determined a run, and its result.

- :class:`RunRecord`, :class:`RunSettings`: the file, and what a person decided
- :class:`HeardThrough`: a pretrained encoder, and what it may have been trained on
- :class:`TrainReport`: its ``result``, which ``sedpipe train --json`` prints, too
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from sedpipe.detection.postprocess import PostProcessing
from sedpipe.detection.tuning import SearchStep
from sedpipe.io.records.common import Common
from sedpipe.io.records.form import Count, Name, Record, Table


class TrainReport(Record):
    """The result of a training; ``validation_loss`` is None if the network was left untrained.

    ``remarks`` say where tuning came to an end of what it tried, ``cpu_seconds`` how long processors were busy, of all
    threads together; early editions did not.
    """

    parts_to_come: ClassVar[frozenset[str]] = frozenset({"remarks", "cpu_seconds"})

    dataset: str
    run: str
    run_dir: str
    parameters: Count
    epochs: Count
    best_epoch: Count
    validation_loss: float | None
    stopped: str
    seconds: float
    clips_per_second: float
    cpu_seconds: float | None = None
    remarks: tuple[str, ...] = ()
    stage: str = "train"


class RunSettings(Record):
    """:class:`~sedpipe.training.settings.TrainSettings` as they were when the run was begun.

    Settings that did not exist then are not there; others than these are kept as they are.
    """

    preset: str
    network: Table
    pooling: Table
    training: Table
    seed: int
    device: str
    threads: Annotated[int, Field(gt=0, le=2**20)]


class HeardThrough(Record):
    """A pretrained encoder that a run hears through.

    Attributes
    ----------
    name : str
    sha256 : str
        Of its file, hex.
    heard : tuple of str
        Datasets of sedpipe whose recordings, those that are scored among them, it may have been taught with.
    """

    name: str
    sha256: str
    heard: tuple[str, ...] = ()


class RunRecord(Record):
    """A run.

    Attributes
    ----------
    dataset : str
        Name.
    settings : RunSettings
    data : dict
        Fingerprints of all data that it sees.
    versions : dict of str to str
        Of sedpipe, Python and the packages that decide numbers.
    encoders : tuple of HeardThrough
        None where it hears sounds by itself.
    taught_by : tuple of HeardThrough
        Those of its teacher and of the model that it began with, and of their teachers.
    operating_points : dict
        Post-processing that was chosen, with its scores, by name; once it is finished.
    tuning : dict of str to tuple of SearchStep
        Every step of the search for it.
    post_processing_common : dict of str to Common
        The best with the same settings for all classes, by operating point; early editions did not write it.
    result : TrainReport
        What it came to; once it is finished.
    ended_after : int, optional
        Epochs after which it ended by itself, of a run that has gone on since.
    more_epochs : int
        How many more were asked for.
    own_rule : PostProcessing, optional
        That the system was published with.
    command : tuple of str
        Words that began it on the command line, without ``sedpipe`` and the cache; early editions did not note them.
    """

    parts_to_come: ClassVar[frozenset[str]] = frozenset(
        {"operating_points", "tuning", "post_processing_common", "result", "own_rule"}
    )

    dataset: Name
    settings: RunSettings
    data: Table
    versions: dict[str, str]
    encoders: tuple[HeardThrough, ...] = ()
    taught_by: tuple[HeardThrough, ...] = ()
    operating_points: dict[str, Table] = Field(default_factory=dict)
    tuning: dict[str, tuple[SearchStep, ...]] = Field(default_factory=dict)
    post_processing_common: dict[str, Common] = Field(default_factory=dict)
    result: TrainReport | None = None
    ended_after: Count | None = None
    more_epochs: Count = 0
    command: tuple[str, ...] = ()
    own_rule: PostProcessing | None = None

    @property
    def contaminated_by(self) -> tuple[str, ...]:
        """Encoders, its own or its teacher's, that may have heard the recordings of its dataset before."""
        return tuple(dict.fromkeys(encoder.name for encoder in self.passed_on if self.dataset in encoder.heard))

    @property
    def passed_on(self) -> tuple[HeardThrough, ...]:
        """Encoders whose knowledge of recordings is in its weights, and so in those of whoever learns from it."""
        return (*self.encoders, *self.taught_by)
