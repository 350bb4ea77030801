"""Properties of the synthetic sounds, measured from the samples; only engine data are read from the synthesis."""

from functools import cache

import numpy as np
import pytest
from scipy import signal
from sedpipe.soundscapes.engines import BUS, CAR, MOTORCYCLES, TRUCK
from sedpipe.soundscapes.synth import SAMPLE_RATE, SOUNDS, synthesise

DCASE_ORDER = (
    "Train horn",
    "Air horn, truck horn",
    "Car alarm",
    "Reversing beeps",
    "Ambulance (siren)",
    "Police car (siren)",
    "Fire engine, fire truck (siren)",
    "Civil defense siren",
    "Screaming",
    "Bicycle",
    "Skateboard",
    "Car",
    "Car passing by",
    "Bus",
    "Truck",
    "Motorcycle",
    "Train",
)
SEEDS = range(5)
TRAIN_SEEDS, TEST_SEEDS = range(8), range(8, 12)

every_label = pytest.mark.parametrize("label", DCASE_ORDER)
every_seed = pytest.mark.parametrize("seed", SEEDS)


@cache
def take(label: str, seed: int) -> np.ndarray:
    waveform = synthesise(label, np.random.default_rng(seed))
    waveform.setflags(write=False)
    return waveform


def levels(waveform: np.ndarray, frame: float = 0.02) -> np.ndarray:
    """Level of each frame in dB."""
    length = round(frame * SAMPLE_RATE)
    frames = waveform[: len(waveform) // length * length].reshape(-1, length)
    return 10 * np.log10(np.mean(frames**2, axis=1) + 1e-12)


def band(waveform: np.ndarray, low: float, high: float) -> np.ndarray:
    return signal.sosfilt(signal.butter(4, (low, high), "bandpass", fs=SAMPLE_RATE, output="sos"), waveform)


def envelope(waveform: np.ndarray, rate: int) -> np.ndarray:
    """RMS ``rate`` times a second."""
    return 10 ** (levels(waveform, 1 / rate) / 20)


def autocorrelation(waveform: np.ndarray) -> np.ndarray:
    centred = waveform - waveform.mean()
    spectrum = np.abs(np.fft.rfft(centred, 2 * len(centred))) ** 2
    found = np.fft.irfft(spectrum)[: len(centred)] / (1 - np.arange(len(centred)) / len(centred))
    return found / found[0]


def period(waveform: np.ndarray, rate: float, low: float, high: float, share: float = 0.85) -> float:
    """Frequency in Hz, within ``low`` to ``high``, of the shortest lag almost as good as the best one."""
    found = autocorrelation(waveform)
    first, last = int(rate / high), int(rate / low) + 1
    peaks, _ = signal.find_peaks(found[: last + 1])
    peaks = peaks[peaks >= first]
    if not len(peaks):
        return float("nan")
    lag = peaks[found[peaks] >= share * found[peaks].max()][0]
    bend = found[lag - 1] - 2 * found[lag] + found[lag + 1]
    return rate / (lag + 0.5 * (found[lag - 1] - found[lag + 1]) / bend)


def pitches(waveform: np.ndarray, low: float, high: float, frame: float = 0.03, hop: float = 0.015) -> np.ndarray:
    starts = range(0, len(waveform) - round(frame * SAMPLE_RATE), round(hop * SAMPLE_RATE))
    frames = (waveform[start : start + round(frame * SAMPLE_RATE)] for start in starts)
    found = np.array([period(piece, SAMPLE_RATE, low, high) for piece in frames])
    return found[np.isfinite(found)]


def spectrum(waveform: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.fft.rfftfreq(len(waveform), 1 / SAMPLE_RATE), np.abs(np.fft.rfft(waveform * np.hanning(len(waveform))))


def strongest(waveform: np.ndarray, low: float, high: float) -> float:
    frequencies, strengths = spectrum(waveform)
    inside = (frequencies >= low) & (frequencies <= high)
    return float(frequencies[inside][np.argmax(strengths[inside])])


def fundamentals(waveform: np.ndarray) -> list[float]:
    """Pitches from 140 to 640 Hz, in the longest blast, that are not a multiple of a lower one."""
    loud = levels(waveform) > levels(waveform).max() - 15
    edges = np.flatnonzero(np.diff(np.concatenate([[0], loud.astype(int), [0]])))
    longest = np.argmax(edges[1::2] - edges[::2])
    blast = waveform[
        round(0.02 * SAMPLE_RATE) * edges[2 * longest] : round(0.02 * SAMPLE_RATE) * edges[2 * longest + 1]
    ]
    frequencies, strengths = spectrum(blast)
    inside = (frequencies > 140) & (frequencies < 640)
    frequencies, strengths = frequencies[inside], strengths[inside]
    width = int(8 / (frequencies[1] - frequencies[0]))
    peaks, _ = signal.find_peaks(strengths, height=0.1 * strengths.max(), distance=width)
    found: list[float] = []
    for pitch in frequencies[peaks]:
        if all(abs(pitch / lower - round(pitch / lower)) > 0.03 for lower in found):
            found.append(float(pitch))
    return found


def sweep_speed(track: np.ndarray, hop: float = 0.015) -> float:
    """Typical speed of a sweep in octaves a second, without jumps between octaves."""
    steps = np.abs(np.diff(np.log2(track)))
    return float(np.quantile(steps[steps < 0.3], 0.75) / hop)


def runs(active: np.ndarray) -> tuple[list[int], list[int]]:
    """Lengths of the stretches of True, and of those of False between them."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], active.astype(int), [0]])))
    lengths = np.diff(edges).tolist()
    return lengths[::2], lengths[1::2]


def whitened(waveform: np.ndarray) -> np.ndarray:
    """Noise of any colour made flat, so that only tones stand out."""
    frequencies = np.fft.rfft(waveform)
    smooth = np.convolve(np.abs(frequencies), np.full(301, 1 / 301), "same")
    return np.fft.irfft(frequencies / smooth)


def pulse(label: str) -> np.ndarray:
    """Strongest low periodicity of five takes, looked for in the same range for every vehicle."""
    return np.concatenate([pitches(band(take(label, seed), 20, 400), 22, 135, 0.25, 0.25) for seed in SEEDS])


def test_there_is_one_sound_for_each_label_in_dcase_order():
    assert tuple(SOUNDS) == DCASE_ORDER


@every_label
def test_the_same_generator_state_gives_the_same_samples(label):
    assert np.array_equal(take(label, 3), synthesise(label, np.random.default_rng(3)))


@every_label
def test_the_global_random_state_is_not_changed(label):
    before = np.random.get_state()  # noqa: NPY002
    synthesise(label, np.random.default_rng(3))  # not take(), whose result may be cached
    after = np.random.get_state()  # noqa: NPY002
    assert np.array_equal(before[1], after[1])
    assert before[2:] == after[2:]


@every_label
def test_different_seeds_give_different_takes(label):
    assert len({take(label, seed).tobytes() for seed in SEEDS}) == len(SEEDS)
    assert len({len(take(label, seed)) for seed in SEEDS}) > 1


@every_label
def test_takes_are_finite_audible_mono_and_0_6_to_8_seconds_long(label):
    for seed in range(12):
        waveform = take(label, seed)
        assert waveform.dtype == np.float64
        assert waveform.ndim == 1
        assert 0.6 <= len(waveform) / SAMPLE_RATE <= 8
        assert np.isfinite(waveform).all()
        assert 0.5 < np.abs(waveform).max() <= 1
        assert waveform.std() > 0.03
        assert abs(waveform.mean()) < 0.01


@every_label
def test_more_than_half_of_each_take_lies_within_26_db_of_its_loudest_frame(label):
    for seed in range(12):
        loud = levels(take(label, seed))
        assert np.mean(loud > loud.max() - 26) > 0.5


def test_the_error_for_an_unknown_label_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"no sound is called 'Tram', expected one of: Train horn; Air horn, truck"):
        synthesise("Tram", np.random.default_rng(0))


@every_seed
def test_a_train_horn_has_at_least_three_notes_and_a_truck_horn_at_most_two(seed):
    chord, horn = fundamentals(take("Train horn", seed)), fundamentals(take("Air horn, truck horn", seed))
    assert len(chord) >= 3
    assert 240 < chord[0] < 340
    assert len(horn) <= 2
    assert 140 < horn[0] < 240


@every_seed
def test_a_car_alarm_switches_between_pitches_above_one_kilohertz(seed):
    track = pitches(band(take("Car alarm", seed), 1_200, 4_000), 1_200, 4_000)
    assert np.quantile(track, 0.95) / np.quantile(track, 0.05) > 1.15
    assert np.median(track) > 1_300


@every_seed
def test_reversing_beeps_are_near_one_kilohertz_and_half_a_second_on_and_off(seed):
    waveform = take("Reversing beeps", seed)
    assert 890 < strongest(waveform, 50, 20_000) < 1_310
    on, off = runs(levels(waveform) > levels(waveform).max() - 20)
    assert len(on) >= 2
    assert all(0.34 <= 0.02 * length <= 0.68 for length in on + off)


@every_seed
def test_an_ambulance_alternates_between_two_pitches_about_a_fourth_apart(seed):
    track = pitches(take("Ambulance (siren)", seed), 390, 980, 0.04)
    middle = np.sqrt(np.quantile(track, 0.1) * np.quantile(track, 0.9))
    low, high = np.median(track[track < middle]), np.median(track[track > middle])
    on_pitch = np.minimum(np.abs(track / low - 1), np.abs(track / high - 1)) < 0.02
    assert 1.24 < high / low < 1.40
    assert on_pitch.mean() > 0.85
    assert np.count_nonzero(np.diff(track > middle)) >= 4


@every_seed
def test_a_police_siren_sweeps_several_times_faster_than_a_civil_defence_siren(seed):
    police = pitches(band(take("Police car (siren)", seed), 450, 1_800), 500, 1_700)
    civil = pitches(band(take("Civil defense siren", seed), 250, 560), 150, 600, 0.1)
    assert sweep_speed(police) > 4 * sweep_speed(civil)
    assert np.quantile(police, 0.95) / np.quantile(police, 0.05) > 1.7


@every_seed
def test_a_civil_defence_siren_is_longer_and_lower_than_a_police_siren(seed):
    civil, police = take("Civil defense siren", seed), take("Police car (siren)", seed)
    assert len(civil) / SAMPLE_RATE >= 5
    assert strongest(civil, 50, 20_000) < 560 < strongest(police, 50, 20_000)


@every_seed
def test_the_brightness_of_a_fire_engine_siren_rises_and_falls_back(seed):
    waveform = take("Fire engine, fire truck (siren)", seed)
    seconds = len(waveform) / SAMPLE_RATE
    frequencies, moments, power = signal.spectrogram(waveform, SAMPLE_RATE, nperseg=4_096, noverlap=2_048)
    bright = np.sum(frequencies[:, None] * power, axis=0) / power.sum(axis=0)
    smooth = np.convolve(bright, np.full(9, 1 / 9), "same")[4:-4]
    top = moments[4:-4][np.argmax(smooth)]
    assert 0.6 < top < seconds - 0.6
    assert smooth.max() > 1.3 * max(smooth[0], smooth[-1])


@every_seed
def test_a_scream_is_high_pitched_and_rougher_than_an_ambulance_siren(seed):
    scream, siren = take("Screaming", seed), take("Ambulance (siren)", seed)

    def roughness(waveform):
        loudness = envelope(waveform, 400)
        fast = signal.sosfilt(signal.butter(2, 30, "highpass", fs=400, output="sos"), loudness)
        return fast[40:].std() / loudness.mean()

    assert 600 < np.median(pitches(scream, 550, 2_000)) < 1_900
    assert roughness(scream) > 1.5 * roughness(siren)


@every_seed
def test_a_bicycle_bell_rings_above_1500_hz_and_the_freewheel_keeps_ticking(seed):
    waveform = take("Bicycle", seed)
    assert 1_500 < strongest(waveform, 50, 20_000) < 10_000
    ticking = envelope(band(waveform, 5_000, 9_000)[-SAMPLE_RATE:], 200)
    assert 6 < period(ticking, 200, 6, 40) < 32
    assert ticking.std() > 0.4 * ticking.mean()


@every_seed
def test_a_skateboard_has_a_flatter_spectrum_than_a_horn(seed):
    def flatness(waveform):
        _, power = signal.welch(waveform, SAMPLE_RATE, nperseg=2_048)
        inside = power[10:370]  # 0.2 to 8 kHz
        return np.exp(np.mean(np.log(inside))) / np.mean(inside)

    assert flatness(take("Skateboard", seed)) > 0.25
    assert flatness(take("Skateboard", seed)) > 3 * flatness(take("Train horn", seed))


@every_seed
def test_a_car_passing_by_swells_and_fades(seed):
    loud = levels(take("Car passing by", seed), 0.25)
    assert 0.25 < np.argmax(loud) / len(loud) < 0.75
    assert loud.max() - max(loud[0], loud[-1]) > 6
    assert loud.max() - min(loud[0], loud[-1]) < 26


@every_seed
def test_the_pitch_of_a_car_passing_by_falls_by_the_doppler_shift(seed):
    waveform = take("Car passing by", seed)
    quarter = len(waveform) // 4
    before, after = (strongest(whitened(piece), 300, 1_150) for piece in (waveform[:quarter], waveform[-quarter:]))
    assert 1.05 < before / after < 1.2  # (c + v) / (c - v) for 13 to 28 m/s, observed slightly from the side


def test_the_firing_rate_follows_from_cylinders_and_rpm():
    assert CAR.firing_rate(3_000) == 100
    assert TRUCK.firing_rate(600) == 30
    assert MOTORCYCLES[0].firing_rate(2_400) == 20


def test_a_truck_fires_slower_than_a_bus_and_a_bus_slower_than_a_car():
    truck, bus, car = (np.median(pulse("Truck")), np.median(pulse("Bus")), np.median(pulse("Car")))
    assert truck < bus < car
    for rate, engine in ((truck, TRUCK), (bus, BUS), (car, CAR)):
        assert engine.firing_rate(engine.idle_rpm) < rate < engine.firing_rate(engine.top_rpm)


@every_seed
def test_an_idling_motorcycle_fires_less_than_30_times_a_second_and_a_car_more_than_45(seed):
    def barks(label):
        idling = take(label, seed)[: len(take(label, seed)) // 8 + SAMPLE_RATE // 5]
        return period(envelope(band(idling, 600, 6_000), 700), 700, 8, 130, 0.6)

    assert 10 < barks("Motorcycle") < 30
    assert barks("Car") > 45


@every_seed
def test_a_bus_lets_off_air_before_it_pulls_away(seed):
    hiss = levels(band(take("Bus", seed), 4_000, 12_000), 0.1)
    assert hiss[: len(hiss) * 3 // 4].max() > np.median(hiss[-len(hiss) // 4 :]) + 10


@every_seed
def test_the_whine_of_a_trucks_turbocharger_rises(seed):
    waveform = take("Truck", seed)
    third = len(waveform) // 3
    early, late = (strongest(whitened(piece), 2_000, 5_500) for piece in (waveform[:third], waveform[-third:]))
    assert late > 1.1 * early


@every_seed
def test_rail_joints_knock_in_pairs_at_a_steady_pace(seed):
    knocks = envelope(band(take("Train", seed), 600, 3_000), 100)
    found = autocorrelation(knocks)
    pace = 60 + int(np.argmax(found[60:118]))
    pair = 8 + int(np.argmax(found[8:40]))
    assert found[pace] > 0.4
    assert found[pair] > 0.15
    assert 0.14 < pair / pace < 0.27


def features(waveform: np.ndarray) -> np.ndarray:
    """Means and deviations of 32 bands in dB, and how fast the overall level and the bands change."""
    _, _, power = signal.spectrogram(waveform, SAMPLE_RATE, nperseg=2_048, noverlap=2_048 - 882)
    edges = np.unique(np.geomspace(1, 700, 33).astype(int))
    bands = np.log10(np.add.reduceat(power, edges, axis=0)[:-1] + 1e-9)
    centred = bands - bands.mean()
    change = np.abs(np.fft.rfft(centred - centred.mean(axis=1, keepdims=True), 256, axis=1))[:, 1:].mean(axis=0)
    modulation = np.log10(np.add.reduceat(change, [0, 3, 6, 12, 24, 48]))
    return np.concatenate([centred.mean(axis=1), 2 * bands.std(axis=1), 2 * modulation])


def test_a_nearest_neighbour_classifier_separates_the_classes_on_unseen_takes():
    known = np.array([features(take(label, seed)) for label in SOUNDS for seed in TRAIN_SEEDS])
    asked = np.array([features(take(label, seed)) for label in SOUNDS for seed in TEST_SEEDS])
    distances = np.sum((asked[:, None] - known[None]) ** 2, axis=2)
    guesses = distances.argmin(axis=1) // len(TRAIN_SEEDS)
    truth = np.repeat(np.arange(len(SOUNDS)), len(TEST_SEEDS))
    assert np.mean(guesses == truth) > 0.8  # chance level: 0.06
