import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sedpipe.detection.words import alike, are_words, packed, unpacked


@given(st.integers(0, 200), st.integers(0, 2**32 - 1))
def test_bits_of_words_equal_the_booleans_and_unused_bits_are_zero(n, seed):
    flags = np.random.default_rng(seed).random((3, 2, n)) < 0.5
    words = packed(flags)
    assert words.shape == (3, 2, -(-n // 64))
    assert words.itemsize == next((size for size in (1, 2, 4) if n <= 8 * size), 8)
    assert np.array_equal(unpacked(words, n), flags)
    assert np.array_equal(unpacked(~words, n), ~flags)
    assert np.array_equal(np.bitwise_count(words).sum(axis=-1), flags.sum(axis=-1))


def test_flags_are_packed_only_if_the_activity_is():
    flags = np.array([[True, False, True]])
    assert alike(flags, np.zeros((1, 3), bool)) is flags
    assert are_words(packed(flags))
    assert not are_words(flags)
    np.testing.assert_array_equal(alike(flags, packed(flags)), packed(flags))
    np.testing.assert_array_equal(alike(packed(flags), packed(flags)), packed(flags))
