import base64

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sedpipe.detection.postprocess import PostProcessing, activity
from sedpipe.frames import FrameGrid
from sedpipe.views.page.probabilities import encoded, ten_thousandths

PROBS = arrays(np.float32, 20, elements=st.floats(0, 1, width=32))


@given(PROBS, st.integers(0, 10_000))
def test_the_same_frames_are_active_at_any_threshold_of_four_decimals(probs, k):
    active = activity(probs[:, None], PostProcessing(k / 10_000), FrameGrid(100, 8))[:, 0]
    assert np.array_equal(ten_thousandths(probs) >= k, active)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_probability_equal_to_a_threshold_reaches_it(dtype):
    probs = (np.arange(0, 10_001, 100) / 10_000).astype(dtype)
    assert np.array_equal(ten_thousandths(probs), np.arange(0, 10_001, 100)) or dtype == np.float16
    assert (ten_thousandths(probs) >= np.arange(0, 10_001, 100)).all()


def test_values_outside_0_to_1_are_clipped():
    assert ten_thousandths(np.array([-0.1, 1.1])).tolist() == [0, 10_000]


def test_the_encoding_has_two_little_endian_bytes_per_frame():
    assert base64.b64decode(encoded(np.array([0.0, 0.5, 1.0]))) == bytes([0, 0, 0x88, 0x13, 0x10, 0x27])
