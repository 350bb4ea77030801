"""The page about one run.

- :func:`run_page`: scores, classes, thresholds and clips as HTML
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from sedpipe.choices import TRAINED_ON
from sedpipe.detection.segment_tallies import scores_at
from sedpipe.metrics.detection_scores import OverallScores
from sedpipe.views.charts import Line, LineChart, Mark, ticks_up_to
from sedpipe.views.page.classes import class_rows, confused_classes, confusion_rows, findings, without_column
from sedpipe.views.page.clip_table import clip_rows
from sedpipe.views.page.gallery import CARD_SCRIPTS, Gallery, page_data
from sedpipe.views.page.headline import SCORE_COLUMNS, gauges, other_scores, score_rows
from sedpipe.views.page.introduction import date_text, system_sentence
from sedpipe.views.page.mistakes import confusions
from sedpipe.views.page.operating_point import common_threshold, settings_of
from sedpipe.views.page.provenance import provenance
from sedpipe.views.page.scored_run import ScoredRun
from sedpipe.views.render import Parts, pieces

PARTS = Parts(
    "run.html",
    styles=("base", "scores", "clips"),
    scripts=(*CARD_SCRIPTS, "sorting", "clip_table", "report"),
)
THRESHOLDS = tuple(k / 50 for k in range(1, 50))
_HIGHEST_ERROR_RATE = 1.25  # low thresholds give very high error rates, which would flatten everything else


def run_page(run: ScoredRun, gallery: Gallery, scored_on: date) -> Iterator[str]:
    """Return the HTML page of a run on a split.

    Parameters
    ----------
    run : ScoredRun
    gallery : Gallery
        The clips that the page shows.
    scored_on : date
        Date on which the scores were written.

    Returns
    -------
    iterator of str
        A complete document, piece by piece.
    """
    confused = confusions(*run.rolls)
    rows, columns = class_rows(run, confused), confused_classes(run, confused)
    return pieces(
        PARTS,
        title=f"{run.name} on {run.dataset} {run.split}",
        date=date_text(scored_on),
        run=run,
        system=system_sentence(run.record),
        point=run.scores.operating_point,
        trained=run.split == TRAINED_ON,
        tuned=run.scores.tuned_on_this_split,
        contaminated_by=run.scores.contaminated_by,
        coverage=run.scores.clips,
        gauges=gauges(run),
        score_columns=SCORE_COLUMNS,
        score_rows=score_rows(run),
        other_scores=other_scores(run),
        findings=findings(run, rows, confused),
        class_rows=rows,
        charts=threshold_charts(run),
        has_common_threshold=common_threshold(run) is not None,
        confusion_rows=confusion_rows(run, confused, columns),
        without_column=without_column(run, columns),
        confused_labels=[run.labels.names[k] for k in columns],
        clip_rows=clip_rows(run, gallery.kinds),
        cards=gallery.cards,
        remarks=gallery.remarks,
        data=page_data(run.labels, [run.name], gallery.frequencies),
        provenance={run.name: provenance(run)},
    )


def threshold_charts(run: ScoredRun) -> list[LineChart]:
    """Return charts of error rate and F1 against a threshold for all classes, with the operating point's filters."""
    settings = settings_of(run)
    points = [settings.changed(threshold=threshold) for threshold in THRESHOLDS]
    scores = [each.overall for each in scores_at(points, run.frame_scores, run.truth)]
    chosen = run.scores.segment_based
    point, x = run.scores.operating_point, common_threshold(run)
    error_rates = _points(scores, "error_rate")
    top = max(_HIGHEST_ERROR_RATE, 1.1 * (chosen.error_rate or 0.0))
    across = [(k / 5, f"{k / 5:g}") for k in range(6)]
    return [
        LineChart(
            "Error rate", "threshold", across, [(tick, f"{tick:g}") for tick in ticks_up_to(top)],
            [Line("error rate", error_rates, "model")], _marks(point, x, chosen, ["error_rate"], ["model"]),
        ),
        LineChart(
            "F1 (%)", "threshold", across, [(k / 5, f"{20 * k}") for k in range(6)],
            [Line("micro F1", _points(scores, "f1"), "model"), Line("macro F1", _points(scores, "macro_f1"), "second")],
            _marks(point, x, chosen, ["f1", "macro_f1"], ["model", "second"]), in_percent=True,
        ),
    ]  # fmt: skip


def _points(scores: Sequence[OverallScores], metric: str) -> list[tuple[float, float]]:
    values = [getattr(each, metric) for each in scores]
    return [(x, value) for x, value in zip(THRESHOLDS, values, strict=True) if value is not None]


def _marks(
    point: str, x: float | None, chosen: OverallScores, metrics: Sequence[str], styles: Sequence[str]
) -> list[Mark]:
    return [
        Mark(point, x, value, style)
        for metric, style in zip(metrics, styles, strict=True)
        if (value := getattr(chosen, metric)) is not None
    ]
