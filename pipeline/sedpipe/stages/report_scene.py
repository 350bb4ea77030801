"""Clips as a report draws and plays them: in all pictures, the same colour means the same level in decibels.

- :class:`Scene`: the clips of some runs -> cards
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sedpipe.clips import Clip
from sedpipe.errors import AudioError
from sedpipe.io.audio.store import read_stored
from sedpipe.io.cache.dataset import Dataset
from sedpipe.stages.clip_pictures import ClipPictures
from sedpipe.views.page.card import Card, card_of
from sedpipe.views.page.clip_table import compared_summary, summary
from sedpipe.views.page.pictures import data_uri, pictures_of
from sedpipe.views.page.scored_run import ScoredRun
from sedpipe.views.page.sound import Quality, encode_mp3
from sedpipe.views.page.spectrogram import decibel_range, frequencies_of


class Scene:
    """The clips of some runs.

    They are drawn from the features of the first run, see :class:`~sedpipe.stages.clip_pictures.ClipPictures`.

    Parameters
    ----------
    cache : Dataset
        Dataset of the clips.
    runs : sequence of ScoredRun
        Runs that were scored on the same clips.
    clip_ids : sequence of str
        Clips that determine the range of decibels, from dark to bright.
    """

    def __init__(self, cache: Dataset, runs: Sequence[ScoredRun], clip_ids: Sequence[str]) -> None:
        self._cache, self._runs = cache, runs
        self._clips: dict[str, Clip] = {clip.clip_id: clip for clip in runs[0].clips}
        self._pictures = ClipPictures(cache, runs[0].features)
        self.frequencies = frequencies_of(self._pictures.bands)
        seen = [picture.features for clip_id in clip_ids if (picture := self._pictures.of(self._clips[clip_id]))]
        self._decibels = decibel_range(seen) if seen else (0.0, 1.0)

    def card(self, clip_id: str) -> Card:
        """Return the card of a clip, with its picture if there is one."""
        what = summary(self._runs[0], clip_id) if len(self._runs) == 1 else compared_summary(self._runs, clip_id)
        seen = self._pictures.of(self._clips[clip_id])
        if seen is None:
            return card_of(self._runs, clip_id, what)
        return card_of(
            self._runs, clip_id, what, pictures_of(seen.features, self._decibels, len(seen.features) * seen.column_s)
        )

    def with_sound(self, card: Card, quality: Quality) -> Card:
        """Add sound to a card, or a remark why it has none: a page without a sound is better than no page."""
        try:
            waveform = read_stored(self._cache.audio_path(self._clips[card.clip]), quality.sample_rate)
        except AudioError as error:
            return replace(card, remark=f"No audio: {error.message}.")
        counted = waveform[: round(card.duration * quality.sample_rate)]
        return replace(card, sound=data_uri("audio/mpeg", encode_mp3([counted], quality)))
