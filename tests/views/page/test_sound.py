import io

import numpy as np
import pytest
import soundfile
from sedpipe.views.page.sound import QUALITIES, best_quality, encode_mp3

BEST = QUALITIES[0]


def chirp(seconds, rate=BEST.sample_rate):
    time = np.arange(round(seconds * rate)) / rate
    return 0.4 * np.sin(2 * np.pi * (200 + 300 * time) * time)


@pytest.mark.parametrize("quality", QUALITIES)
@pytest.mark.parametrize("seconds", [0.05, 1.0, 3.217, 10.0])
def test_another_decoder_reproduces_the_waveform_without_delay(seconds, quality):
    waveform = chirp(seconds, quality.sample_rate)
    heard, rate = soundfile.read(io.BytesIO(encode_mp3([waveform], quality)))
    assert rate == quality.sample_rate
    assert (
        0 <= len(heard) - len(waveform) <= (0 if quality == BEST else 0.002 * rate)
    )  # padding that the file miscounts
    heard = heard[: len(waveform)]
    likeness = [np.corrcoef(np.roll(heard, lag), waveform)[0, 1] for lag in range(-3, 4)]
    assert np.argmax(likeness) == 3  # neither early nor late by a sample
    assert likeness[3] > (0.999 if quality == BEST else 0.9)


@pytest.mark.parametrize("quality", QUALITIES)
def test_a_file_has_the_size_expected_for_its_quality_and_is_reproducible(quality):
    waveform = chirp(10.0, quality.sample_rate)
    encoded = encode_mp3([waveform], quality)
    assert len(encoded) == pytest.approx(quality.bytes_of(10.0), rel=0.03)
    assert encoded == encode_mp3([waveform], quality)


def test_block_boundaries_do_not_change_the_encoding():
    waveform = chirp(3.0)
    assert encode_mp3(np.split(waveform, [1, 1000, 5000, 88_000]), BEST) == encode_mp3([waveform], BEST)


def test_the_best_quality_that_fits_is_chosen_and_none_if_none_fits():
    for quality in QUALITIES:
        assert best_quality(60.0, quality.bytes_of(60.0)) == quality
    assert best_quality(60.0, QUALITIES[-1].bytes_of(60.0) - 1) is None


def test_samples_beyond_full_scale_are_clipped_and_not_wrapped():
    heard, _ = soundfile.read(io.BytesIO(encode_mp3([3 * chirp(1.0)], BEST)))
    assert np.corrcoef(heard, np.clip(3 * chirp(1.0), -1, 1))[0, 1] > 0.99
