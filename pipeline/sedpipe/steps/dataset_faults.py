"""What is wrong or doubtful in a split of one's own recordings, in sentences.

- :class:`SplitSeen`: what its lists say, and what its recordings turned out to be
- :func:`faults_of`: one split; :func:`faults_between`: several; :func:`faults_of_classes`: what can be learnt
- :class:`Faults`: what keeps training from working, what should be mended, what should be known
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sedpipe.choices import SPLITS, TUNED_ON
from sedpipe.clips import pieces
from sedpipe.io.lists.recordings import Recording
from sedpipe.sources.cutting import differs
from sedpipe.sources.finding import Found
from sedpipe.steps.examination import Examined
from sedpipe.wording import counted, of_some

_TRAINING = SPLITS[0]
_FEW = 5
"""Recordings of a class from which little can be learnt."""

_PAST_S = 0.05
"""Seconds by which an event may end after its recording: coders pad, and people click."""


@dataclass(frozen=True)
class SplitSeen:
    """A split.

    Parameters
    ----------
    split : str
        Its name.
    recordings : sequence of Recording
        As its lists have them.
    found : Found
        Where they lie.
    examined : mapping of str to Examined
        What the recordings turned out to be, by their listed name; those that are missing are not in it.
    has_strong : bool
        Whether there is a strong list.
    """

    split: str
    recordings: Sequence[Recording]
    found: Found
    examined: Mapping[str, Examined]
    has_strong: bool

    @property
    def missing(self) -> list[str]:
        """Listed recordings that are not there."""
        return [recording.filename for recording in self.recordings if recording.filename not in self.examined]

    @property
    def unusable(self) -> dict[str, Examined]:
        """Recordings of no use, whatever their lists say."""
        return {name: seen for name, seen in self.examined.items() if seen.fault}

    def silent(self, *, labelled: bool) -> list[str]:
        """Recordings in which nothing can be heard although something is said to sound, or rightly."""
        return [
            recording.filename
            for recording in self.recordings
            if bool(recording.labels) == labelled
            and (seen := self.examined.get(recording.filename))
            and seen.survey.is_silent
        ]

    def longer_than(self, seconds: float) -> list[str]:
        """Recordings that are several clips, cut as ``download`` cuts them."""
        return [
            name for name, seen in self.examined.items() if not seen.fault and len(pieces(seen.seconds, seconds)) > 1
        ]


@dataclass(frozen=True)
class Faults:
    """Sentences, by how much they matter.

    Parameters
    ----------
    fatal : list of str
        Training cannot work.
    wrong : list of str
        It can, but something should be mended.
    remarks : list of str
        Nothing need be done.
    """

    fatal: list[str]
    wrong: list[str]
    remarks: list[str]

    def add(self, other: Faults) -> None:
        """Those of another look, too."""
        self.fatal.extend(other.fatal)
        self.wrong.extend(other.wrong)
        self.remarks.extend(other.remarks)


def faults_of(seen: SplitSeen, clip_s: float, long: str) -> Faults:
    """What one split shows.

    Parameters
    ----------
    seen : SplitSeen
        The split.
    clip_s : float
        Longest clip in seconds.
    long : str
        What becomes of longer recordings: ``windows``, ``inherit`` or ``refuse``.
    """
    found = Faults([], [], [])
    in_training = found.fatal if seen.split == _TRAINING else found.wrong
    n_listed = len(seen.recordings)
    if seen.missing:
        meant = seen.found.suggestions.get(seen.missing[0], "")
        n_missing = f"{seen.split}: {len(seen.missing):,} of {counted(n_listed, 'recording')} missing"
        in_training.append(f"{n_missing}: {of_some(seen.missing)}{meant}")
    if seen.found.n_renamed:
        n_renamed = counted(seen.found.n_renamed, "recording")
        found.remarks.append(f"{seen.split}: {n_renamed} with a slightly different name in the list")
    _look_into_recordings(seen, found)
    too_long = seen.longer_than(clip_s)
    if too_long:
        told = f"{seen.split}: {counted(len(too_long), 'recording')} longer than {clip_s:g} s"
        if long == "refuse":
            found.wrong.append(f'{told} refused ({of_some(too_long)}): choose long = "windows" or "inherit"')
        else:
            found.remarks.append(f"{told}: {long}")
    _compare_lists(seen, found)
    return found


def _look_into_recordings(seen: SplitSeen, found: Faults) -> None:
    """What cannot be used, and what is to be said of what can."""
    if seen.unusable:
        why = next(iter(seen.unusable.values())).survey.message
        found.wrong.append(f"{seen.split}: {counted(len(seen.unusable), 'recording')} that cannot be used: {why}")
    contradicting, rightly = seen.silent(labelled=True), seen.silent(labelled=False)
    if contradicting:
        n_silent = counted(len(contradicting), "silent recording")
        found.wrong.append(f"{seen.split}: {n_silent} with labels, to be left out: {of_some(contradicting)}")
    if rightly:
        n_silent = counted(len(rightly), "silent recording")
        found.remarks.append(f"{seen.split}: {n_silent} without labels: {of_some(rightly)}")
    told: dict[str, list[str]] = defaultdict(list)
    for name, one in seen.examined.items():
        if one.survey.remark and not one.survey.is_silent:
            told[one.survey.remark].append(f"{name!r}: {one.survey.message}")
    for sentences in told.values():
        more = f", and {len(sentences) - 1:,} more like it" if len(sentences) > 1 else ""
        found.remarks.append(f"{seen.split}: {sentences[0]}{more}")


def _compare_lists(seen: SplitSeen, found: Faults) -> None:
    """Weak labels against events, and events against the recordings."""
    if not seen.has_strong:
        return
    absent = [recording.filename for recording in seen.recordings if recording.labels and recording.events is None]
    if absent:
        told = (
            f"{seen.split}: {counted(len(absent), 'recording')} with weak labels but no row in the strong list: "
            f"{of_some(absent)}"
        )
        if seen.split == SPLITS[0]:  # which may be taught by the strong labels of some recordings
            found.remarks.append(f"{told}; training uses their weak labels")
        else:
            found.wrong.append(f"{told}; add events, or onset and offset 0 if they are unknown")
    differing = [recording for recording in seen.recordings if differs(recording)]
    if differing:
        first = differing[0]
        events = sorted({event.label for event in first.events or ()})
        found.wrong.append(
            f"{seen.split}: {counted(len(differing), 'recording')} whose weak labels and events differ: "
            f"{first.filename!r} has {', '.join(first.labels) or 'none'}, and events of {', '.join(events) or 'none'}"
        )
    past = {
        recording.filename: event
        for recording in seen.recordings
        for event in recording.events or ()
        if (one := seen.examined.get(recording.filename)) and one.seconds and event.offset > one.seconds + _PAST_S
    }
    if past:
        name, event = next(iter(past.items()))
        ends = seen.examined[name].seconds
        found.wrong.append(
            f"{seen.split}: {counted(len(past), 'recording')} with events beyond the end: {name!r} lasts {ends:.1f} s, "
            f"an event ends at {event.offset:.1f} s"
        )


def faults_between(splits: Sequence[SplitSeen], sample_rate: int) -> Faults:
    """The same sound twice, sample rates, and splits that training needs.

    Parameters
    ----------
    splits : sequence of SplitSeen
        All there are.
    sample_rate : int
        Hz, at which clips are stored.
    """
    found = Faults([], [], [])
    names = [seen.split for seen in splits if seen.recordings]
    if _TRAINING not in names:
        found.fatal.append("no training recording: [splits.training] needs a weak list with recordings")
    if TUNED_ON not in names:
        found.fatal.append(
            f"no testing recording, but early stopping and choosing thresholds need some: add [splits.{TUNED_ON}], "
            'perhaps with from = "training" and share = 0.2'
        )
    copies: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for seen in splits:
        for name, one in seen.examined.items():
            if one.content:
                copies[one.content].append((seen.split, name))
    twice = [same for same in copies.values() if len(same) > 1]
    across = [same for same in twice if len({split for split, _ in same}) > 1]
    if across:
        shown = " and ".join(f"{name!r} in {split}" for split, name in across[0][:2])
        found.wrong.append(f"{counted(len(across), 'recording')} in two splits with identical audio: {shown}")
    if len(twice) > len(across):
        shown = of_some([name for _, name in next(same for same in twice if same not in across)])
        n_twice = counted(len(twice) - len(across), "recording")
        found.remarks.append(f"{n_twice} several times in one split, with identical audio: {shown}")
    low = Counter(
        one.survey.rate for seen in splits for one in seen.examined.values() if 0 < one.survey.rate < sample_rate
    )
    if low:
        told = ", ".join(f"{count:,} at {rate:,} Hz" for rate, count in sorted(low.items()))
        found.remarks.append(f"recordings without the high frequencies of the dataset's {sample_rate:,} Hz: {told}")
    return found


def faults_of_classes(classes: Mapping[str, Mapping[str, int]]) -> Faults:
    """Classes that cannot be learnt, or tuned.

    Parameters
    ----------
    classes : mapping of str to mapping of str to int
        Recordings of each class in each split.
    """
    found = Faults([], [], [])
    absent = [label for label, counts in classes.items() if not counts.get(_TRAINING)]
    few = [label for label, counts in classes.items() if 0 < counts.get(_TRAINING, 0) < _FEW]
    if absent and len(absent) == len(classes):
        found.fatal.append("no class has a training recording")
    elif absent:
        found.wrong.append(f"no training recording of {of_some(absent)}: it cannot be learned")
    if few:
        found.remarks.append(f"fewer than {_FEW} training recordings of {of_some(few)}")
    untuned = [label for label, counts in classes.items() if counts.get(_TRAINING) and not counts.get(TUNED_ON)]
    if untuned and len(untuned) < len(classes):
        found.remarks.append(f"no testing recording of {of_some(untuned)}: it gets the threshold of the other classes")
    return found
