"""Groups of recordings that belong together (one place, person or day), guessed from their names and folders.

- :func:`group_of`: the rule for the groups, and classes that a split drawn by it lacks
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from sedpipe.io.lists.recordings import Recording
from sedpipe.io.lists.shares import BY_FOLDER, BY_PREFIX, drawn, groups_by_name
from sedpipe.wording import counted, of_some

_FEWEST_GROUPS = 5
_NAMED = 0.9
"""Share of the recordings that must have a group; each of the others is a group of its own."""

_CLASS_LIKE = 0.5
_RULES = {
    f"{BY_PREFIX}_": "recordings whose names begin alike up to '_'",
    f"{BY_PREFIX}-": "recordings whose names begin alike up to '-'",
    BY_FOLDER: "recordings of one folder",
}
_ONE_BY_ONE = (
    "nothing in names and folders shows which recordings belong together, so those for testing are drawn one by one; "
    "if some share a place, a person or a day, say so with group in the TOML"
)


def group_of(recordings: Sequence[Recording], share: float) -> tuple[str, list[str]]:
    """Guess a rule for groups of recordings of one place, person or day, which must not be taken for independent.

    Parameters
    ----------
    recordings : sequence of Recording
        All recordings.
    share : float in (0, 1)
        Share of the recordings for ``testing``, if they are not split yet.

    Returns
    -------
    str
        The rule, in the form of ``group`` in a manifest; empty if there is none.
    list of str
        Sentences that say what was guessed, and how many groups are in several splits, if the recordings are split, or
        else which classes will be in only one of the splits.
    """
    is_split = any(recording.split for recording in recordings)
    for rule, which in _RULES.items():
        groups = groups_by_name([recording.filename for recording in recordings], rule) or {}
        if not _are_groups(groups) or _dependence(recordings, groups) >= _CLASS_LIKE:
            continue
        if is_split:
            return rule, [
                f"{which} belong together: scores do not treat them as independent "
                f"({_counts(groups)}{_in_several_splits(recordings, groups)})"
            ]
        return rule, [f"{which} stay in one split ({_counts(groups)})", *_on_one_side(recordings, share, groups)]
    return "", [] if is_split else [_ONE_BY_ONE, *_on_one_side(recordings, share, {})]


def _in_several_splits(recordings: Sequence[Recording], groups: Mapping[str, str]) -> str:
    splits: dict[str, set[str]] = {}
    for recording in recordings:
        splits.setdefault(groups[recording.filename], set()).add(recording.split)
    several = sum(len(of_group) > 1 for group, of_group in splits.items() if group)
    return f", {several:,} of them in several splits" if several else ""


def _are_groups(groups: Mapping[str, str]) -> bool:
    named = [group for group in groups.values() if group]
    return len(named) >= _NAMED * len(groups) and _FEWEST_GROUPS <= len(set(named)) <= len(named) / 2


def _dependence(recordings: Sequence[Recording], groups: Mapping[str, str]) -> float:
    """Return how well a class predicts the group, from 0 to 1: if groups are classes, splits by them share no class.

    Lambda of L. A. Goodman and W. H. Kruskal, "Measures of Association for Cross Classifications" (JASA 1954): the
    share of the errors of guessing the group that knowing the class avoids. Classes with a single recording are left
    out.
    """
    by_label: dict[str, Counter[str]] = {}
    for recording in recordings:
        for label in recording.labels:
            by_label.setdefault(label, Counter())[groups[recording.filename] or f"\0{recording.filename}"] += 1
    several = [counts for counts in by_label.values() if counts.total() > 1]
    n_all = sum(counts.total() for counts in several)
    right = max(sum(several, Counter[str]()).values(), default=0)
    right_by_label = sum(max(counts.values()) for counts in several)
    return (right_by_label - right) / (n_all - right) if n_all > right else 0.0


def _counts(groups: Mapping[str, str]) -> str:
    loose = sum(not group for group in groups.values())
    told = counted(len(set(groups.values()) - {""}), "group")
    return told + (f"; {counted(loose, 'recording')} in no group" if loose else "")


def _on_one_side(recordings: Sequence[Recording], share: float, groups: Mapping[str, str]) -> Iterator[str]:
    """Yield sentences about classes that training or testing will lack if testing is drawn from these recordings."""
    taken = drawn(recordings, share, groups)
    everywhere = Counter(label for recording in recordings for label in recording.labels)
    testing = Counter(label for recording in recordings if recording.filename in taken for label in recording.labels)
    for labels, what in (
        ([label for label in everywhere if testing[label] == everywhere[label]],
         "with all recordings in testing, none to train on"),
        ([label for label in everywhere if not testing[label]], "without a recording in testing"),
    ):  # fmt: skip
        if labels:
            yield f"{len(labels):,} of {counted(len(everywhere), 'class')} {what}: {of_some(sorted(labels))}"
