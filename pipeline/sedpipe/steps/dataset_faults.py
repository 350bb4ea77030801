"""Faults and doubtful points in a user's own dataset, in sentences.

- :class:`SplitSeen`: lists of a split, and results of the examination of its recordings
- :func:`faults_of`: faults of one split; :func:`faults_between`: of several; :func:`faults_of_classes`: of classes
- :class:`Faults`: faults that prevent training, faults that should be fixed, and remarks
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
"""With fewer recordings of a class, little can be learnt."""

_PAST_S = 0.05
"""Seconds by which an event may end after its recording: codecs pad, and annotators are imprecise."""


@dataclass(frozen=True)
class SplitSeen:
    """A split, with its lists and its recordings.

    Parameters
    ----------
    split : str
        Name of the split.
    recordings : sequence of Recording
        Recordings, as they are listed.
    found : Found
        Paths of the recordings.
    examined : mapping of str to Examined
        Results of the examination of the recordings, by their listed names; missing recordings are left out.
    has_strong : bool
        Whether there is a list of strong labels.
    """

    split: str
    recordings: Sequence[Recording]
    found: Found
    examined: Mapping[str, Examined]
    has_strong: bool

    @property
    def missing(self) -> list[str]:
        """Listed recordings that are missing."""
        return [recording.filename for recording in self.recordings if recording.filename not in self.examined]

    @property
    def unusable(self) -> dict[str, Examined]:
        """Recordings that cannot be used, whatever their labels."""
        return {name: seen for name, seen in self.examined.items() if seen.fault}

    def silent(self, *, labelled: bool) -> list[str]:
        """Return silent recordings: those with labels, which contradict the silence, or those without."""
        return [
            recording.filename
            for recording in self.recordings
            if bool(recording.labels) == labelled
            and (seen := self.examined.get(recording.filename))
            and seen.survey.is_silent
        ]

    def longer_than(self, seconds: float) -> list[str]:
        """Return recordings that become several clips, cut as ``download`` cuts them."""
        return [
            name for name, seen in self.examined.items() if not seen.fault and len(pieces(seen.seconds, seconds)) > 1
        ]


@dataclass(frozen=True)
class Faults:
    """Sentences, by severity.

    Parameters
    ----------
    fatal : list of str
        Faults that prevent training.
    wrong : list of str
        Faults that do not prevent training, but should be fixed.
    remarks : list of str
        Remarks that need no action.
    """

    fatal: list[str]
    wrong: list[str]
    remarks: list[str]

    def add(self, other: Faults) -> None:
        """Add the sentences of another check."""
        self.fatal.extend(other.fatal)
        self.wrong.extend(other.wrong)
        self.remarks.extend(other.remarks)


def faults_of(seen: SplitSeen, clip_s: float, long: str) -> Faults:
    """Return the faults of one split.

    Parameters
    ----------
    seen : SplitSeen
        The split.
    clip_s : float
        Length of the longest clip in seconds.
    long : str
        Treatment of longer recordings: ``windows``, ``inherit`` or ``refuse``.
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
    """Add recordings that cannot be used, and remarks on those that can."""
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
    """Compare weak labels with events, and events with the recordings."""
    if not seen.has_strong:
        return
    absent = [recording.filename for recording in seen.recordings if recording.labels and recording.events is None]
    if absent:
        told = (
            f"{seen.split}: {counted(len(absent), 'recording')} with weak labels but no row in the strong list: "
            f"{of_some(absent)}"
        )
        if seen.split == SPLITS[0]:  # where strong labels of only some recordings are allowed
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
    """Return faults of several splits: identical recordings, low sample rates, missing splits that training needs.

    Parameters
    ----------
    splits : sequence of SplitSeen
        All splits.
    sample_rate : int
        Sample rate of the stored clips in Hz.
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
    """Return faults of classes: those that cannot be learnt or tuned.

    Parameters
    ----------
    classes : mapping of str to mapping of str to int
        Number of recordings of each class in each split.
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
