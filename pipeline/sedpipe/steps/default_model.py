"""The model that hears recordings: the one that was named, else the one that comes with sedpipe, which is said.

Runs in the cache change nothing about that: a command means the same before and after a training, here and elsewhere.

- :func:`model_to_hear`: what was named -> an open model
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from sedpipe.errors import SedpipeError
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.runs import newest_run
from sedpipe.io.models.open import DEFAULT_MODEL, OpenModel, open_to_hear
from sedpipe.labels import LabelSet
from sedpipe.listener import Listener


def model_to_hear(
    address: str | None, dataset: Dataset | None, device: str, cache_dir: Path, listener: Listener
) -> OpenModel:
    """Open the model that was named.

    Parameters
    ----------
    address : str, optional
        What :func:`sedpipe.io.models.open.open_model` knows.
    dataset : Dataset, optional
        Whose runs can be named; without ``address``, its newest is meant.
    device : str
        Where the network runs.
    cache_dir : Path
        The cache that holds the files of encoders, and perhaps runs.
    listener : Listener
        Hears which model is used where neither of the two was named: :data:`~sedpipe.io.models.open.DEFAULT_MODEL`.

    Raises
    ------
    MissingStageError, SettingsError
        As :func:`sedpipe.io.models.open.open_to_hear`.
    """
    if address is not None or dataset is not None:
        return open_to_hear(address, dataset, device, cache_dir)
    opened = open_to_hear(DEFAULT_MODEL, None, device, cache_dir)
    listener.say(_told(opened.trained.labels, cache_dir))
    return opened


def _told(labels: LabelSet, cache_dir: Path) -> str:
    """What the model knows, and how one's own is named."""
    newest = None
    with suppress(SedpipeError):  # what is no cache may be anything, and closed to us
        newest = newest_run(cache_dir)
    own = "" if newest is None else f" (your newest run, {newest[1].name}: --dataset {newest[0].name})"
    return f"model: {DEFAULT_MODEL}, which knows: {', '.join(labels)}; another one with --model{own}"
