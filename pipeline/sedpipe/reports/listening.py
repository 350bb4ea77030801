"""What the verbs for ears and eyes say: ``predict``, ``report``.

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
        One a recording, in the order of the names; where nobody asked for events, of those that need a word.
    post_processing : PostProcessing
        How probabilities became events.
    left_out : dict
        How many things of which kind lay in the folders and were no recordings.
    sample_rate : int
        Hz, that the model hears at.
    labels : tuple of str
        The classes that it knows.
    counts : dict of str to float
        Of all ``recordings``: how many are ``ok``, ``kept`` (finished before) and ``failed``, their ``events`` and
        ``seconds``, and how many are ``unlike_training``, fainter or narrower than what the model was trained on.
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
    """Which page was written; ``clips`` are those that can be heard on it."""

    dataset: str
    runs: list[str]
    split: str
    clips: list[str]
    path: str
    bytes: int
    stage: str = field(default="report")
