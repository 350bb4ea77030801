"""The interface to every kind of dataset: list the clips, and get their audio.

A source is opened with the manifest of its kind, the dataset in the cache, and :class:`sedpipe.sources.access.Access`.

- :class:`Source`: these two steps
- :class:`SplitRows`: the rows of one split
- :class:`FetchStoppedError`: raised when a source gives up before its last clip
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from sedpipe.clips import Clip, ClipFormat
from sedpipe.errors import SedpipeError
from sedpipe.events import EventLists
from sedpipe.fates import Fate


@dataclass(frozen=True)
class SplitRows:
    """The rows of a split, as far as they are known.

    Parameters
    ----------
    split : str
        Name of the split.
    listed : int
        Number of clips that the manifest lists.
    clips : sequence of Clip
        Clips whose rows are known.
    reference : EventLists, optional
        Strong labels, if there are any.
    dropped : sequence of Fate
        Clips that have no row, and why.
    notes : sequence of str
        Messages for the user about the split as a whole, a line each.
    missing : sequence of str
        Files of the user that are listed but do not exist.
    is_available : bool
        Whether the split can be resolved at all now: if not, what the cache has of it stays as it is.
    """

    split: str
    listed: int
    clips: Sequence[Clip]
    reference: EventLists | None = None
    dropped: Sequence[Fate] = ()
    notes: Sequence[str] = field(default=())
    missing: Sequence[str] = ()
    is_available: bool = True


class FetchStoppedError(SedpipeError):
    """A stop because going on would do harm (blocked address, full disk); results are kept, the rest stays pending."""


class Source(ABC):
    """Where clips come from.

    Attributes
    ----------
    is_local : bool
        Whether everything that it needs is on this machine. Clips that failed are then always tried again: the cause
        may have been removed, and another try costs nobody anything.
    keeps_audio : bool
        Whether audio is kept when the manifest changes: because a clip's name determines its content, as for videos,
        or because the source itself deletes audio that was made from something else. Otherwise all audio is made again.
    """

    is_local: bool = True
    keeps_audio: bool = False

    @property
    def clip_format(self) -> ClipFormat:
        """Length and sample rate of the clips, valid once they are resolved."""
        return ClipFormat()

    def may_have_changed(self) -> bool:
        """Return whether the files that clips are made from may have changed, although the manifest is the same."""
        return False

    def listed(self) -> dict[str, int]:
        """Return how many clips each split lists; no audio is touched."""
        return {rows.split: rows.listed for rows in self.resolve()}

    def prepare(self) -> None:  # noqa: B027 - most have nothing to find
        """Find the places that the user has named, and do all that takes long and changes nothing in the dataset.

        Raises
        ------
        SedpipeError
            If a place does not exist or cannot be read.
        """

    def recall(self) -> None:  # noqa: B027 - most remember nothing
        """Read what the cache knows about the dataset, under a lock that is held until its rows are written.

        Raises
        ------
        SedpipeError
            If the manifest does not fit the audio that is in the cache.
        """

    @abstractmethod
    def resolve(self) -> Iterator[SplitRows]:
        """Yield the rows of each split, one split after the other."""

    def adopt(self, clips: Sequence[Clip], listed: Sequence[Clip], say: Callable[[str], None]) -> Iterator[Fate]:
        """Take audio that the user already has, in sources that distinguish this from fetching it.

        Parameters
        ----------
        clips : sequence of Clip
            Clips without audio.
        listed : sequence of Clip
            All clips of the dataset, including those with audio and those of other shards.
        say : callable
            Function that is called with a message for the user.

        Yields
        ------
        Fate
            Fate of each clip that was found: ``ok``, or ``pending`` if what was found cannot be used.
        """
        yield from ()

    def recordings(self, clips: Sequence[Clip]) -> dict[str, frozenset[str]]:
        """Return what each clip was made from, by ``clip_id``: clips with a recording in common are not independent."""
        return {clip.clip_id: frozenset({clip.source}) for clip in clips}

    def account(self, clips: Sequence[Clip]) -> Iterator[Fate]:
        """Yield the fates of ``clips`` whose audio exists but whose fate was lost, since the process was killed, say.

        By default the clips are made again, to the same bytes: this is for audio that takes little time to make.
        """
        yield from self.fetch(clips)

    def expectation(self, clips: Sequence[Clip]) -> str:
        """Return how long it will take to fetch ``clips``, in a sentence; empty if it is not a matter of hours."""
        return ""

    @abstractmethod
    def fetch(self, clips: Sequence[Clip]) -> Iterator[Fate]:
        """Get the audio of ``clips`` into the cache; yield the fate of each as it becomes known.

        Raises
        ------
        FetchStoppedError
            If going on would do harm.
        """
