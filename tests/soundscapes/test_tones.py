import numpy as np
import pytest
from sedpipe.soundscapes import tones
from sedpipe.soundscapes.tones import SAMPLE_RATE, SPEED_OF_SOUND


def strongest(waveform: np.ndarray) -> float:
    strengths = np.abs(np.fft.rfft(waveform * np.hanning(len(waveform))))
    return float(np.argmax(strengths) * SAMPLE_RATE / len(waveform))


def share_near(waveform: np.ndarray, frequency: float) -> float:
    """Share of the energy within 5 Hz of ``frequency``."""
    power = np.abs(np.fft.rfft(waveform)) ** 2
    near = np.abs(np.fft.rfftfreq(len(waveform), 1 / SAMPLE_RATE) - frequency) < 5
    return float(power[near].sum() / power.sum())


def test_a_gate_is_one_inside_its_spans_and_zero_outside_even_for_short_spans():
    opened = tones.gate(SAMPLE_RATE, [(0.1, 0.3), (0.5, 0.52)], 0.05, 0.05)
    at = opened[[round(t * SAMPLE_RATE) for t in (0.05, 0.2, 0.4, 0.51, 0.9)]]
    assert np.allclose(at, [0, 1, 0, 1, 0])


def test_a_staircase_holds_each_value_for_one_step_and_repeats():
    stairs = tones.staircase(2 * SAMPLE_RATE, [1.0, 2.0, 3.0], 0.5, 0.01)
    assert stairs[[round(t * SAMPLE_RATE) for t in (0.25, 0.75, 1.25, 1.75)]].tolist() == [1, 2, 3, 1]


def test_a_harmonic_tone_has_its_harmonics_and_an_rms_of_one():
    tone = tones.harmonic_tone(np.full(SAMPLE_RATE, 441.0), np.array([3.0, 0.0, 4.0]))
    assert share_near(tone, 441) == pytest.approx(9 / 25, abs=1e-3)
    assert share_near(tone, 1_323) == pytest.approx(16 / 25, abs=1e-3)
    assert tone.std() == pytest.approx(1, abs=1e-3)


def test_harmonics_above_the_nyquist_frequency_are_omitted_instead_of_aliased():
    tone = tones.harmonic_tone(np.full(SAMPLE_RATE, 9_000.0), np.ones(5))
    assert share_near(tone, 9_000) + share_near(tone, 18_000) > 0.999


def test_a_sweep_follows_its_pitch_curve():
    sweep = tones.harmonic_tone(tones.curve(2 * SAMPLE_RATE, (0, 500.0), (1, 1_500.0)), np.ones(1))
    for second, pitch in ((0.4, 700), (1.0, 1_000), (1.6, 1_300)):
        middle = round(second * SAMPLE_RATE)
        assert strongest(sweep[middle - 2_205 : middle + 2_205]) == pytest.approx(pitch, abs=15)


def test_strikes_begin_at_the_given_times_with_the_given_levels():
    struck = tones.strikes(100, np.array([10, 50, 200]) / SAMPLE_RATE, np.array([1.0, 0.5, 9.0]), np.array([1.0, -1.0]))
    expected = np.zeros(100)
    expected[[10, 11, 50, 51]] = 1, -1, 0.5, -0.5
    assert np.allclose(struck, expected, atol=1e-12)


def test_a_passing_tone_is_doppler_shifted_and_loudest_when_closest():
    speed, pitch = 20.0, 1_000.0
    source = np.sin(2 * np.pi * pitch * tones.times(7 * SAMPLE_RATE))
    heard = tones.pass_by(source, 6 * SAMPLE_RATE, speed, 2.0, 3.0)
    quiet, loud = np.abs(heard[:4_410]).max(), np.abs(heard[3 * SAMPLE_RATE - 2_205 : 3 * SAMPLE_RATE + 2_205]).max()
    assert strongest(heard[:SAMPLE_RATE]) == pytest.approx(pitch / (1 - speed / SPEED_OF_SOUND), abs=2)
    assert strongest(heard[-SAMPLE_RATE:]) == pytest.approx(pitch / (1 + speed / SPEED_OF_SOUND), abs=2)
    assert loud == pytest.approx(1, abs=0.02)
    assert quiet == pytest.approx(2 / 62, rel=0.1)  # falls as 1 / distance; 60 to 64 m away


def test_outdoor_effects_keep_the_length():
    click = np.zeros(SAMPLE_RATE)
    click[0] = 1
    assert len(tones.outdoors(np.random.default_rng(0), click)) == SAMPLE_RATE
