"""Model for prediction: the one that is named, else the one that comes with sedpipe, which is then reported.

Runs in the cache do not affect this choice: a command does the same before and after a training, on any machine.

- :func:`model_for_prediction`: name of a model -> an open model
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from sedpipe.errors import SedpipeError
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.runs import newest_run
from sedpipe.io.models.open import DEFAULT_MODEL, OpenModel, open_for_prediction
from sedpipe.labels import LabelSet
from sedpipe.listener import Listener


def model_for_prediction(
    address: str | None, dataset: Dataset | None, device: str, cache_dir: Path, listener: Listener
) -> OpenModel:
    """Open the model that is named, or the default one.

    Parameters
    ----------
    address : str, optional
        Name or path of a model, as :func:`sedpipe.io.models.open.open_model` takes it.
    dataset : Dataset, optional
        Dataset with the runs that can be named; without ``address``, its newest run is opened.
    device : str
        Device that the network runs on.
    cache_dir : Path
        Cache with the files of encoders, and perhaps runs.
    listener : Listener
        Receives the name of the model that is used if neither model nor dataset is named:
        :data:`~sedpipe.io.models.open.DEFAULT_MODEL`.

    Raises
    ------
    MissingStageError, SettingsError
        If :func:`sedpipe.io.models.open.open_for_prediction` raises it.
    """
    if address is not None or dataset is not None:
        return open_for_prediction(address, dataset, device, cache_dir)
    opened = open_for_prediction(DEFAULT_MODEL, None, device, cache_dir)
    listener.say(_told(opened.trained.labels, cache_dir))
    return opened


def _told(labels: LabelSet, cache_dir: Path) -> str:
    """Return a message with the classes that the model knows, and how to name a model of the user's own."""
    newest = None
    with suppress(SedpipeError):  # a folder that is no cache may contain anything, or be inaccessible
        newest = newest_run(cache_dir)
    own = "" if newest is None else f" (your newest run, {newest[1].name}: --dataset {newest[0].name})"
    return f"model: {DEFAULT_MODEL}, which knows: {', '.join(labels)}; another one with --model{own}"
