"""``sedpipe.load_model``: a trained model in your own program.

- :func:`load_model`: load a model by its name, or from the folder of a run or an export
- :class:`Model`: finds the events and frame probabilities of any recording
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from os import PathLike, fspath
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from sedpipe.api.arrays import as_mono
from sedpipe.choices import OPERATING_POINTS
from sedpipe.detection.frame_scores import FrameScores
from sedpipe.errors import MissingStageError, SettingsError
from sedpipe.features.familiar import Extent
from sedpipe.io.audio.level import SILENCE, check_length
from sedpipe.io.audio.waveforms import Recording
from sedpipe.io.cache.open import open_dataset
from sedpipe.io.models.open import OpenModel, model_with_encoder_files, open_model
from sedpipe.io.predictions import PredictedEvent
from sedpipe.labels import LabelSet
from sedpipe.nn.device import choose_device
from sedpipe.steps.hearing import chosen_settings, events_of, frame_probabilities, unlike_training
from sedpipe.wording import counted

Result = TypeVar("Result")

IN_MEMORY = "array"
"""Name of a recording that has no file."""


def load_model(
    model: str | PathLike[str] | None = None,
    *,
    dataset: str | None = None,
    cache: str | PathLike[str] = "cache",
    device: str = "auto",
) -> Model:
    """Load a trained model.

    Parameters
    ----------
    model : str or path, optional
        The name of a model that comes with sedpipe (``"esc10"``), the folder of a run or of an export; with
        ``dataset``, the name of one of its runs, or nothing for its newest.
    dataset : str, optional
        Dataset of the run.
    cache : path
        Folder of the datasets and of the files of pretrained encoders; an encoder that is not there is looked for in
        the cache that contains the run.
    device : str
        ``auto``, ``cpu``, ``cuda``, ...

    Raises
    ------
    SettingsError
        If it is not clear which model is meant.
    MissingStageError
        If there is no such model, or the file of an encoder that it needs is not in the cache.
    SedpipeError
        If its files are not a sedpipe model.

    Examples
    --------
    >>> model = load_model("esc10", device="cpu")
    >>> len(model.labels), model.sample_rate
    (10, 44100)
    """
    of_dataset = None if dataset is None else open_dataset(dataset, Path(cache))
    address = None if model is None else fspath(model)
    opened = open_model(address, of_dataset, choose_device(device))
    try:
        return Model(model_with_encoder_files(opened, Path(cache)))
    except MissingStageError as error:
        there = "or name the cache that has it: load_model(..., cache=FOLDER)"
        raise MissingStageError(error.message, hint=f"{error.hint}, {there}") from error


class Model:
    """A trained model; made by :func:`load_model`.

    Parameters
    ----------
    opened : OpenModel
        The model and its folder.
    """

    def __init__(self, opened: OpenModel) -> None:
        self._trained = opened.trained
        self.folder = opened.folder

    def __repr__(self) -> str:
        return f"<sedpipe model {self.folder.name!r}: {counted(len(self.labels), 'class')}, {self.sample_rate} Hz>"

    @property
    def labels(self) -> LabelSet:
        """Classes of the model, in the order of their indices."""
        return self._trained.labels

    @property
    def sample_rate(self) -> int:
        """Sample rate of the model's input in Hz; recordings at other rates are resampled."""
        return self._trained.spec.front_end.sample_rate

    def predict(
        self,
        recording: Any,
        sample_rate: int | None = None,
        *,
        operating_point: str = OPERATING_POINTS[0],
        threshold: float | None = None,
    ) -> list[PredictedEvent]:
        """Find the events in a recording of any length, in order of time.

        Parameters
        ----------
        recording : path or array_like
            Path of a file of any format; or samples of shape (samples,), (samples, channels) or (channels, samples),
            as floats with full scale 1 or integers of 8, 16 or 32 bits, in a NumPy array or a torch tensor; or a list
            of floats.
        sample_rate : int, optional
            Sample rate in Hz; required with samples, not allowed with a path.
        operating_point : str
            ``min_er`` or ``max_f1``: post-processing for the lowest error rate or the highest F1.
        threshold : float in [0, 1], optional
            Replaces the model's thresholds, for every class.

        Returns
        -------
        list of PredictedEvent
            ``onset`` and ``offset`` in seconds, ``label``, ``probability``.

        Raises
        ------
        AudioError
            If the recording cannot be decoded or used: it is shorter than 0.04 s, its channels cancel each other, many
            samples are beyond full scale, or samples are not finite.
        SettingsError
            If there is no such operating point, the threshold is out of range, or the sample rate is missing (with
            samples) or given (with a path).

        Warns
        -----
        UserWarning
            If the recording is not used as it is: a file is damaged, shorter than its header says or joined from
            several, or samples are clipped (see :func:`~sedpipe.api.arrays.as_mono`).

        Examples
        --------
        >>> silence = np.zeros(44100 * 3)
        >>> load_model("esc10", device="cpu").predict(silence, 44100)
        []
        """
        point = chosen_settings(self._trained, operating_point, threshold)
        probs, clip_probs, n_samples = self._given_samples(recording, sample_rate, self._frame_probabilities)
        return events_of(probs, clip_probs, n_samples, self._trained, point)

    def frame_scores(self, recording: Any, sample_rate: int | None = None) -> FrameScores:
        """Probability of every class in every frame of a recording.

        Parameters
        ----------
        recording, sample_rate
            As for :meth:`predict`.

        Returns
        -------
        FrameScores
            Scores of one clip: ``frame_probs`` (1, T, K), ``times`` (T,) in seconds, ``labels``. If the recording is
            longer than the training clips, ``clip_probs`` (1, K) is the maximum over its windows.

        Raises
        ------
        AudioError, SettingsError
            As :meth:`predict`.
        """
        probs, clip_probs, n_samples = self._given_samples(recording, sample_rate, self._frame_probabilities)
        n_frames = self._trained.grid.frames_of_samples(n_samples)
        name = Path(fspath(recording)).stem if isinstance(recording, str | PathLike) else IN_MEMORY
        return FrameScores(
            [name],
            probs[None, :n_frames],
            clip_probs[:n_frames].max(axis=0)[None],
            np.array([n_frames]),
            np.array([n_samples / self.sample_rate]),
            self.labels,
            self._trained.grid,
            self._trained.operating_points,
        )

    def unlike_training(self, recording: Any, sample_rate: int | None = None) -> list[str]:
        """Tell how a recording differs from the training data: whether it is quieter, or has a narrower bandwidth.

        Parameters
        ----------
        recording, sample_rate
            As for :meth:`predict`.

        Returns
        -------
        list of str
            One sentence for each difference; empty if there is none, if the recording is silent, or if the model has
            no record of its training data.

        Raises
        ------
        AudioError, SettingsError
            As :meth:`predict`.
        """
        return unlike_training(self._given_samples(recording, sample_rate, self._extent), self._trained)

    def _frame_probabilities(self, blocks: Iterable[np.ndarray]) -> tuple[np.ndarray, np.ndarray, int]:
        return frame_probabilities(blocks, self._trained)

    def _extent(self, blocks: Iterable[np.ndarray]) -> Extent:
        extent = Extent(self.sample_rate)
        for block in blocks:
            extent.hear(block)
        return extent

    def _given_samples(
        self, recording: Any, sample_rate: int | None, function: Callable[[Iterable[np.ndarray]], Result]
    ) -> Result:
        """Call a function on the samples of a recording, in blocks; then warn of what was not used as it is."""
        if isinstance(recording, str | PathLike):
            if sample_rate is not None:
                raise SettingsError("a file has its own sample rate: leave sample_rate out")
            file = Recording(Path(fspath(recording)))
            result = function(file.resampled(self.sample_rate))
            for remark in file.remarks:
                if remark != SILENCE:  # nothing is lost of it
                    warnings.warn(f"{file.path}: {remark[1]}", stacklevel=3)
            return result
        if isinstance(recording, tuple) and len(recording) == 2 and sample_rate is None:
            recording, sample_rate = recording
        if sample_rate is None:
            raise SettingsError("samples need their sample rate", hint="call it with (samples, sample_rate)")
        mono = as_mono(recording, sample_rate, self.sample_rate)
        check_length("samples", len(mono), self.sample_rate)
        return function([mono])
