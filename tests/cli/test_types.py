import click
import pytest
from sedpipe.cli.types import BytesType, HierarchyType, PoolingsType, PoolingType, Quantity, SeedsType, ShardType
from sedpipe.shards import Shard


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (ShardType(), "2/8", Shard(2, 8)),
        (SeedsType(), "0,3,0", (0, 3)),
        (PoolingType(), "linear", "linear"),
        (PoolingsType(), "auto,linear,auto", ("auto", "linear")),
        (HierarchyType(), "5,5", (5, 5)),
        (HierarchyType(), "none", ()),
        (BytesType(), "500K", 500 * 1024),
        (BytesType(), "1.5m", 3 * 2**19),
        (BytesType(), "7", 7),
        (Quantity(0), "1e300", 1e300),
    ],
)
def test_valid_text_is_converted_and_values_pass_unchanged(kind: click.ParamType, text: str, value: object) -> None:
    assert kind.convert(text, None, None) == value
    if not isinstance(value, int | str):
        assert kind.convert(value, None, None) == value


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        (ShardType(), "9/8", "expected a part"),
        (SeedsType(), "0,-1", "expected seeds like 0,1,2, got '0,-1'"),
        (SeedsType(), "", "expected seeds"),
        (PoolingType(), "mean", "expected one of max, average, linear"),
        (PoolingsType(), "linear,mean", "got 'mean'"),
        (HierarchyType(), "5;5", "expected groups like 5,5 or none, got '5;5'"),
        (BytesType(), "fast", "expected bytes a second like 500K or 2M, got 'fast'"),
        (BytesType(), "0", "expected bytes a second"),
        (BytesType(), "9" * 400, "expected bytes a second"),
        (Quantity(0), "nan", "expected a number, got 'nan'"),
        (Quantity(0), "inf", "expected a number, got 'inf'"),
        (Quantity(0, 1), "1.5", "1.5 is not in the range"),
    ],
)
def test_invalid_text_is_refused_with_what_was_expected(kind: click.ParamType, text: str, said: str) -> None:
    with pytest.raises(click.BadParameter, match=said):
        kind.convert(text, None, None)
