from dataclasses import replace

from sedpipe.nn.pooling import PoolingConfig
from tiny_dataset import SETTINGS


def test_the_default_run_name_contains_the_settings_that_distinguish_runs() -> None:
    assert SETTINGS.default_run() == "tiny-linear-5-seed0"
    single = replace(SETTINGS, pooling=PoolingConfig("attention", ()), seed=3)
    assert single.default_run() == "tiny-attention-single-seed3"
    learned = replace(SETTINGS, pooling=PoolingConfig("linear", (5, 5), segment_weights="learned"), recipe="strong")
    assert learned.default_run() == "tiny-strong-linear-5x5-learned-seed0"


def test_the_default_run_name_does_not_depend_on_the_hardware() -> None:
    elsewhere = replace(SETTINGS, device="cuda", threads=16, precision="bfloat16", compiled=True, devices=4)
    assert elsewhere.default_run() == SETTINGS.default_run()
