"""``run.json``: everything that determined a run, and its result.

- :class:`RunRecord`, :class:`RunSettings`: the file, and the settings that the user chose
- :class:`UsedEncoder`: a pretrained encoder, and what it may have been trained on
- :class:`TrainReport`: the ``result`` of the run, which ``sedpipe train --json`` prints, too
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from sedpipe.detection.postprocess import PostProcessing
from sedpipe.detection.tuning import SearchStep
from sedpipe.io.records.common import Common
from sedpipe.io.records.form import Count, Name, Record, Table


class TrainReport(Record):
    """The result of a training.

    ``training_loss`` and ``validation_loss`` are those of the best epoch, None if the network was left untrained.
    ``remarks`` tell for which settings tuning reached an end of the values that it tried, ``cpu_seconds`` how long
    processors were busy, summed over all threads. Early editions wrote no remarks, no ``cpu_seconds`` and no
    ``training_loss``.
    """

    parts_to_come: ClassVar[frozenset[str]] = frozenset({"remarks", "cpu_seconds", "training_loss"})

    dataset: str
    run: str
    run_dir: str
    parameters: Count
    epochs: Count
    best_epoch: Count
    validation_loss: float | None
    training_loss: float | None = None
    stopped: str
    seconds: float
    clips_per_second: float
    cpu_seconds: float | None = None
    remarks: tuple[str, ...] = ()
    stage: str = "train"


class RunSettings(Record):
    """:class:`~sedpipe.training.settings.TrainSettings` as they were when the run was started.

    Settings that did not exist then are missing; settings other than those below are kept as they are.
    """

    preset: str
    network: Table
    pooling: Table
    training: Table
    seed: int
    device: str
    threads: Annotated[int, Field(gt=0, le=2**20)]


class UsedEncoder(Record):
    """A pretrained encoder that computes the features of a run.

    Attributes
    ----------
    name : str
    sha256 : str
        sha256 of its file, in hex.
    heard : tuple of str
        Datasets of sedpipe on whose recordings, including those that are scored, it may have been trained.
    """

    name: str
    sha256: str
    heard: tuple[str, ...] = ()


class RunRecord(Record):
    """A run.

    Attributes
    ----------
    dataset : str
        Name of the dataset.
    settings : RunSettings
    data : dict
        Fingerprints of all data that the run uses.
    versions : dict of str to str
        Versions of sedpipe, Python and the packages that affect numbers.
    encoders : tuple of UsedEncoder
        Pretrained encoders that compute its features; empty if there are none.
    taught_by : tuple of UsedEncoder
        Encoders of its teacher and of the model that it was initialised from, and of their teachers.
    operating_points : dict
        Post-processing that was chosen, with its scores, by name; set once the run is finished.
    tuning : dict of str to tuple of SearchStep
        Every step of the search for each operating point.
    post_processing_common : dict of str to Common
        Best post-processing that is the same for all classes, by operating point; early editions did not write it.
    result : TrainReport
        Result of the run; set once it is finished.
    ended_after : int, optional
        Number of epochs after which the run ended by itself, if it has been continued since.
    more_epochs : int
        Number of further epochs that were requested.
    own_rule : PostProcessing, optional
        Post-processing that the system was published with.
    command : tuple of str
        Arguments on the command line that started the run, without ``sedpipe`` and the cache; early editions did not
        note them.
    """

    parts_to_come: ClassVar[frozenset[str]] = frozenset(
        {"operating_points", "tuning", "post_processing_common", "result", "own_rule"}
    )

    dataset: Name
    settings: RunSettings
    data: Table
    versions: dict[str, str]
    encoders: tuple[UsedEncoder, ...] = ()
    taught_by: tuple[UsedEncoder, ...] = ()
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
        """Encoders, its own or its teacher's, that may have been trained on recordings of its dataset."""
        return tuple(dict.fromkeys(encoder.name for encoder in self.passed_on if self.dataset in encoder.heard))

    @property
    def passed_on(self) -> tuple[UsedEncoder, ...]:
        """Encoders whose knowledge of recordings is in its weights, and so in those of any run that learns from it."""
        return (*self.encoders, *self.taught_by)
