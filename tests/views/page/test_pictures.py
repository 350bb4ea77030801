import base64
import io

import numpy as np
import pytest
from PIL import Image
from sedpipe.views.page import pictures
from sedpipe.views.page.pictures import MOST_COLUMNS, pictures_of
from sedpipe.views.page.spectrogram import PALETTE

G = np.random.default_rng(0)


def opened(picture):
    kind, _, content = picture.src.partition(";base64,")
    image = Image.open(io.BytesIO(base64.b64decode(content)))
    assert kind == f"data:image/{image.format.lower()}"
    return np.asarray(image.convert("RGB")).astype(float)


def smooth(n_frames):
    """Return features whose neighbours are similar, as in sounds: compressed pictures may blur noise."""
    time, band = np.arange(n_frames)[:, None], np.arange(40)
    return -50 + 30 * np.sin(time / 25) * np.cos(band / 9)


def test_a_picture_shows_each_value_in_its_palette_colour():
    features = smooth(300)
    [picture] = pictures_of(features, (-80.0, -20.0), 6.0)
    shown = opened(picture)
    expected = PALETTE[np.rint((features.T[::-1] + 80) / 60 * (len(PALETTE) - 1)).astype(int)].astype(float)
    assert shown.shape == (40, 300, 3)
    assert np.abs(shown - expected).mean() < 6  # of 255


def test_without_webp_a_picture_is_a_lossless_png(monkeypatch):
    monkeypatch.setattr(pictures, "_has_webp", lambda: False)
    features = G.normal(-50, 10, (50, 8))
    [picture] = pictures_of(features, (-80.0, -20.0), 1.0)
    expected = PALETTE[np.rint(np.clip((features.T[::-1] + 80) / 60, 0, 1) * (len(PALETTE) - 1)).astype(int)]
    assert np.array_equal(opened(picture), expected)


@pytest.mark.parametrize("n_frames", [1, MOST_COLUMNS, MOST_COLUMNS + 1, 2 * MOST_COLUMNS + 7])
def test_pictures_follow_each_other_without_a_gap(n_frames):
    duration = n_frames * 0.02
    made = pictures_of(np.zeros((n_frames, 4)), (-1.0, 1.0), duration)
    assert [picture.start for picture in made] == [0.0, *(picture.end for picture in made[:-1])]
    assert made[-1].end == pytest.approx(duration)
    for picture in made:
        assert opened(picture).shape[1] == round((picture.end - picture.start) / 0.02) <= MOST_COLUMNS
