import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image
from sedpipe.views.png import encode_png

PALETTES = st.integers(1, 256).flatmap(lambda n: arrays(np.uint8, (n, 3)))


@given(PALETTES, st.integers(1, 20), st.integers(1, 20), st.integers(0, 2**32 - 1))
def test_pillow_reads_the_same_picture(palette, height, width, seed):
    indices = np.random.default_rng(seed).integers(len(palette), size=(height, width), dtype=np.uint8)
    with Image.open(io.BytesIO(encode_png(indices, palette))) as picture:
        assert np.array_equal(np.asarray(picture.convert("RGB")), palette[indices])


@pytest.mark.parametrize(
    ("indices", "palette", "complaint"),
    [
        (np.zeros((0, 3), np.uint8), np.zeros((1, 3), np.uint8), "indices must be uint8"),
        (np.zeros((2, 3)), np.zeros((1, 3), np.uint8), "indices must be uint8"),
        (np.zeros((2, 3), np.uint8), np.zeros((257, 3), np.uint8), "palette must be uint8"),
        (np.full((2, 3), 5, np.uint8), np.zeros((5, 3), np.uint8), "index 5 has no colour"),
    ],
)
def test_invalid_indices_or_palettes_are_refused(indices, palette, complaint):
    with pytest.raises(ValueError, match=complaint):
        encode_png(indices, palette)
