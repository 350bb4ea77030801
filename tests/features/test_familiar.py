import numpy as np
import pytest
import soxr
from hypothesis import given
from hypothesis import strategies as st
from sedpipe.features.familiar import NARROW, Extent, Familiar

RATE = 44_100


def extent_of(samples: np.ndarray, rate: int = RATE) -> Extent:
    extent = Extent(rate)
    extent.hear(samples)
    return extent


def noise(seconds: float = 2.0, level: float = 0.05, seed: int = 0) -> np.ndarray:
    return level * np.random.default_rng(seed).standard_normal(round(seconds * RATE))


def as_recorded(samples: np.ndarray, rate: int) -> np.ndarray:
    """Resample to a lower rate, round to 16 bits, and resample back."""
    return soxr.resample(np.round(soxr.resample(samples, RATE, rate) * 2**15) / 2**15, rate, RATE)


@pytest.mark.parametrize("rate", [8000, 16_000, 22_050])
def test_the_bandwidth_is_half_of_the_original_sample_rate(rate):
    assert extent_of(as_recorded(noise(), rate)).bandwidth_hz == pytest.approx(rate / 2, rel=0.15)


def test_noise_of_rounding_to_16_bits_does_not_widen_the_bandwidth():
    rounded = np.round(as_recorded(noise(), 8000) * 2**15) / 2**15
    assert extent_of(rounded).bandwidth_hz == pytest.approx(4000, rel=0.15)


def test_clicks_and_silence_do_not_widen_the_bandwidth():
    narrow = as_recorded(noise(), 8000)
    narrow[0] = narrow[RATE] = 0.9
    padded = np.concatenate([narrow, np.zeros(8 * RATE)])
    assert extent_of(padded).bandwidth_hz == pytest.approx(4000, rel=0.15)


def test_the_level_is_that_of_the_loudest_moment():
    burst = np.concatenate([np.zeros(RATE), noise(0.1, 0.1), np.zeros(5 * RATE)])
    assert extent_of(burst).loudest_db == pytest.approx(-20, abs=1)
    assert extent_of(0.01 * burst).loudest_db == pytest.approx(-60, abs=1)


@given(st.lists(st.integers(0, 9000), min_size=1, max_size=6))
def test_reading_in_pieces_does_not_change_level_or_bandwidth(lengths):
    samples, whole, pieces = noise(1.3), extent_of(noise(1.3)), Extent(RATE)
    at = 0
    for length in [*lengths, len(samples)]:
        pieces.hear(samples[at : at + length])
        at += length
    assert (pieces.loudest_db, pieces.bandwidth_hz) == (whole.loudest_db, whole.bandwidth_hz)


def test_an_empty_or_silent_recording_has_a_negligible_level_and_no_bandwidth():
    for samples in (np.zeros(0), np.zeros(10), np.zeros(RATE)):
        extent = extent_of(samples)
        assert extent.loudest_db < -150
        assert extent.bandwidth_hz == 0


def test_only_faint_or_narrow_recordings_get_a_remark():
    familiar = Familiar.of([extent_of(noise(seed=seed, level=level)) for seed, level in enumerate((0.03, 0.05, 0.2))])
    assert familiar.remarks(extent_of(noise(seed=9))) == []
    (narrow,) = familiar.remarks(extent_of(as_recorded(noise(seed=9, level=0.1), 8000)))
    assert "nothing above 4." in narrow
    (faint,) = familiar.remarks(extent_of(0.01 * noise(seed=9)))
    assert "quieter than the recordings that the model was trained on: its loudest moment is at -65 dB" in faint
    both = extent_of(0.01 * as_recorded(noise(seed=9), 8000))
    assert len(familiar.remarks(both)) == 2


def test_augmentation_of_level_and_bandwidth_makes_faint_and_narrow_recordings_familiar():
    rolling_off = as_recorded(noise(level=0.1), 8000) + 1e-3 * noise()
    whole = extent_of(rolling_off)
    both = extent_of(0.01 * as_recorded(noise(seed=9), 8000))
    assert Familiar.of([whole], quieter_db=60, any_width=True).remarks(both) == []
    attenuated = [
        gain
        for gain in range(0, 46, 5)
        if Familiar.of([whole], quieter_db=45).remarks(extent_of(10 ** (-gain / 20) * rolling_off))
    ]
    assert attenuated == []
    assert Familiar.of([whole]).remarks(extent_of(10 ** (-45 / 20) * rolling_off))


@pytest.mark.parametrize("gain_db", [-10, -30, -60])
def test_a_quiet_recording_is_not_called_narrow(gain_db):
    loud, familiar = noise(level=0.3) * 1e-3 + np.sin(np.arange(2 * RATE)) / 3, Familiar(-20.0, 20_000.0)
    assert familiar.remarks(extent_of(loud)) == []
    (only,) = familiar.remarks(extent_of(10 ** (gain_db / 20) * loud))
    assert only.startswith("quieter than the recordings")


def test_a_very_short_sound_gets_no_remark_on_its_bandwidth():
    tone = np.sin(2 * np.pi * 500 / RATE * np.arange(RATE)) / 3
    moment, familiar = tone[: round(0.045 * RATE)], Familiar(-20.0, 20_000.0)
    assert familiar.remarks(extent_of(moment)) == familiar.remarks(extent_of(np.pad(moment, RATE))) == []
    assert len(familiar.remarks(extent_of(tone))) == 1


def test_the_bandwidth_at_a_gain_equals_that_of_the_amplified_recording():
    samples = noise(level=1e-4) + 0.1 * np.sin(np.arange(2 * RATE) / 9)
    for gain_db in (-40, -7, 0, 12, 50):
        amplified = extent_of(10 ** (gain_db / 20) * samples)
        assert extent_of(samples).bandwidth_at(gain_db) == amplified.bandwidth_hz


def test_half_the_bandwidth_is_narrow_and_that_of_music_codecs_is_not():
    familiar = Familiar(-60.0, RATE / 2)
    assert 0.5 < NARROW < 0.7
    assert familiar.remarks(extent_of(as_recorded(noise(), 22_050)))
    assert not familiar.remarks(extent_of(as_recorded(noise(), 32_000)))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "loud", True, None])
def test_values_that_are_not_finite_numbers_are_refused(value):
    with pytest.raises(ValueError, match="quietest_db must be a finite number"):
        Familiar(value, 1.0)
