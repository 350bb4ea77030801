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
    """Events that were found in recordings.

    Parameters
    ----------
    model : str
        Folder of the model.
    files : list of PredictedFile
        One for each recording, ordered by name. If the events are not printed, only recordings that need a remark.
    post_processing : PostProcessing
        Settings with which events were made from probabilities.
    left_out : dict
        Numbers of files in the folders that are not recordings, by kind.
    sample_rate : int
        Sample rate of the model's input in Hz.
    labels : tuple of str
        Classes of the model.
    counts : dict of str to float
        Numbers of all ``recordings``, of those that are ``ok``, ``kept`` (finished before) and ``failed``, of their
        ``events`` and ``seconds``, and of recordings that are ``unlike_training``: quieter than the model's training
        data, or with a narrower bandwidth.
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
        """Number of recordings that could not be used."""
        return sum(file.state == "failed" for file in self.files)


@dataclass(frozen=True)
class PageReport:
    """The page that was written; ``clips`` are those with audio."""

    dataset: str
    runs: list[str]
    split: str
    clips: list[str]
    path: str
    bytes: int
    stage: str = field(default="report")
