import pytest
from hypothesis import given
from hypothesis import strategies as st
from sedpipe.hierarchy import as_name, as_option, parse


@given(st.lists(st.integers(2, 999)).map(tuple))
def test_parse_inverts_as_option(hierarchy: tuple[int, ...]) -> None:
    assert parse(as_option(hierarchy)) == hierarchy


@given(st.lists(st.integers(2, 999), max_size=4).map(tuple), st.lists(st.integers(2, 999), max_size=4).map(tuple))
def test_two_hierarchies_never_share_a_name(one: tuple[int, ...], other: tuple[int, ...]) -> None:
    assert (as_name(one) == as_name(other)) == (one == other)


@pytest.mark.parametrize("text", ["", "5,", "5x5", "-5", "5.0", "None", "\u0665", "1" * 10, "1" * 20])
def test_invalid_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^expected groups like 5,5 or none, got "):
        parse(text)


def test_a_group_size_of_nine_digits_is_accepted() -> None:
    assert parse("999999999,2") == (999_999_999, 2)
