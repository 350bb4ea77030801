import io

import librosa
import numpy as np
import pytest
from PIL import Image
from sedpipe.views.page.spectrogram import (
    PALETTE,
    Bands,
    decibel_range,
    frequencies_of,
    height_of_frequency,
    spectrogram_png,
)


def drawn(features, decibels):
    with Image.open(io.BytesIO(spectrogram_png(features, decibels))) as picture:
        return np.asarray(picture)


def test_colours_grow_lighter_from_first_to_last_so_that_greyscale_prints_are_readable():
    luminance = (PALETTE / 255.0) ** 2.2 @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(luminance) > 0).all()


def test_time_runs_to_the_right_and_bands_run_upwards():
    features = np.full((50, 8), -80.0)
    features[10, 1] = 0.0  # the second band, in the eleventh frame
    picture = drawn(features, (-80.0, 0.0))
    assert picture.shape == (8, 50)
    assert np.argwhere(picture == len(PALETTE) - 1).tolist() == [[6, 10]]


def test_values_beyond_the_range_get_the_colours_of_its_ends():
    picture = drawn(np.array([[-200.0, 50.0]]), (-80.0, 0.0))
    assert picture.ravel().tolist() == [len(PALETTE) - 1, 0]


def test_a_silent_clip_can_be_drawn():
    silence = np.full((5, 4), -100.0)
    assert drawn(silence, decibel_range([silence])).max() == 0


@pytest.mark.parametrize(
    "bands",
    [
        Bands(0.0, 22_050.0, 80),
        Bands(0.0, 8000.0, 64),
        Bands(0.0, 500.0, 16),
        Bands(50.0, 14_000.0, 64),
        Bands(1000.0, 8000.0, 40),
    ],
)
def test_each_band_peaks_in_the_middle_of_its_row(bands):
    peaks = librosa.mel_frequencies(bands.count + 2, fmin=bands.low, fmax=bands.high)[1:-1]
    heights = [height_of_frequency(peak, bands) for peak in peaks.tolist()]
    assert heights == pytest.approx((np.arange(bands.count) + 0.5) / bands.count)


def test_only_frequencies_within_the_bands_are_labelled():
    assert [name for name, _ in frequencies_of(Bands(1000.0, 9000.0, 40))] == ["2 kHz", "8 kHz"]
    kong = dict(frequencies_of(Bands(50.0, 14_000.0, 64)))
    assert kong["8 kHz"] == pytest.approx(85.1, abs=0.1)
    assert max(kong.values()) < 100
