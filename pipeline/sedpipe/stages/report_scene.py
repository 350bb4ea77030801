"""Clips as a report draws and plays them: all in the same colours for the same decibels.

- :class:`Scene`: the clips of some runs -> cards
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from sedpipe.clips import Clip
from sedpipe.errors import AudioError
from sedpipe.io.audio.store import read_stored
from sedpipe.io.cache.dataset import Dataset
from sedpipe.views.page.card import Card, card_of
from sedpipe.views.page.clip_table import compared_summary, summary
from sedpipe.views.page.gallery import frequencies_of
from sedpipe.views.page.pictures import data_uri, pictures_of
from sedpipe.views.page.recording_picture import N_MELS, RecordingPicture, picture_of_blocks
from sedpipe.views.page.scored_run import ScoredRun
from sedpipe.views.page.sound import Quality, encode_mp3
from sedpipe.views.page.spectrogram import decibel_range

_RATE = 44_100


class Scene:
    """The clips of some runs.

    They are drawn from the features that the first run hears, where these are log-mel: what one sees is what it
    heard. Samples, or an encoder's numbers, would tell nothing; then a spectrogram is made of the stored audio.

    Parameters
    ----------
    cache : Dataset
    runs : sequence of ScoredRun
        On the same clips.
    clip_ids : sequence of str
        Those that decide what is dark and what is bright.
    """

    def __init__(self, cache: Dataset, runs: Sequence[ScoredRun], clip_ids: Sequence[str]) -> None:
        self._cache, self._runs = cache, runs
        self._clips: dict[str, Clip] = {clip.clip_id: clip for clip in runs[0].clips}
        self._rows = {clip_id: row for row, clip_id in enumerate(runs[0].features.clip_ids)}
        self._parameters = runs[0].features.parameters
        rate, n_mels = (
            (int(self._parameters[name]) for name in ("sample_rate", "n_mels")) if self._is_mel else (_RATE, N_MELS)
        )
        self.frequencies = frequencies_of(rate, n_mels)
        seen = [picture.features for clip_id in clip_ids if (picture := self._picture(clip_id))]
        self._decibels = decibel_range(seen) if seen else (0.0, 1.0)

    def card(self, clip_id: str) -> Card:
        """A clip with its picture."""
        what = summary(self._runs[0], clip_id) if len(self._runs) == 1 else compared_summary(self._runs, clip_id)
        seen = self._picture(clip_id)
        if seen is None:
            return card_of(self._runs, clip_id, what)
        return card_of(
            self._runs, clip_id, what, pictures_of(seen.features, self._decibels, len(seen.features) * seen.column_s)
        )

    def with_sound(self, card: Card, quality: Quality) -> Card:
        """A card that can be heard, or that says why not: a page without a sound is better than no page."""
        try:
            waveform = self._waveform(card.clip, quality.sample_rate)
        except AudioError as error:
            return replace(card, remark=f"No audio: {error.message}.")
        counted = waveform[: round(card.duration * quality.sample_rate)]
        return replace(card, sound=data_uri("audio/mpeg", encode_mp3([counted], quality)))

    @property
    def _is_mel(self) -> bool:
        return "n_mels" in self._parameters and "front_end" not in self._parameters

    def _waveform(self, clip_id: str, rate: int) -> np.ndarray:
        return read_stored(self._cache.audio_path(self._clips[clip_id]), rate)

    def _picture(self, clip_id: str) -> RecordingPicture | None:
        """What there is to see of a clip; nothing where its audio cannot be read."""
        if self._is_mel:
            row = self._runs[0].features.read(self._rows[clip_id])
            column_s = int(self._parameters["hop_length"]) / int(self._parameters["sample_rate"])
            return RecordingPicture(row.features[: row.n_frames].astype(np.float32), column_s)
        try:
            waveform = self._waveform(clip_id, _RATE)
        except AudioError:
            return None
        return picture_of_blocks([waveform], _RATE, len(waveform) / _RATE)
