import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sedpipe.detection.segment_tallies import SegmentTally, packed, unpacked


@given(st.integers(0, 200), st.integers(0, 2**32 - 1))
def test_bits_of_words_are_the_booleans_and_the_bits_beyond_them_are_dark(n, seed):
    flags = np.random.default_rng(seed).random((3, 2, n)) < 0.5
    words = packed(flags)
    assert words.shape == (3, 2, -(-n // 64))
    assert np.array_equal(unpacked(words, n), flags)
    assert np.array_equal(np.bitwise_count(words).sum(axis=-1), flags.sum(axis=-1))


def test_clips_that_are_parted_and_put_together_score_as_before():
    g = np.random.default_rng(0)
    whole = SegmentTally(*g.integers(1, 9, (4, 20)))
    mask = g.random(20) < 0.5
    again = SegmentTally.together([whole.of(mask), whole.of(~mask)])
    for name in ("min_er", "max_f1"):
        assert again.score(name) == pytest.approx(whole.score(name))
    assert whole.cost("max_f1") == -whole.score("max_f1")
    assert whole.cost("min_er") == whole.score("min_er") == whole.errors.sum() / whole.n_reference.sum()
