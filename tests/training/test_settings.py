from dataclasses import replace

from sedpipe.nn.pooling import PoolingConfig
from tiny_dataset import SETTINGS


def test_a_run_is_called_by_what_tells_it_from_the_others_of_a_table() -> None:
    assert SETTINGS.default_run() == "tiny-linear-5-seed0"
    single = replace(SETTINGS, pooling=PoolingConfig("attention", ()), seed=3)
    assert single.default_run() == "tiny-attention-single-seed3"
    learned = replace(SETTINGS, pooling=PoolingConfig("linear", (5, 5), segment_weights="learned"), recipe="strong")
    assert learned.default_run() == "tiny-strong-linear-5x5-learned-seed0"


def test_where_it_runs_is_no_part_of_its_name() -> None:
    elsewhere = replace(SETTINGS, device="cuda", threads=16, precision="bfloat16", compiled=True, devices=4)
    assert elsewhere.default_run() == SETTINGS.default_run()
