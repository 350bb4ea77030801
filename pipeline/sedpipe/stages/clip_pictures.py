"""Pictures of the clips of a dataset.

- :class:`ClipPictures`: a clip -> its spectrogram
"""

from __future__ import annotations

import numpy as np

from sedpipe.clips import Clip
from sedpipe.errors import AudioError
from sedpipe.io.audio.store import read_stored
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.feature_file import FeatureFile
from sedpipe.views.page.recording_picture import RecordingPicture, picture_of_blocks, usual_bands
from sedpipe.views.page.spectrogram import Bands

_RATE = 44_100


class ClipPictures:
    """Spectrograms of clips.

    Log-mel features are drawn as they are, so that the picture shows the input of the network. Raw samples and an
    encoder's embeddings would tell a person nothing; for these, a spectrogram is computed from the stored audio.

    Parameters
    ----------
    cache : Dataset
        Dataset of the clips.
    features : FeatureFile
        Features of the clips' split that the network takes as input.
    """

    def __init__(self, cache: Dataset, features: FeatureFile) -> None:
        self._cache, self._features, self._parameters = cache, features, features.parameters
        self._rows = {clip_id: row for row, clip_id in enumerate(features.clip_ids)}
        self.bands = self._mel_bands() if self._is_mel else usual_bands(_RATE)

    def of(self, clip: Clip) -> RecordingPicture | None:
        """Return the spectrogram of one clip; None if its audio is needed and cannot be read."""
        if self._is_mel:
            row = self._features.read(self._rows[clip.clip_id])
            column_s = int(self._parameters["hop_length"]) / int(self._parameters["sample_rate"])
            return RecordingPicture(row.features[: row.n_frames].astype(np.float32), column_s, self.bands)
        try:
            waveform = read_stored(self._cache.audio_path(clip), _RATE)
        except AudioError:
            return None
        return picture_of_blocks([waveform], _RATE, len(waveform) / _RATE)

    @property
    def _is_mel(self) -> bool:
        return "n_mels" in self._parameters and "front_end" not in self._parameters

    def _mel_bands(self) -> Bands:
        half = int(self._parameters["sample_rate"]) / 2
        # parameters with their default value are not stored
        low, high = (float(self._parameters.get(name, 0.0)) for name in ("f_min", "f_max"))
        return Bands(low, high or half, int(self._parameters["n_mels"]))
