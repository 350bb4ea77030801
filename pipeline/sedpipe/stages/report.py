"""``sedpipe report``: scored runs -> one HTML file that works offline.

- :func:`report`: a page about one run, or about several side by side
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from datetime import UTC, date, datetime
from pathlib import Path

from sedpipe.errors import SettingsError
from sedpipe.io.cache.runs import Run, find_run_in_cache
from sedpipe.io.files.atomic import remove_leftovers, write_pieces
from sedpipe.listener import Listener
from sedpipe.reports.listening import PageReport
from sedpipe.stages.report_clips import comparison_gallery, run_gallery
from sedpipe.steps.recordings import recordings_of
from sedpipe.steps.results import gone, writing_results
from sedpipe.views.page.comparison import same_clips
from sedpipe.views.page.comparison_page import comparison_page
from sedpipe.views.page.run_page import run_page
from sedpipe.views.page.scored_run import read_scored_run


def report(
    runs: Sequence[str],
    cache_dir: Path,
    *,
    split: str | None = None,
    n_clips: int = 12,
    seed: int = 0,
    path: Path | None = None,
    listener: Listener | None = None,
) -> PageReport:
    """Write a page about one run, or about several on the same split of the same dataset.

    Parameters
    ----------
    runs : sequence of str
        Names or paths of scored runs.
    cache_dir : Path
        Folder of the cache.
    split : str, optional
        Split to report; by default the one that the first run was scored on, or ``evaluation`` if it was scored on
        several.
    n_clips : int
        Number of clips with audio: for one run a third each of worst, best and random clips, for several runs those in
        which they differ most. All clips are listed, and drawn as far as the page has room.
    seed : int
        Random seed for the choice of the random clips.
    path : Path, optional
        File to write; by default ``report-<split>.html`` in the run's folder or, for several runs,
        ``comparison-<split>.html`` in the folder of the dataset.
    listener : Listener, optional
        Receiver of progress and remarks.

    Raises
    ------
    MissingStageError
        If a run does not exist, or was not scored; the hint names the command.
    SettingsError
        If the runs belong to different datasets.
    """
    listener = listener or Listener()
    found = [find_run_in_cache(cache_dir, name) for name in runs]
    cache, first = found[0]
    if {(each.folder.resolve(), each.name) for each, _ in found} != {(cache.folder.resolve(), cache.name)}:
        raise SettingsError(f"the runs belong to several datasets: {', '.join(each.name for each, _ in found)}")
    scored = [read_scored_run(cache, found[0][1], split)]
    scored += [read_scored_run(cache, run, scored[0].split) for _, run in found[1:]]
    split, scored_on = scored[0].split, [_scored_on(run, scored[0].split) for _, run in found]
    if len(scored) == 1:
        gallery = run_gallery(cache, scored[0], n_clips, seed, listener)
        page, target = run_page(scored[0], gallery, scored_on[0]), first.folder / f"report-{split}.html"
    else:
        alike, warnings = same_clips(scored)
        gallery = comparison_gallery(cache, alike, n_clips, listener)
        recordings = recordings_of(cache, split, [clip.clip_id for clip in alike[0].clips])
        warnings += [recordings.remark] if recordings.remark else []
        page = comparison_page(alike, warnings, gallery, scored_on, recordings.sharing)
        target = cache.folder / f"comparison-{split}.html"
    target = path or target
    with nullcontext() if path or len(scored) > 1 else writing_results(first, listener):
        remove_leftovers(target.parent)
        write_pieces(target, page)
    names = [run.name for run in scored]
    return PageReport(cache.name, names, split, list(gallery.kinds), str(target), target.stat().st_size)


def _scored_on(run: Run, split: str) -> date:
    try:
        return datetime.fromtimestamp(run.scores_path(split).stat().st_mtime, UTC).date()
    except FileNotFoundError as error:
        raise gone(run) from error
