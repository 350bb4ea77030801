import io

import librosa
import numpy as np
import pytest
from PIL import Image
from sedpipe.views.page.spectrogram import PALETTE, decibel_range, height_of_frequency, spectrogram_png


def drawn(features, decibels):
    with Image.open(io.BytesIO(spectrogram_png(features, decibels))) as picture:
        return np.asarray(picture)


def test_colours_grow_lighter_from_first_to_last_so_that_grey_print_reads_the_same():
    luminance = (PALETTE / 255.0) ** 2.2 @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(luminance) > 0).all()


def test_time_goes_right_and_bands_go_up():
    features = np.full((50, 8), -80.0)
    features[10, 1] = 0.0  # the second band, in the eleventh frame
    picture = drawn(features, (-80.0, 0.0))
    assert picture.shape == (8, 50)
    assert np.argwhere(picture == len(PALETTE) - 1).tolist() == [[6, 10]]


def test_what_is_beyond_the_range_has_its_colours():
    picture = drawn(np.array([[-200.0, 50.0]]), (-80.0, 0.0))
    assert picture.ravel().tolist() == [len(PALETTE) - 1, 0]


def test_a_silent_clip_is_a_picture_too():
    silence = np.full((5, 4), -100.0)
    assert drawn(silence, decibel_range([silence])).max() == 0


@pytest.mark.parametrize(("sample_rate", "n_mels"), [(44_100, 80), (16_000, 64), (1000, 16)])
def test_each_band_peaks_in_the_middle_of_its_row(sample_rate, n_mels):
    peaks = librosa.mel_frequencies(n_mels + 2, fmin=0.0, fmax=sample_rate / 2)[1:-1]
    heights = [height_of_frequency(peak, sample_rate, n_mels) for peak in peaks.tolist()]
    assert heights == pytest.approx((np.arange(n_mels) + 0.5) / n_mels)
