import io

import numpy as np
import pytest
import soundfile
from sedpipe.views.page.sound import BITS_PER_SECOND, encode_mp3

RATE = 44_100


def chirp(seconds):
    time = np.arange(round(seconds * RATE)) / RATE
    return 0.4 * np.sin(2 * np.pi * (200 + 300 * time) * time)


@pytest.mark.parametrize("seconds", [0.05, 1.0, 3.217, 10.0])
def test_another_decoder_hears_the_same_from_the_first_sample_to_the_last(seconds):
    waveform = chirp(seconds)
    heard, rate = soundfile.read(io.BytesIO(encode_mp3(waveform, RATE)))
    assert (rate, heard.shape) == (RATE, waveform.shape)
    assert np.corrcoef(heard, waveform)[0, 1] > 0.999  # one sample late would be seen: the chirp reaches 3 kHz


def test_ten_seconds_are_sixty_kilobytes_and_always_the_same():
    encoded = encode_mp3(chirp(10.0), RATE)
    assert len(encoded) == pytest.approx(10 * BITS_PER_SECOND / 8, rel=0.02)
    assert encoded == encode_mp3(chirp(10.0), RATE)


def test_what_is_too_loud_is_cut_and_not_wrapped():
    heard, _ = soundfile.read(io.BytesIO(encode_mp3(3 * chirp(1.0), RATE)))
    assert np.corrcoef(heard, np.clip(3 * chirp(1.0), -1, 1))[0, 1] > 0.99
