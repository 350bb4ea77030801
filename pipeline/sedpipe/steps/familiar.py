"""What a model is familiar with: level and bandwidth of the recordings that it is trained on.

- :func:`familiar_with`
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
"""Of which some seconds are spent; a share of 1 % of them are two."""


def familiar_with(
    dataset: Dataset, clips: Sequence[Clip], spec: FeatureSpec, augmentation: AugmentConfig
) -> Familiar | None:
    """What a model is familiar with, from the audio of some clips; None where none is there any more.

    Parameters
    ----------
    dataset : Dataset
        Of the clips.
    clips : sequence of Clip
        Of its training.
    spec : FeatureSpec
        What it hears, whose sample rate counts.
    augmentation : AugmentConfig
        What training does to them: it may make them quieter and narrower than they are.
    """
    rate = spec.front_end.sample_rate
    extents = []
    for clip in dict.fromkeys(clips[:: -(-len(clips) // MOST_CLIPS)]):
        with suppress(SedpipeError, OSError):  # audio may have been freed or moved since features were made
            extent = Extent(rate)
            extent.hear(read_stored(dataset.audio_path(clip), rate, spec.front_end.n_samples))
            extents.append(extent)
    if not extents:
        return None
    return Familiar.of(extents, quieter_db=augmentation.gain_db, any_width=augmentation.bandwidth > 0)
