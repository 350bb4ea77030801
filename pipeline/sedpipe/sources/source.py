"""What every kind of dataset can do: say which clips there are, and get their audio.

A source is opened with the manifest of its kind, the dataset in the cache, and :class:`sedpipe.sources.access.Access`.

- :class:`Source`: the two steps
- :class:`SplitRows`: the rows of one split
- :class:`FetchStoppedError`: why a source gave up before its last clip
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
    """A split as far as it can be resolved.

    Parameters
    ----------
    split : str
        Its name.
    listed : int
        Clips that the manifest lists.
    clips : sequence of Clip
        Clips whose rows are known.
    reference : EventLists, optional
        Strong labels, where truth exists.
    dropped : sequence of Fate
        Clips that have no row, and why.
    notes : sequence of str
        What a person should know about the split as a whole, a line each.
    missing : sequence of str
        Files of the user's that are listed and not there.
    is_available : bool
        Whether it can be resolved at all now: if not, what is known of it stays as it is.
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
    """Going on would do harm (a blocked address, a full disk); what was done is kept, the rest stays pending."""


class Source(ABC):
    """Where clips come from.

    Attributes
    ----------
    is_local : bool
        Whether all that it needs lies on this machine. Then what failed may have been mended and costs nobody
        anything: it is always tried again.
    keeps_audio : bool
        Whether audio outlives a change of the manifest: since a clip's name says what it is, as on the network, or
        since the source itself deletes what was made of something else. Otherwise all of it is made anew.
    """

    is_local: bool = True
    keeps_audio: bool = False

    @property
    def clip_format(self) -> ClipFormat:
        """Length and rate of its clips; asked for once they are resolved."""
        return ClipFormat()

    def may_have_changed(self) -> bool:
        """Whether what clips are made from may be another one, although the manifest is the same."""
        return False

    def listed(self) -> dict[str, int]:
        """How many clips each split lists; no audio is touched."""
        return {rows.split: rows.listed for rows in self.resolve()}

    def prepare(self) -> None:  # noqa: B027 - most have nothing to find
        """Find what the user has named, and what takes long and touches nothing of the dataset.

        Raises
        ------
        SedpipeError
            If a place does not exist or cannot be read.
        """

    def recall(self) -> None:  # noqa: B027 - most remember nothing
        """Read what is remembered of the dataset; until its rows are written, no other process is where this one is.

        Raises
        ------
        SedpipeError
            If what is there and what is wanted do not go together.
        """

    @abstractmethod
    def resolve(self) -> Iterator[SplitRows]:
        """The rows of each split, one split after the other."""

    def adopt(self, clips: Sequence[Clip], listed: Sequence[Clip], say: Callable[[str], None]) -> Iterator[Fate]:
        """Take what the user has already, where that is told apart from getting it.

        Parameters
        ----------
        clips : sequence of Clip
            Those without audio.
        listed : sequence of Clip
            All of the dataset, also those with audio and those of other parts.
        say : callable
            Takes a line for a person.

        Yields
        ------
        Fate
            Of each clip that was found: ``ok``, or ``pending`` where what was found cannot be used.
        """
        yield from ()

    def recordings(self, clips: Sequence[Clip]) -> dict[str, frozenset[str]]:
        """What each clip was made of, by ``clip_id``: clips that have something in common are not independent."""
        return {clip.clip_id: frozenset({clip.source}) for clip in clips}

    def account(self, clips: Sequence[Clip]) -> Iterator[Fate]:
        """Tell of ``clips`` whose audio is there but whose fate was lost: a kill came between the two, say.

        What can be made again in no time is made again, to the same bytes.
        """
        yield from self.fetch(clips)

    def expectation(self, clips: Sequence[Clip]) -> str:
        """How long it will take to fetch ``clips``, in a sentence; empty where it is no matter of hours."""
        return ""

    @abstractmethod
    def fetch(self, clips: Sequence[Clip]) -> Iterator[Fate]:
        """Get the audio of ``clips`` into the cache; yields a fate for each as it becomes known.

        Raises
        ------
        FetchStoppedError
            If it had better not go on.
        """
