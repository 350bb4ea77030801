"""What comes before and after a training, as words of a command.

After it, what can be scored is, else recordings are listened to.

- :func:`scorable_split`: on which split a score says most
- :func:`after_features`: train, if that can work
- :func:`after_training`: the command for a run
- :func:`features_words`: options of a training with which ``sedpipe features`` makes what it asks for
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from sedpipe.choices import SPLITS, TUNED_ON
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.recordings import KnownRecordings

DEFAULT_SPLIT = "evaluation"
"""What ``sedpipe score`` scores where no split is named."""


def scorable_split(dataset: Dataset) -> str | None:
    """``evaluation``, else ``testing``, if it has strong labels; None where no such split has."""
    listed = dataset.read_record().listed
    return next(
        (split for split in (DEFAULT_SPLIT, TUNED_ON) if listed.get(split) and dataset.reference_path(split).exists()),
        None,
    )


_OF_FEATURES = ("--encoder", "--hop", "--front-end", "--n-mels", "--dtype", "--init")


def features_words(asked: Sequence[str]) -> tuple[str, ...]:
    """Of the words of a ``train``, those that say which features.

    >>> features_words(("train", "garden.toml", "--encoder", "yamnet", "--preset", "head", "--hop", "0.1"))
    ('--encoder', 'yamnet', '--hop', '0.1')
    """
    pairs = pairwise(asked)
    return tuple(word for option, value in pairs if option in _OF_FEATURES for word in (option, value))


def after_features(dataset: Dataset, address: str, words: Sequence[str] = ()) -> tuple[str, ...]:
    """Train; where a split that this needs has no clips, say what one's own dataset lacks, or download the rest.

    Parameters
    ----------
    dataset : Dataset
        Downloaded.
    address : str
        How commands call the dataset.
    words : sequence of str
        Options of the features, which ``train`` is to take.
    """
    clips = dataset.read_clips()
    if all(clips.get(split) for split in (SPLITS[0], TUNED_ON)):
        return ("train", address, *words)
    return "check" if KnownRecordings(dataset.folder).is_there else "download", address


def after_training(dataset: Dataset, address: str, run: str) -> tuple[str, ...]:
    """Score the run, or, where nothing says when things sound, have it listen to the recordings it was not trained on.

    Parameters
    ----------
    dataset : Dataset
        Downloaded.
    address : str
        How commands call the dataset.
    run : str
        Name of the run.
    """
    split = scorable_split(dataset)
    if split is not None:
        return ("score", address, "--run", run, *(() if split == DEFAULT_SPLIT else ("--split", split)))
    listed = dataset.read_record().listed
    heard = next((split for split in reversed(SPLITS) if listed.get(split)), SPLITS[0])
    return "predict", str(dataset.audio_dir(heard)), "--dataset", address, "--model", run
