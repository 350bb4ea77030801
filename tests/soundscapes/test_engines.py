import numpy as np
import pytest
from sedpipe.soundscapes.engines import BUS, CAR, MOTORCYCLES, TRUCK, Engine, engine_sound

RATE = 44_100


@pytest.mark.parametrize(
    ("engine", "slowest", "fastest"),
    [(TRUCK, 26, 45), (BUS, 45, 75), (CAR, 50, 120), (MOTORCYCLES[0], 15.8, 45.9), (MOTORCYCLES[1], 21.6, 75)],
)
def test_firing_rates_match_a_four_stroke_engine(engine: Engine, slowest: float, fastest: float) -> None:
    rates = [engine.firing_rate(rpm) for rpm in (engine.idle_rpm, engine.top_rpm)]
    assert rates == pytest.approx([slowest, fastest], rel=0.01)


def test_an_evenly_firing_engine_has_a_spectral_peak_at_its_firing_rate() -> None:
    rpm = np.full(4 * RATE, 1800.0)
    sound = engine_sound(np.random.default_rng(0), CAR, rpm, sharpness=12, brightness=900, hiss=0.05)
    power = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2
    frequencies = np.fft.rfftfreq(len(sound), 1 / RATE)
    firing = CAR.firing_rate(1800)  # 60 Hz

    def near(frequency: float) -> float:
        return float(power[np.abs(frequencies - frequency) < 3].sum())

    assert near(firing) > 10 * near(firing * 0.75)


def test_the_random_generator_alone_determines_the_sound() -> None:
    rpm = np.linspace(900, 1500, RATE)
    sounds = [
        engine_sound(np.random.default_rng(seed), BUS, rpm, sharpness=12, brightness=900, hiss=0.1)
        for seed in (1, 1, 2)
    ]
    np.testing.assert_array_equal(sounds[0], sounds[1])
    assert not np.array_equal(sounds[0], sounds[2])
    assert all(np.isfinite(sound).all() for sound in sounds)
