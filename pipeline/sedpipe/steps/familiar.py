"""Level and bandwidth of the recordings that a model is trained on, and thus familiar with.

- :func:`familiar_with`: measure them
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from sedpipe.clips import Clip
from sedpipe.errors import SedpipeError
from sedpipe.features.familiar import Extent, Familiar
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.audio.store import read_stored
from sedpipe.io.cache.dataset import Dataset
from sedpipe.training.augment import AugmentConfig

MOST_CLIPS = 200
"""Largest number of clips to measure, which takes some seconds; 1 % of them are two clips."""


def familiar_with(
    dataset: Dataset, clips: Sequence[Clip], spec: FeatureSpec, augmentation: AugmentConfig
) -> Familiar | None:
    """Return what a model is familiar with, from the audio of some clips; None if no audio is left.

    Parameters
    ----------
    dataset : Dataset
        Dataset of the clips.
    clips : sequence of Clip
        Training clips.
    spec : FeatureSpec
        Features that the model takes as input, for their sample rate.
    augmentation : AugmentConfig
        Augmentation of the clips in training, which may make them quieter and narrower than they are.
    """
    rate = spec.front_end.sample_rate
    extents = []
    for clip in dict.fromkeys(clips[:: -(-len(clips) // MOST_CLIPS)]):
        with suppress(SedpipeError, OSError):  # audio may have been deleted or moved since features were made
            extent = Extent(rate)
            extent.hear(read_stored(dataset.audio_path(clip), rate, spec.front_end.n_samples))
            extents.append(extent)
    if not extents:
        return None
    return Familiar.of(extents, quieter_db=augmentation.gain_db, any_width=augmentation.bandwidth > 0)
