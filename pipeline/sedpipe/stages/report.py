"""``sedpipe report``: scored runs -> one HTML file that works offline.

- :func:`report`: of one run, or of several side by side
- :class:`PageReport`: what ``--json`` prints
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from sedpipe.clips import Clip
from sedpipe.errors import AudioError, SettingsError
from sedpipe.io.audio.waveforms import read_waveform
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.runs import find_run_in_cache
from sedpipe.io.files.atomic import write_text
from sedpipe.listener import Listener
from sedpipe.views.page.clip_view import ClipView, view_clip
from sedpipe.views.page.comparison import DifferentClip, comparison_page, most_different, same_clips
from sedpipe.views.page.mistakes import ClipErrors, choose_clips, errors_of_clips
from sedpipe.views.page.page import run_page
from sedpipe.views.page.scored_run import ScoredRun, read_scored_run
from sedpipe.views.page.sound import encode_mp3
from sedpipe.views.page.spectrogram import decibel_range

SAMPLE_RATE = 44_100
"""Hz, of the sound inside a page."""


@dataclass(frozen=True)
class PageReport:
    """What was written."""

    dataset: str
    runs: list[str]
    split: str
    clips: list[str]
    path: str
    bytes: int
    stage: str = field(default="report")


@dataclass(frozen=True)
class _Choice:
    """A clip, why it was chosen, and what is wrong in it."""

    clip_id: str
    kind: str
    summary: str


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
        The cache.
    split : str, optional
        By default the one that the first run was scored on; ``evaluation``, if several were.
    n_clips : int
        How many clips are shown: a third the worst, the best, and at random. Of several runs: those in which they
        differ most.
    seed : int
        Decides the random ones.
    path : Path, optional
        The file to write. By default ``report-<split>.html`` in the run's folder; of several runs
        ``comparison-<split>.html`` in the folder of the dataset.
    listener : Listener, optional
        Hears of progress.

    Raises
    ------
    MissingStageError
        If there is no such run, or it was not scored; the hint names the command.
    SettingsError
        If the runs are not of one dataset.
    """
    listener = listener or Listener()
    found = [find_run_in_cache(cache_dir, name) for name in runs]
    cache, first = found[0]
    if {(each.folder.resolve(), each.name) for each, _ in found} != {(cache.folder.resolve(), cache.name)}:
        raise SettingsError(f"the runs are of several datasets: {', '.join(each.name for each, _ in found)}")
    scored = [read_scored_run(cache, found[0][1], split)]
    scored += [read_scored_run(cache, run, scored[0].split) for _, run in found[1:]]
    split = scored[0].split
    if len(scored) == 1:
        choices = _choose(scored[0], n_clips, seed)
        views = _views(cache, scored, choices, listener)
        page = run_page(scored[0], views)
    else:
        alike, warnings = same_clips(scored)
        choices = [
            _Choice(each.clip_id, "differs", _errors_by_run(each, alike)) for each in most_different(alike, n_clips)
        ]
        views = _views(cache, alike, choices, listener)
        page = comparison_page(alike, warnings, views)
    target = path or (
        first.folder / f"report-{split}.html" if len(scored) == 1 else cache.folder / f"comparison-{split}.html"
    )
    write_text(target, page)
    shown = [choice.clip_id for choice in choices]
    return PageReport(cache.name, [run.name for run in scored], split, shown, str(target), target.stat().st_size)


def _choose(run: ScoredRun, n_clips: int, seed: int) -> list[_Choice]:
    errors = errors_of_clips(*run.rolls)
    chosen = choose_clips(errors, n_clips, seed)
    return [
        _Choice(run.clips[row].clip_id, kind, _summary(errors[row])) for kind, rows in chosen.items() for row in rows
    ]


def _summary(errors: ClipErrors) -> str:
    parts = [
        (errors.substitutions, "substituted"),
        (errors.deletions, "missed"),
        (errors.insertions, "invented"),
    ]
    wrong = ", ".join(f"{count} {what}" for count, what in parts if count)
    return f"{errors.total} errors in {errors.n_reference} class-seconds{f': {wrong}' if wrong else ''}."


def _errors_by_run(clip: DifferentClip, runs: Sequence[ScoredRun]) -> str:
    return "Errors: " + ", ".join(f"{run.name} {n}" for run, n in zip(runs, clip.errors, strict=True)) + "."


def _views(cache: Dataset, runs: Sequence[ScoredRun], choices: Sequence[_Choice], listener: Listener) -> list[ClipView]:
    """The chosen clips, drawn; all spectrograms with the same colours for the same decibels."""
    clips = {clip.clip_id: clip for clip in runs[0].clips}
    features = {choice.clip_id: _features(runs[0], choice.clip_id) for choice in choices}
    decibels = decibel_range(list(features.values())) if features else (0.0, 1.0)
    views = []
    for choice in listener.track(choices, len(choices), "clips"):
        sound, silent_because = _sound(cache, clips[choice.clip_id], runs[0].truth.durations[choice.clip_id])
        views.append(
            view_clip(
                runs, choice.clip_id, features[choice.clip_id], decibels,
                kind=choice.kind, summary=choice.summary, sound=sound, silent_because=silent_because,
            )
        )  # fmt: skip
    return views


def _features(run: ScoredRun, clip_id: str) -> np.ndarray:
    """The frames that count, float32."""
    row = run.features.read(run.features.clip_ids.index(clip_id))
    return row.features[: row.n_frames].astype(np.float32)


def _sound(cache: Dataset, clip: Clip, duration: float) -> tuple[bytes | None, str]:
    """A clip as MP3, or why not: a page without a sound is better than no page."""
    try:
        waveform = read_waveform(cache.audio_path(clip), SAMPLE_RATE)
    except AudioError as error:
        return None, error.message
    return encode_mp3(waveform[: round(duration * SAMPLE_RATE)], SAMPLE_RATE), ""
