"""All clips of a page as the rows of a table that a reader can search.

- :class:`ClipRow`: one clip: its reference classes, its predicted classes, and the number of wrong seconds
- :func:`clip_rows`: the rows of one run; :func:`compared_rows`: the rows of several runs
- :func:`summary`: the errors in a clip, in a sentence; :func:`compared_summary`: the errors of each run
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sedpipe.labels import LabelSet
from sedpipe.views.page.mistakes import ClipErrors, errors_of_clips, taken_pairs
from sedpipe.views.page.scored_run import ScoredRun
from sedpipe.views.page.timing import Timing, timings

LATE_S = 0.2
"""Onset errors in seconds are mentioned from this size on: the collar of DCASE."""


@dataclass(frozen=True, slots=True)
class ClipRow:
    """One clip.

    Parameters
    ----------
    clip_id : str
    kind : str
        Why it was chosen (``worst``, ``best``, ``random``, ``differs``); empty if it was not.
    sounds, predicted : sequence of str
        Classes of the reference, and classes that the (first) run estimated.
    errors : sequence of ClipErrors
        Errors of each run.
    onset : float or None
        The largest onset error in seconds, positive if the estimate is late; None if no events are paired.
    found, missed, false : sequence of int
        Indices of the classes that were detected, missed or falsely predicted in at least one second.
    taken : sequence of (int, int)
        Pairs of a class that was missed and a class that was falsely predicted in the same second, or -1 for none.
    """

    clip_id: str
    kind: str
    sounds: Sequence[str]
    predicted: Sequence[str]
    errors: Sequence[ClipErrors]
    onset: float | None
    found: Sequence[int]
    missed: Sequence[int]
    false: Sequence[int]
    taken: Sequence[tuple[int, int]]

    @property
    def spread(self) -> int:
        """The number of errors of the worst run minus that of the best."""
        totals = [errors.total for errors in self.errors]
        return max(totals) - min(totals)


def clip_rows(run: ScoredRun, kinds: Mapping[str, str]) -> list[ClipRow]:
    """Return the rows of a run, most errors first; ``kinds`` maps each chosen clip to why it was chosen."""
    return sorted(_rows([run], kinds), key=lambda row: (-row.errors[0].total, row.errors[0].n_reference))


def compared_rows(runs: Sequence[ScoredRun], kinds: Mapping[str, str]) -> list[ClipRow]:
    """Return the rows of several runs on the same clips; clips in which their errors differ most come first."""
    return sorted(_rows(runs, kinds), key=lambda row: (-row.spread, not row.kind))


def _rows(runs: Sequence[ScoredRun], kinds: Mapping[str, str]) -> list[ClipRow]:
    first = runs[0]
    reference, estimated = first.rolls
    errors = list(zip(*(errors_of_clips(*run.rolls) for run in runs), strict=True))
    return [
        ClipRow(
            clip_id=clip.clip_id,
            kind=kinds.get(clip.clip_id, ""),
            sounds=_names({event.label for event in first.truth.reference[clip.clip_id]}, first.labels),
            predicted=_names({event.label for event in first.estimated[clip.clip_id]}, first.labels),
            errors=errors[n],
            onset=_worst_onset(timings(first.truth.reference[clip.clip_id], first.estimated[clip.clip_id])),
            found=_classes(reference[n] & estimated[n]),
            missed=_classes(reference[n] & ~estimated[n]),
            false=_classes(estimated[n] & ~reference[n]),
            taken=taken_pairs(reference[n], estimated[n]),
        )
        for n, clip in enumerate(first.clips)
    ]


def _names(names: set[str], labels: LabelSet) -> list[str]:
    return [label for label in labels if label in names]


def _classes(roll: np.ndarray) -> list[int]:
    """Return the indices of the classes that are active in a segment of a roll (S, K)."""
    return np.flatnonzero(roll.any(axis=0)).tolist()


def _worst_onset(pairs: Sequence[Timing]) -> float | None:
    worst = max(pairs, key=lambda pair: abs(pair.onset), default=None)
    return None if worst is None else worst.onset


def summary(run: ScoredRun, clip_id: str) -> str:
    """Return the errors in a clip as text: wrong seconds, then the largest onset error.

    A class can be correct in every second and still begin late: segments of one second do not show this.
    """
    row = run.row_of[clip_id]
    [errors] = errors_of_clips(*(roll[row : row + 1] for roll in run.rolls))
    parts = [(errors.substitutions, "substituted"), (errors.deletions, "missed"), (errors.insertions, "false alarms")]
    wrong = ", ".join(f"{count} {what}" for count, what in parts if count)
    reference = f"{errors.n_reference} s of reference" if errors.n_reference else "silence"
    counted = f"Errors: {errors.total} s in {reference}: {wrong}." if wrong else f"No errors in {reference}."
    return f"{counted} {_onset_sentence(timings(run.truth.reference[clip_id], run.estimated[clip_id]))}".strip()


def compared_summary(runs: Sequence[ScoredRun], clip_id: str) -> str:
    """Return the number of wrong seconds of each run in a clip, as text."""
    counted = []
    for run in runs:
        row = run.row_of[clip_id]
        [errors] = errors_of_clips(*(roll[row : row + 1] for roll in run.rolls))
        counted.append(f"{run.name} {errors.total} s")
    return f"Errors: {', '.join(counted)}."


def _onset_sentence(pairs: Sequence[Timing]) -> str:
    worst = max(pairs, key=lambda pair: abs(pair.onset), default=None)
    if worst is None or abs(worst.onset) < LATE_S:
        return ""
    return f"{worst.label} begins {abs(worst.onset):.2f} s {'late' if worst.onset > 0 else 'early'}."
