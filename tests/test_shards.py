import pytest
from hypothesis import given
from hypothesis import strategies as st
from sedpipe.shards import Shard


@given(st.lists(st.text(), unique=True), st.integers(1, 20))
def test_each_clip_is_in_exactly_one_shard(clip_ids: list[str], count: int) -> None:
    parts = [Shard(index, count) for index in range(1, count + 1)]
    assert all(sum(part.holds(clip_id) for part in parts) == 1 for clip_id in clip_ids)


def test_shards_are_about_equally_large() -> None:
    part = Shard(2, 4)
    assert 2_300 < sum(part.holds(f"clip-{number}") for number in range(10_000)) < 2_700


@pytest.mark.parametrize("written", ["0/4", "5/4", "1/0", "1", "a/b", "-1/4", "1/4/2", ""])
def test_an_invalid_shard_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="expected a part"):
        Shard.parse(written)


def test_a_name_that_is_not_valid_unicode_is_in_one_shard_and_known_shards_are_unchanged() -> None:
    parts = [Shard(index, 3) for index in (1, 2, 3)]
    for name in ("\udce9.wav", "\ud800.wav"):  # a byte that is not UTF-8, and a lone surrogate from JSON
        assert sum(part.holds(name) for part in parts) == 1
    assert [name for name in ("a.wav", "é.wav", "Käuzchen.wav", "b") if Shard(1, 3).holds(name)] == ["a.wav"]
