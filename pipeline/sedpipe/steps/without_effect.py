"""Settings that a training accepts, but that change nothing in combination with the others.

- :func:`without_effect`: a sentence for each
"""

from __future__ import annotations

from sedpipe.nn.pooling import POOLING_FUNCTIONS, PoolingConfig
from sedpipe.training.augment import AugmentConfig
from sedpipe.training.settings import TrainSettings

_MASKS = (("time_masks", "time_mask_frames"), ("frequency_masks", "frequency_mask_bands"))


def without_effect(settings: TrainSettings, n_classes: int) -> list[str]:
    """Return a sentence for each setting that changes nothing; most runs have none.

    Parameters
    ----------
    settings : TrainSettings
        Settings of a run.
    n_classes : int
        Number of classes, K.
    """
    return [*_of_pooling(settings.pooling, n_classes), *_of_augmentation(settings.training.augment)]


def _of_pooling(pooling: PoolingConfig, n_classes: int) -> list[str]:
    weights, function = pooling.segment_weights, pooling.function
    if weights == "corrected":
        return []
    if not pooling.hierarchy:
        return [f"segment weights `{weights}` have no effect in single pooling, which has no segments"]
    if POOLING_FUNCTIONS[function].takes_largest:
        return [f"segment weights `{weights}` have no effect in {function} pooling, which takes the largest value"]
    if weights == "learned" and pooling.attention_axis == "classes" and n_classes == 1:
        return [
            "learned segment weights over the classes of a single class are all alike: "
            '`attention_axis = "time"` in [pooling] of a preset of your own lets them differ'
        ]
    return []


def _of_augmentation(augment: AugmentConfig) -> list[str]:
    table = vars(augment)
    lacking = [
        (given, other) for pair in _MASKS for given, other in (pair, pair[::-1]) if table[given] and not table[other]
    ]
    return [f"augment.{given} has no effect without augment.{other}" for given, other in lacking]
