"""Suggested next commands before and after a training, as words.

After a training, the run is scored if that is possible; otherwise it predicts events in recordings.

- :func:`scorable_split`: the split on which a score is most meaningful
- :func:`after_features`: train, if that is possible
- :func:`after_training`: the command for a run
- :func:`features_words`: options of a training with which ``sedpipe features`` makes the features it needs
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from sedpipe.choices import SPLITS, TUNED_ON
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.recordings import KnownRecordings

DEFAULT_SPLIT = "evaluation"
"""Split that ``sedpipe score`` uses if none is named."""


def scorable_split(dataset: Dataset) -> str | None:
    """Return ``evaluation``, else ``testing``: the first that has clips and strong labels; None if neither has."""
    listed = dataset.read_record().listed
    return next(
        (split for split in (DEFAULT_SPLIT, TUNED_ON) if listed.get(split) and dataset.reference_path(split).exists()),
        None,
    )


_OF_FEATURES = ("--encoder", "--hop", "--front-end", "--n-mels", "--dtype", "--init")


def features_words(asked: Sequence[str]) -> tuple[str, ...]:
    """Return those words of a ``train`` command that determine the features.

    >>> features_words(("train", "garden.toml", "--encoder", "yamnet", "--preset", "head", "--hop", "0.1"))
    ('--encoder', 'yamnet', '--hop', '0.1')
    """
    pairs = pairwise(asked)
    return tuple(word for option, value in pairs if option in _OF_FEATURES for word in (option, value))


def after_features(dataset: Dataset, address: str, words: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the command to train; if a split for it has no clips, to check a user's own dataset, or to download.

    Parameters
    ----------
    dataset : Dataset
        A downloaded dataset.
    address : str
        Name or path of the dataset in commands.
    words : sequence of str
        Options for the features, which ``train`` needs, too.
    """
    clips = dataset.read_clips()
    if all(clips.get(split) for split in (SPLITS[0], TUNED_ON)):
        return ("train", address, *words)
    return "check" if KnownRecordings(dataset.folder).is_there else "download", address


def after_training(dataset: Dataset, address: str, run: str) -> tuple[str, ...]:
    """Return the command to score the run, or, without strong labels, to predict events in clips not trained on.

    Parameters
    ----------
    dataset : Dataset
        A downloaded dataset.
    address : str
        Name or path of the dataset in commands.
    run : str
        Name of the run.
    """
    split = scorable_split(dataset)
    if split is not None:
        return ("score", address, "--run", run, *(() if split == DEFAULT_SPLIT else ("--split", split)))
    listed = dataset.read_record().listed
    heard = next((split for split in reversed(SPLITS) if listed.get(split)), SPLITS[0])
    return "predict", str(dataset.audio_dir(heard)), "--dataset", address, "--model", run
