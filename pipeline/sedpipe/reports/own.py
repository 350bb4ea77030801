"""Reports of ``sedpipe init`` and ``sedpipe check`` about a dataset of your own.

- :class:`InitReport`: how it was set up
- :class:`CheckReport`, with :class:`SplitFound`: its state before anything is converted
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sedpipe.io.manifests.compose import Shape


@dataclass(frozen=True)
class InitReport:
    """How a dataset was set up; printed by ``init --json``.

    Parameters
    ----------
    dataset : str
        Name of the dataset.
    path : str
        Path of its TOML file.
    lists : tuple of str
        Paths of the lists beside the TOML file.
    importer : str
        Name of the importer that recognised the layout of the folder.
    story : str
        The layout of the folder, in words.
    recordings, labelled : int
        Number of recordings found, and of those with labels.
    seconds : float
        Total duration of the labelled recordings.
    shape : Shape
        How recordings are cut into clips, and how they are split.
    splits : dict
        Number of recordings in each split; all in ``training`` if the TOML draws ``testing`` from it.
    classes : dict
        Number of recordings of each class, by split.
    events : int
        Number of events with times.
    remarks : tuple of str
        What was guessed or left out, in sentences.
    """

    dataset: str
    path: str
    lists: tuple[str, ...]
    importer: str
    story: str
    recordings: int
    labelled: int
    seconds: float
    shape: Shape
    splits: dict[str, int]
    classes: dict[str, dict[str, int]]
    events: int
    remarks: tuple[str, ...]
    stage: str = field(default="init")


@dataclass(frozen=True)
class SplitFound:
    """Numbers of recordings of one split, listed and found; ``seconds`` of the usable ones; number of listed events."""

    listed: int
    found: int
    missing: int
    too_long: int
    silent: int
    unusable: int
    seconds: float
    shortest: float
    longest: float
    events: int


@dataclass(frozen=True)
class CheckReport:
    """State of a dataset; printed by ``check --json``.

    Parameters
    ----------
    dataset : str
        Name of the dataset.
    splits : dict of str to SplitFound
        Recordings of each split.
    classes : dict
        Number of usable recordings of each class, by split.
    rates : dict of str to int
        Number of recordings by sample rate in Hz.
    can_train : bool
        Whether training can work.
    problems : list of str
        What prevents training, and what else should be corrected.
    remarks : list of str
        Other things that the user should know.
    """

    dataset: str
    splits: dict[str, SplitFound]
    classes: dict[str, dict[str, int]]
    rates: dict[str, int]
    can_train: bool
    problems: list[str]
    remarks: list[str]
    stage: str = field(default="check")
