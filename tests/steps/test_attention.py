import pytest
from sedpipe.nn.pooling import PoolingConfig
from sedpipe.steps.attention import remark_on_attention


@pytest.mark.parametrize(
    ("pooling", "n_classes", "is_told"),
    [
        (PoolingConfig("attention", ()), 1, True),
        (PoolingConfig("attention", (5,)), 1, True),
        (PoolingConfig("attention", ()), 2, False),
        (PoolingConfig("attention", (), "time"), 1, False),
        (PoolingConfig("linear", ()), 1, False),
    ],
)
def test_attention_over_a_single_class_is_reported_to_be_an_average(
    pooling: PoolingConfig, n_classes: int, *, is_told: bool
) -> None:
    assert bool(remark_on_attention(pooling, n_classes)) == is_told
