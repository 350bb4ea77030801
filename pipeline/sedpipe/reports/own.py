"""What ``sedpipe init`` and ``sedpipe check`` say of a dataset of one's own.

- :class:`InitReport`: how it was set up
- :class:`CheckReport`, with :class:`SplitFound`: how it looks before anything is converted
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sedpipe.io.manifests.compose import Shape


@dataclass(frozen=True)
class InitReport:
    """What ``--json`` prints of a dataset that was set up.

    Parameters
    ----------
    dataset : str
        Its name.
    path : str
        The TOML.
    lists : tuple of str
        The lists beside it.
    importer : str
        Who understood the folder.
    story : str
        How it is made, in words.
    recordings, labelled : int
        Found, and those with a word about them.
    seconds : float
        Of the labelled ones together.
    shape : Shape
        Clips, and how they are split.
    splits : dict
        Recordings of each split; all in ``training`` where the manifest takes ``testing`` from it.
    classes : dict
        Recordings of each class, by split.
    events : int
        With times.
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
    """Recordings of one split: as listed, there, of no use; seconds of those that can be used; events of the list."""

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
    """What ``--json`` prints of a dataset that was looked at.

    Parameters
    ----------
    dataset : str
        Its name.
    splits : dict of str to SplitFound
        Recordings of each split.
    classes : dict
        Recordings of each class, by split, that can be used.
    rates : dict of str to int
        Recordings by their sample rate in Hz.
    can_train : bool
        Whether training can work.
    problems : list of str
        What keeps it from working, and what else should be mended.
    remarks : list of str
        What should be known.
    """

    dataset: str
    splits: dict[str, SplitFound]
    classes: dict[str, dict[str, int]]
    rates: dict[str, int]
    can_train: bool
    problems: list[str]
    remarks: list[str]
    stage: str = field(default="check")
