"""The page about several runs.

- :func:`comparison_page`: the runs side by side as HTML
- :func:`difference_rows`: differences from the first run, as a template needs them
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sedpipe.metrics.comparison import LEVEL, Difference
from sedpipe.metrics.holm import holm
from sedpipe.metrics.sharing import Sharing
from sedpipe.views.page.clip_table import compared_rows
from sedpipe.views.page.comparison import compared_classes, differences_to_first
from sedpipe.views.page.gallery import CARD_SCRIPTS, Gallery, page_data
from sedpipe.views.page.headline import SCORE_COLUMNS, named_row, yardstick_rows
from sedpipe.views.page.introduction import date_text, system_note
from sedpipe.views.page.provenance import provenance
from sedpipe.views.page.scored_run import ScoredRun
from sedpipe.views.render import Parts, pieces, signed

PARTS = Parts(
    "comparison.html",
    styles=("base", "scores", "clips", "comparison"),
    scripts=(*CARD_SCRIPTS, "sorting", "clip_table", "report"),
)
METRICS = {"error_rate": "error rate", "f1": "F1 (%)", "macro_f1": "macro F1 (%)"}
_LEAST_REACH = 0.02
_MARGIN = 1.15


@dataclass(frozen=True)
class DrawnDifference:
    """A difference on an axis with 0 in the middle, on which the widest interval of its metric has room.

    Parameters
    ----------
    metric : str
        One of :data:`METRICS`.
    text, interval : str
        Difference and interval as text, in percentage points except for the error rate.
    start, end, place : float
        Ends of the interval, and the difference, in per cent of the axis.
    is_apart : bool
        Whether it is significant after Holm's correction for all differences of the page.
    better : float
        Confidence that the run is better than the first one, in [0, 1].
    """

    metric: str
    text: str
    interval: str
    start: float
    end: float
    place: float
    is_apart: bool
    better: float

    @property
    def sure(self) -> str:
        """The confidence in per cent, as text: never 0 or 100, since no estimate is certain."""
        if not 0.005 <= self.better < 0.995:
            return "more than 99" if self.better > 0.5 else "less than 1"
        return f"{100 * self.better:.0f}"


def difference_rows(
    differences: Sequence[Mapping[str, Difference | None]],
) -> list[list[DrawnDifference | None]]:
    """Return a row for each run but the first, with an item for each of :data:`METRICS`; None where undefined."""
    reach = {metric: _reach([of_run[metric] for of_run in differences]) for metric in METRICS}
    each = [found for of_run in differences for metric in METRICS if (found := of_run[metric]) and found.p is not None]
    apart = {id(found) for found, p in zip(each, holm([found.p or 0.0 for found in each]), strict=True) if p < LEVEL}
    return [
        [_drawn(metric, of_run[metric], reach[metric], is_apart=id(of_run[metric]) in apart) for metric in METRICS]
        for of_run in differences
    ]


def _reach(differences: Sequence[Difference | None]) -> float:
    ends = [abs(end) for difference in differences if difference for end in difference.interval or ()]
    return _MARGIN * max([_LEAST_REACH, *ends])


def _drawn(metric: str, difference: Difference | None, reach: float, *, is_apart: bool) -> DrawnDifference | None:
    if difference is None or difference.interval is None:
        return None
    scale, decimals = (1, 3) if metric == "error_rate" else (100, 1)
    written = [signed(scale * value, decimals) for value in (difference.difference, *difference.interval)]
    low, high = difference.interval
    start, end, place = (round(50 + 50 * value / reach, 2) for value in (low, high, difference.difference))
    return DrawnDifference(metric, written[0], " to ".join(written[1:]), start, end, place, is_apart, difference.better)


def comparison_page(
    runs: Sequence[ScoredRun], warnings: Sequence[str], gallery: Gallery, scored_on: Sequence[date], sharing: Sharing
) -> Iterator[str]:
    """Return the HTML page of several runs.

    Parameters
    ----------
    runs : sequence of ScoredRun
        Runs from :func:`~sedpipe.views.page.comparison.same_clips`, which also returns ``warnings``.
    gallery : Gallery
        The clips that the page shows.
    scored_on : sequence of date
        Date on which the scores of each run were written.
    sharing : Sharing
        The clips that have a recording in common.

    Returns
    -------
    iterator of str
        A complete document, piece by piece.
    """
    names, first = [run.name for run in runs], runs[0]
    return pieces(
        PARTS,
        title=f"{', '.join(names)} on {first.dataset} {first.split}",
        date=date_text(max(scored_on)),
        runs=runs,
        systems=[system_note(run.record) for run in runs],
        warnings=warnings,
        coverage=first.scores.clips,
        score_columns=SCORE_COLUMNS,
        score_rows=[named_row(run) for run in runs],
        yardsticks=yardstick_rows(first),
        metrics=METRICS,
        differences=list(zip(names[1:], difference_rows(differences_to_first(runs, sharing)), strict=True)),
        classes=compared_classes(runs),
        clip_rows=compared_rows(runs, gallery.kinds),
        cards=gallery.cards,
        remarks=gallery.remarks,
        data=page_data(first.labels, names, gallery.frequencies),
        provenance={run.name: provenance(run) for run in runs},
    )
