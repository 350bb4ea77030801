from dataclasses import replace

import pytest
from sedpipe.nn.pooling import PoolingConfig
from sedpipe.steps.without_effect import without_effect
from sedpipe.training.augment import AugmentConfig
from tiny_dataset import SETTINGS

PLAIN = replace(SETTINGS, pooling=PoolingConfig("linear", (5,)))


@pytest.mark.parametrize(
    ("pooling", "n_classes", "said"),
    [
        (PoolingConfig("linear", (), segment_weights="learned"), 2, "`learned` have no effect in single pooling"),
        (PoolingConfig("linear", (), segment_weights="original"), 2, "`original` have no effect in single pooling"),
        (PoolingConfig("max", (5,), segment_weights="original"), 2, "`original` have no effect in max pooling"),
        (PoolingConfig("linear", (5,), segment_weights="learned"), 1, "of a single class are all alike"),
        (PoolingConfig("linear", (5,), "time", segment_weights="learned"), 1, ""),
        (PoolingConfig("linear", (5,), segment_weights="learned"), 2, ""),
        (PoolingConfig("linear", (5,), segment_weights="original"), 1, ""),
        (PoolingConfig("max", ()), 1, ""),
    ],
)
def test_segment_weights_without_effect_are_reported(pooling: PoolingConfig, n_classes: int, said: str) -> None:
    told = without_effect(replace(PLAIN, pooling=pooling), n_classes)
    assert len(told) == bool(said)
    assert said in "".join(told)


@pytest.mark.parametrize(
    ("augment", "said"),
    [
        (AugmentConfig(time_masks=2), ["augment.time_masks has no effect without augment.time_mask_frames"]),
        (
            AugmentConfig(frequency_mask_bands=8, time_masks=1, time_mask_frames=9),
            ["augment.frequency_mask_bands has no effect without augment.frequency_masks"],
        ),
        (AugmentConfig(shift=True), []),
    ],
)
def test_masks_without_effect_are_reported(augment: AugmentConfig, said: list[str]) -> None:
    assert without_effect(replace(PLAIN, training=replace(PLAIN.training, augment=augment)), 2) == said
