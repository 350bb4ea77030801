"""The clips of a report: which are chosen, and how many fit on a page that can be sent by mail.

Chosen clips come with sound and picture, others with a picture as long as there is room; all have their row.

- :func:`run_gallery`: clips of a report on one run; :func:`comparison_gallery`: clips of a report on several runs
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from sedpipe.io.cache.dataset import Dataset
from sedpipe.listener import Listener
from sedpipe.stages.report_scene import Scene
from sedpipe.views.page.card import Card
from sedpipe.views.page.comparison import most_different
from sedpipe.views.page.gallery import Gallery
from sedpipe.views.page.mistakes import choose_clips, errors_of_clips
from sedpipe.views.page.scored_run import ScoredRun
from sedpipe.views.page.sound import QUALITIES, Quality, best_quality
from sedpipe.wording import counted

MOST_BYTES = 12_000_000
"""Maximum size of a page, unless its chosen clips alone are larger: many mail servers accept no more."""

_BYTES_OF_PAGE, _BYTES_OF_ROW = 200_000, 1_200
_BYTES_OF_TEXT = 4 / 3
"""Bytes of text per byte of sound embedded in a page: base64."""
_SHADES = 40  # number of clips that determine the range of decibels, from dark to bright


def run_gallery(cache: Dataset, run: ScoredRun, n_clips: int, seed: int, listener: Listener) -> Gallery:
    """Choose the worst, the best and random clips, a third each; the others follow, those with most errors first.

    Parameters
    ----------
    cache : Dataset
        Dataset of the run.
    run : ScoredRun
        Run that the report shows.
    n_clips : int
        Number of clips to choose.
    seed : int
        Random seed for the choice of the random clips.
    listener : Listener
        Receiver of progress and remarks.
    """
    errors = errors_of_clips(*run.rolls)
    chosen = choose_clips(errors, n_clips, seed)
    kinds = {run.clips[row].clip_id: kind for kind, rows in chosen.items() for row in rows}
    order = sorted(range(len(errors)), key=lambda row: -errors[row].total)
    others = [run.clips[row].clip_id for row in order if run.clips[row].clip_id not in kinds]
    return _gallery(cache, [run], kinds, others, listener)


def comparison_gallery(cache: Dataset, runs: Sequence[ScoredRun], n_clips: int, listener: Listener) -> Gallery:
    """Choose the clips in which the runs differ most; the others follow in the same order.

    Parameters
    ----------
    cache : Dataset
        Dataset of the runs.
    runs : sequence of ScoredRun
        Runs that were scored on the same clips.
    n_clips : int
        Number of clips to choose.
    listener : Listener
        Receiver of progress and remarks.
    """
    order = most_different(runs, len(runs[0].clips))
    kinds = dict.fromkeys(order[:n_clips], "differs")
    alike = [clip.clip_id for clip in runs[0].clips if clip.clip_id not in set(order)]
    return _gallery(cache, runs, kinds, [*order[n_clips:], *alike], listener)


def _gallery(
    cache: Dataset, runs: Sequence[ScoredRun], kinds: Mapping[str, str], others: Sequence[str], listener: Listener
) -> Gallery:
    """Make cards of the chosen clips with picture and sound, then cards of the others, until the page is full."""
    scene = Scene(cache, runs, [*kinds, *others][:_SHADES])
    room = MOST_BYTES - _BYTES_OF_PAGE - _BYTES_OF_ROW * len(runs[0].clips)
    cards: dict[str, Card] = {}
    seconds = sum(runs[0].truth.durations[clip_id] for clip_id in kinds)
    with_pictures = {clip_id: scene.card(clip_id) for clip_id in kinds}
    room -= sum(_size(card) for card in with_pictures.values())
    quality = best_quality(seconds, room / _BYTES_OF_TEXT) or QUALITIES[-1]
    for clip_id in listener.track(list(kinds), len(kinds), "clips with sound"):
        cards[clip_id] = scene.with_sound(with_pictures[clip_id], quality)
        room -= len(cards[clip_id].sound)
    for clip_id in listener.track(others, len(others), "other clips"):
        card = scene.card(clip_id)
        room -= _size(card)
        if room < 0:
            break
        cards[clip_id] = card
    return Gallery(cards, kinds, _remarks(cards, kinds, len(others), quality), scene.frequencies)


def _size(card: Card) -> int:
    return len(json.dumps(card.data))


def _remarks(cards: Mapping[str, Card], kinds: Mapping[str, str], n_others: int, quality: Quality) -> list[str]:
    remarks = []
    if any(card.sound for card in cards.values()) and quality != QUALITIES[0]:
        remarks.append(
            f"Sound is reduced to {quality.sample_rate / 1000:g} kHz and {quality.bits_per_second // 1000} kbit/s to "
            f"keep the page small; with fewer clips (--clips) it sounds better."
        )
    left_out = n_others + len(kinds) - len(cards)
    if left_out:
        remarks.append(
            f"{counted(left_out, 'clip')} listed without picture and probabilities, since the page would be larger "
            f"than {MOST_BYTES // 1_000_000} MB."
        )
    return remarks
