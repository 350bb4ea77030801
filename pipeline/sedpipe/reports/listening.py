"""Reports of ``predict`` and ``report``.

- :class:`PredictReport`
- :class:`PageReport`
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sedpipe.detection.postprocess import PostProcessing
from sedpipe.io.predictions import PredictedFile


@dataclass(frozen=True)
class PredictReport:
    """What was found in recordings.

    Parameters
    ----------
    model : str
        The folder it came from.
    files : list of PredictedFile
        One for each recording, ordered by name. If the events are not printed, only recordings that need a remark.
    post_processing : PostProcessing
        How probabilities became events.
    left_out : dict
        Numbers of files in the folders that are not recordings, by kind.
    sample_rate : int
        Sample rate of the model's input in Hz.
    labels : tuple of str
        The classes that the model knows.
    counts : dict of str to float
        Of all ``recordings``: how many are ``ok``, ``kept`` (finished before) and ``failed``, their ``events`` and
        ``seconds``, and how many are ``unlike_training``: quieter than the model's training data, or with a narrower
        bandwidth.
    """

    model: str
    files: list[PredictedFile]
    post_processing: PostProcessing
    left_out: dict[str, int]
    sample_rate: int
    labels: tuple[str, ...]
    counts: dict[str, float]
    stage: str = field(default="predict")

    @property
    def n_failed(self) -> int:
        """Recordings that could not be used."""
        return sum(file.state == "failed" for file in self.files)


@dataclass(frozen=True)
class PageReport:
    """Which page was written; ``clips`` are those with audio."""

    dataset: str
    runs: list[str]
    split: str
    clips: list[str]
    path: str
    bytes: int
    stage: str = field(default="report")
