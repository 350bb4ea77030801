"""Synthetic takes of the 17 sounds of DCASE 2017 Task 4, for trying the pipeline without any recordings.

Each sound is built from its physical causes: the chord of a train horn, the firing order of an engine, the seams of a
pavement. Pitch, pace, length and timbre are drawn for every take, so that no two are the same.

- :data:`SOUNDS`: label -> function that draws one take at the source, of any level
- :func:`synthesise`: one take as recorded by a microphone
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np

from sedpipe.soundscapes import tones
from sedpipe.soundscapes.engines import BUS, CAR, MOTORCYCLES, TRUCK, engine_sound
from sedpipe.soundscapes.tones import SAMPLE_RATE, Span, Waveform, samples

CHIMES = ((0, 3, 8), (0, 3, 5, 8), (0, 3, 6, 8, 12), (0, 3, 5, 8, 12))
"""Semitones above the lowest horn: the Nathan AirChime sets K3LA, K4LA, P5 and K5LA."""

CHIME_ROOT = (250.0, 330.0)
"""Range of the pitch of a set's lowest horn in Hz; that of the sets above is C#4 or D#4, 277 or 311 Hz."""

PEAK = 0.9


def _horn(
    generator: np.random.Generator, pitch: float, blown: tuple[int, Sequence[Span]], *, tilt: float, bright: float
) -> Waveform:
    """Synthesise one horn; ``blown`` is the length of the take in samples, and the spans in which the horn is blown.

    The horn speaks a little late and rises to its pitch.
    """
    n, spans = blown
    late = generator.uniform(0, 0.05)
    spoken = [(start + late, end) for start, end in spans]
    bend = 1 - 0.03 * (1 - tones.gate(n, spoken, 0.12, 0.1)) + tones.wander(generator, n, 12, 0.0008)
    level = tones.gate(n, spoken, 0.05, 0.09) * (1 + tones.wander(generator, n, 8, 0.05))
    return level * tones.harmonic_tone(pitch * bend, tones.brassy(generator, pitch, tilt, bright))


def _spans(durations: Waveform, gaps: Waveform) -> list[Span]:
    """Return spans of the given durations, one after the other; the last gap is not used."""
    starts = np.concatenate([[0.0], np.cumsum(np.add(durations, gaps))[:-1]])
    return [(float(start), float(start + length)) for start, length in zip(starts, durations, strict=True)]


def _air(generator: np.random.Generator, n: int, attack: float, decay: float) -> Waveform:
    """Synthesise compressed air let off: a hiss over ``n`` samples that starts abruptly and dies away."""
    t = tones.times(n)
    hiss = tones.noise_band(generator, n, generator.uniform(1_500, 3_000), 12_000)
    return hiss * np.minimum(t / attack, 1) * np.exp(-t / decay)


def train_horn(generator: np.random.Generator) -> Waveform:
    """Chord of three to five horns, blown long."""
    chord = CHIMES[generator.integers(len(CHIMES))]
    root = generator.uniform(*CHIME_ROOT)
    count = generator.integers(1, 4)
    spans = _spans(generator.uniform(1.2, 3.6 / count + 0.6, count), generator.uniform(0.2, 0.6, count))
    blown = (samples(spans[-1][1]), spans)
    tilt = generator.uniform(0.7, 1.1)
    pitches = root * 2 ** ((np.array(chord) + generator.normal(0, 0.08, len(chord))) / 12)
    return sum((_horn(generator, p, blown, tilt=tilt, bright=1_300) for p in pitches), start=np.zeros(blown[0]))


def truck_horn(generator: np.random.Generator) -> Waveform:
    """One trumpet, or two beating or a third apart, lower and brassier than a train's, in short blasts."""
    count = generator.integers(1, 4)
    spans = _spans(generator.uniform(0.65 if count == 1 else 0.3, 1.4, count), generator.uniform(0.1, 0.3, count))
    blown = (samples(spans[-1][1]), spans)
    root = generator.uniform(150, 235)
    ratios = ((1.0,), (1.0, 1.007), (1.0, 1.19), (1.0, 1.26))[generator.integers(4)]
    tilt = generator.uniform(0.2, 0.6)
    return sum((_horn(generator, root * r, blown, tilt=tilt, bright=1_800) for r in ratios), start=np.zeros(blown[0]))


def car_alarm(generator: np.random.Generator) -> Waveform:
    """A piezo siren that cycles through patterns of about a second; in some cars the horn honks along."""
    low = generator.uniform(1_300, 1_900)
    high = low * generator.uniform(1.5, 2.0)
    pace = generator.uniform(0.85, 1.2)
    pieces = []
    for pattern in generator.permutation(4)[: generator.integers(2, 5)]:
        n = samples(generator.uniform(0.9, 1.4))
        beat = tones.times(n) * pace
        if pattern == 0:  # chirps: eight falling sweeps a second
            frequency, level = high - (high - low) * (beat * 8 % 1), np.ones(n)
        elif pattern == 1:  # warble between two pitches
            frequency, level = tones.staircase(n, (low, high), 0.11 / pace, 0.004), np.ones(n)
        elif pattern == 2:  # yelps that rise and stop
            frequency, level = low * (high / low) ** (beat * 3 % 1), (beat * 3 % 1 < 0.85).astype(float)
        else:  # one pitch, switched on and off five times a second
            frequency, level = np.full(n, low * 1.2), (beat * 5 % 1 < 0.5).astype(float)
        voice = tones.harmonic_tone(frequency, np.array([1, 0.15, 0.4, 0.08, 0.2, 0.05, 0.1]))
        pieces.append(voice * tones.low_passed(level, 120))
    siren = np.concatenate(pieces)
    honk = tones.harmonic_tone(np.full(len(siren), low / 4), tones.brassy(generator, low / 4, 0.5, 2_500))
    on = (tones.times(len(siren)) * pace * 1.5 % 1 < 0.55).astype(float)
    return siren + float(generator.choice([0.0, 0.9])) * honk * tones.low_passed(on, 40)


def reversing_beeps(generator: np.random.Generator) -> Waveform:
    """Beeps near 1 kHz, on about as long as off."""
    on, off = generator.uniform(0.4, 0.6), generator.uniform(0.4, 0.6)
    count = generator.integers(2, 7)
    spans = _spans(np.full(count, on), np.full(count, off))
    n = samples(spans[-1][1])
    overtones = np.array([1, 0.05, generator.uniform(0.1, 0.4), 0.03, generator.uniform(0, 0.15)])
    return tones.harmonic_tone(np.full(n, generator.uniform(900, 1_300)), overtones) * tones.gate(n, spans, 0.008, 0.02)


def ambulance(generator: np.random.Generator) -> Waveform:
    """Hi-lo: two pitches about a fourth apart, in turn."""
    low = generator.uniform(420, 680)
    step = generator.uniform(0.4, 0.65)
    n = samples(step * generator.integers(5, 11))
    pitches = [low, low * generator.uniform(1.26, 1.38)]
    frequency = tones.staircase(n, pitches[:: generator.choice([-1, 1])], step, 0.015)
    return tones.harmonic_tone(frequency, tones.brassy(generator, low, generator.uniform(0.4, 0.9), 1_500))


def police_car(generator: np.random.Generator) -> Waveform:
    """An electronic siren: a wail (a sweep in two seconds) that turns into yelp (three a second), or yelp alone."""
    wail, yelp = generator.uniform(0.4, 0.6), generator.uniform(2.4, 4.0)
    wailing = generator.choice([0.0, generator.uniform(1.5, 3.0)])
    n = samples(wailing + generator.uniform(1.5, 3.0))
    rate = np.where(tones.times(n) < wailing, wail, yelp)
    swing = 0.5 - 0.5 * np.cos(2 * np.pi * tones.turns(rate))
    low, high = generator.uniform(550, 700), generator.uniform(1_250, 1_600)
    clipped = np.arange(1, 15) ** -1.0 * np.where(np.arange(14) % 2, generator.uniform(0.1, 0.5), 1.0)
    return tones.harmonic_tone(low * (high / low) ** swing, clipped)


def fire_engine(generator: np.random.Generator) -> Waveform:
    """A mechanical siren that winds up, runs down slower and growls with its rotor, over blasts of an air horn."""
    count = generator.integers(1, 3)
    up, down = generator.uniform(1.2, 1.8, count), generator.uniform(1.4, 2.1, count)
    low, high = generator.uniform(260, 360), generator.uniform(820, 1_050)
    points, moment = [(0.0, low)], 0.0
    for rise, fall in zip(up, down, strict=True):
        points += [(moment + 0.35 * rise, low + 0.63 * (high - low)), (moment + rise, high)]
        points += [(moment + rise + 0.4 * fall, low + 0.4 * (high - low)), (moment + rise + fall, low)]
        moment += rise + fall
    n = samples(moment)
    frequency = tones.curve(n, *((time / moment, pitch) for time, pitch in points))
    growl = 1 + 0.45 * tones.harmonic_tone(frequency / 10, np.array([1, 0.5, 0.2]))  # a rotor of ten ports
    siren = growl * tones.harmonic_tone(frequency, np.arange(1, 31) ** -generator.uniform(0.5, 0.8))
    siren *= 0.4 + 0.6 * (frequency - low) / (high - low)
    count = generator.integers(1, 4)
    first = generator.uniform(0.1, 0.6)
    spans = [
        (start + first, end + first) for start, end in _spans(generator.uniform(0.3, 0.7, count), np.full(count, 0.3))
    ]
    pitch = generator.uniform(160, 220)
    blasts = [_horn(generator, pitch * ratio, (n, spans), tilt=0.5, bright=1_000) for ratio in (1.0, 1.19)]
    return siren + generator.uniform(0.3, 0.6) * (blasts[0] + blasts[1])


def civil_defense_siren(generator: np.random.Generator) -> Waveform:
    """A rotor with two rows of ports a minor third apart, wound up over seconds, steady or slowly wailing, echoing."""
    n = samples(generator.uniform(5, 7.8))
    t = tones.times(n)
    top = generator.uniform(380, 520)
    wind_up = 1 - 0.45 * np.exp(-t / generator.uniform(0.9, 1.6))
    wail = 1 - generator.choice([0.0, 0.12]) * (1 - np.cos(2 * np.pi * t / generator.uniform(4.5, 7))) / 2
    frequency = top * wind_up * wail
    strengths = np.arange(1, 13) ** -generator.uniform(1.3, 1.9)
    tone = tones.harmonic_tone(frequency, strengths) + 0.7 * tones.harmonic_tone(frequency * 5 / 6, strengths)
    turning = 1 + 0.25 * np.sin(2 * np.pi * (t / generator.uniform(3, 6) + generator.uniform()))
    siren: Waveform = tone * turning * np.minimum(0.15 + t / 1.5, 1)
    for delay in generator.uniform(0.15, 0.5, 3):  # echoes from distant facades
        siren[samples(delay) :] += 0.25 * siren[: -samples(delay)]
    return siren


def screaming(generator: np.random.Generator) -> Waveform:
    """A voice at 700 to 1700 Hz that jumps up, breaks and falls; rough at 40 to 120 Hz, as only alarm calls are."""
    n = samples(generator.uniform(0.8, 2.6))
    top = generator.uniform(900, 1_700)
    contour = tones.curve(n, (0, 0.75), (generator.uniform(0.08, 0.25), 1.0), (0.7, 0.93), (1, 0.72))
    vibrato = 0.02 * np.sin(2 * np.pi * generator.uniform(5, 8) * tones.times(n))
    pitch = top * (contour + vibrato + tones.wander(generator, n, 50, 0.012))
    rough = 1 + generator.uniform(0.4, 0.7) * tones.wander(generator, n, generator.uniform(80, 200), 1.0)
    voice = tones.harmonic_tone(pitch, np.arange(1, 20) ** -0.9) * rough
    breath = 0.25 * tones.noise_band(generator, n, 1_000, 9_000)
    formants = [
        (generator.uniform(900, 1_300), 350, 1.0),
        (generator.uniform(1_700, 2_700), 500, 1.0),
        (3_600, 900, 0.6),
    ]
    throat = tones.resonances(voice + breath, formants)
    return throat * tones.curve(n, (0, 0), (0.08, 1), (0.75, generator.uniform(0.6, 1)), (1, 0))


def bicycle(generator: np.random.Generator) -> Waveform:
    """A bell (inharmonic partials of a struck cup, in paired strokes or a trill) over the ticking of the freewheel."""
    n = samples(generator.uniform(1.8, 4.0))
    cup = generator.uniform(1_900, 2_900)
    ratios = np.array([1, 1.007, 1.52, 2.31, 3.16]) * generator.normal(1, 0.01, 5)
    decays = generator.uniform(0.25, 0.5) * np.array([1, 1, 0.7, 0.5, 0.35])
    ringing = tones.partials(ratios * cup, decays, [1, 0.7, 0.6, 0.5, 0.3])
    if generator.random() < 0.5:  # two strokes of a spring hammer, once or twice
        strokes = np.array([0, generator.uniform(0.15, 0.28)])
        strokes = np.concatenate([strokes, strokes + generator.uniform(0.7, 1.0)])[: generator.choice([2, 4])]
    else:  # a lever that turns the hammers
        strokes = np.arange(generator.integers(8, 16)) / generator.uniform(14, 22)
    strokes = strokes + generator.uniform(0.05, 0.6)
    bell = tones.strikes(n, strokes, generator.uniform(0.6, 1, len(strokes)), ringing)
    rate = generator.uniform(12, 28) * tones.curve(n, (0, 1), (1, generator.uniform(0.6, 1.1)))
    ticks = np.flatnonzero(np.diff(np.floor(tones.turns(rate)))) / SAMPLE_RATE
    tick = tones.crack(generator, 2_500, 9_000, 0.003)
    ticking = tones.strikes(n, ticks, generator.uniform(0.5, 1, len(ticks)), tick)
    tyres = tones.noise_band(generator, n, 400, 3_000)
    ride: Waveform = bell / tones.peak(bell) + generator.uniform(0.6, 1.0) * ticking + 0.012 * tyres
    return ride


def skateboard(generator: np.random.Generator) -> Waveform:
    """Hard wheels on pavement: a broad roar, two knocks at each seam (front and rear trucks), a jump now and then."""
    n = samples(generator.uniform(2.0, 4.5))
    speed = generator.uniform(2.5, 5) * tones.curve(n, (0, 1), (1, generator.uniform(0.6, 1.2)))  # m/s
    roll = tones.noise_band(generator, n, generator.uniform(250, 500), generator.uniform(6_000, 12_000))
    roll = 0.12 * roll * (1 + tones.wander(generator, n, 25, 0.2))
    rumble = 0.09 * tones.noise_band(generator, n, 70, 300)
    travelled = tones.turns(speed)  # metres
    slab, wheelbase = generator.uniform(1.0, 1.8), 0.36
    seams = np.arange(0, travelled[-1], slab)
    knocks = np.interp(np.concatenate([seams, seams + wheelbase]), travelled, tones.times(n))
    knock = tones.crack(generator, 200, 5_000, 0.018)
    knocking = tones.strikes(n, knocks, generator.uniform(0.5, 1, len(knocks)), knock)
    ride = roll + rumble + 1.2 * knocking
    if generator.random() < 0.6:
        off = generator.uniform(0.3, 0.6) * n / SAMPLE_RATE
        landed = off + generator.uniform(0.2, 0.35)
        ride *= 1 - 0.93 * tones.gate(n, [(off, landed)], 0.02, 0.005)
        pop = tones.crack(generator, 400, 9_000, 0.02)
        ride += tones.strikes(n, np.array([off, landed]), np.array([1.2, 1.2]), pop)
    return np.tanh(1.5 * ride)


def car(generator: np.random.Generator) -> Waveform:
    """Four cylinders: idling, revved up once or twice and let go, or driven off."""
    n = samples(generator.uniform(2.2, 5.0))
    idle, top = CAR.idle_rpm * generator.uniform(1, 1.15), CAR.top_rpm * generator.uniform(0.75, 1)
    shapes = (
        ((0, idle), (0.25, idle), (0.45, top), (0.75, idle), (1, idle)),
        ((0, idle), (0.15, top * 0.9), (0.4, idle), (0.6, top), (0.9, idle), (1, idle)),
        ((0, idle), (0.2, idle), (0.9, top), (1, top)),
    )
    rpm = tones.curve(n, *shapes[generator.integers(len(shapes))])
    brightness = generator.uniform(500, 900)
    engine = engine_sound(generator, CAR, rpm, sharpness=generator.uniform(30, 45), brightness=brightness, hiss=0.3)
    intake = tones.noise_band(generator, n, 300, 1_800) * (rpm / CAR.top_rpm) ** 2
    return (engine + 0.25 * intake) * tones.curve(n, (0, 0.3), (0.1, 1), (0.9, 1), (1, 0.3))


def car_passing_by(generator: np.random.Generator) -> Waveform:
    """Tyres on the road and an engine at a steady speed, swelling and falling in pitch as they pass."""
    duration = generator.uniform(3.0, 6.0)
    speed, distance = generator.uniform(13, 28), generator.uniform(4, 9)
    n = samples(duration)
    longer = n + samples(speed * duration / tones.SPEED_OF_SOUND)
    tyres = tones.noise_band(generator, longer, generator.uniform(400, 600), generator.uniform(1_600, 2_600))
    wind = tones.noise_band(generator, longer, 60, 9_000)
    tread = tones.harmonic_tone(np.full(longer, speed / generator.uniform(0.028, 0.04)), np.array([1, 0.3, 0.1]))
    rpm = np.full(longer, generator.uniform(2_000, 3_000))
    engine = engine_sound(generator, CAR, rpm, sharpness=35, brightness=600, hiss=0.1)
    source = tyres + 0.3 * wind + generator.uniform(0.3, 0.6) * tread + generator.uniform(0.3, 0.6) * engine
    return tones.pass_by(source, n, speed, distance, duration * generator.uniform(0.4, 0.6))


def bus(generator: np.random.Generator) -> Waveform:
    """A diesel behind rattling panels; its brakes and doors let off air, then it pulls away."""
    n = samples(generator.uniform(3.0, 6.0))
    idle, top = BUS.idle_rpm * generator.uniform(1, 1.1), BUS.top_rpm * generator.uniform(0.8, 1)
    leave = generator.uniform(0.3, 0.6)
    rpm = tones.curve(n, (0, idle), (leave, idle), (0.95, top), (1, top * 0.95))
    brightness = generator.uniform(350, 600)
    engine = engine_sound(generator, BUS, rpm, sharpness=generator.uniform(40, 60), brightness=brightness, hiss=0.4)
    panels = [(generator.uniform(500, 900), 40, 1.0), (generator.uniform(1_200, 1_700), 80, 0.8), (2_300, 150, 0.5)]
    rattle = tones.resonances(np.maximum(engine - 0.8, 0), panels)
    ride: Waveform = engine + 0.5 * rattle / rattle.std()
    for start in generator.uniform(0.02, 0.3) + np.arange(generator.integers(1, 3)) * generator.uniform(0.25, 0.4):
        tail = n - samples(start * n / SAMPLE_RATE)
        ride[n - tail :] += generator.uniform(1.0, 1.8) * _air(generator, tail, 0.02, generator.uniform(0.15, 0.35))
    return ride * tones.curve(n, (0, 0.4), (0.1, 1), (0.9, 1), (1, 0.4))


def truck(generator: np.random.Generator) -> Waveform:
    """A heavy diesel, slow and deep: knocking injectors, and a turbocharger whose whine rises later than the engine."""
    n = samples(generator.uniform(3.0, 6.0))
    idle, top = TRUCK.idle_rpm * generator.uniform(1, 1.1), TRUCK.top_rpm * generator.uniform(0.8, 1)
    rpm = tones.curve(n, (0, idle), (generator.uniform(0.1, 0.25), idle), (generator.uniform(0.5, 0.8), top), (1, top))
    brightness = generator.uniform(180, 320)
    engine = engine_sound(generator, TRUCK, rpm, sharpness=generator.uniform(40, 70), brightness=brightness, hiss=0.2)
    knock = np.maximum(engine, 0) * tones.noise_band(generator, n, 700, 2_200)
    spool = tones.low_passed(rpm - idle, 0.5) / (top - idle)  # the turbocharger lags by about 0.3 s
    whine = tones.harmonic_tone(generator.uniform(2_200, 3_200) * (1 + 0.6 * spool), np.array([1, 0.15]))
    rumble = tones.noise_band(generator, n, 30, 110)
    ride = engine + 0.15 * knock + 0.4 * rumble + generator.uniform(0.12, 0.25) * (0.15 + spool) * whine
    return ride * tones.curve(n, (0, 0.4), (0.1, 1), (0.9, 1), (1, 0.5))


def motorcycle(generator: np.random.Generator) -> Waveform:
    """One or two cylinders with hardly a muffler, each ignition audible, blipped between idle and high revs."""
    engine = MOTORCYCLES[generator.integers(len(MOTORCYCLES))]
    n = samples(generator.uniform(2.0, 4.5))
    idle, top = engine.idle_rpm * generator.uniform(1, 1.15), engine.top_rpm * generator.uniform(0.75, 1)
    blips = generator.integers(1, 4)
    points = [(0.0, idle)]
    for blip in range(blips):
        points += [((blip + 0.3) / blips, idle), ((blip + 0.5) / blips, top), ((blip + 0.98) / blips, idle * 1.1)]
    rpm = tones.curve(n, *points)
    brightness = generator.uniform(2_000, 3_500)
    bark = engine_sound(generator, engine, rpm, sharpness=generator.uniform(18, 28), brightness=brightness, hiss=0.9)
    return np.tanh(1.2 * bark) * tones.curve(n, (0, 0.4), (0.08, 1), (0.92, 1), (1, 0.4))


def train(generator: np.random.Generator) -> Waveform:
    """Rumble, and wheels over rail joints: the two axles of a bogie knock, one after the other, at each joint."""
    n = samples(generator.uniform(4.0, 7.5))
    period = generator.uniform(0.65, 1.1)  # a joint every 12 to 20 m at about 18 m/s
    apart = period * generator.uniform(0.17, 0.24)  # axles 2.5 to 3 m apart
    joints = np.arange(generator.uniform(0, 0.3), n / SAMPLE_RATE, period)
    knocks = np.concatenate([joints, joints + apart])
    knocks = knocks + generator.normal(0, 0.004, len(knocks))
    stroke = tones.crack(generator, 90, generator.uniform(1_200, 2_500), generator.uniform(0.03, 0.05))
    clatter = tones.strikes(n, knocks, generator.uniform(0.75, 1, len(knocks)), stroke)
    rumble = tones.noise_band(generator, n, 40, 220)
    roar = tones.noise_band(generator, n, 300, 1_800) * (1 + tones.wander(generator, n, 4, 0.15))
    ride = 1.4 * clatter + 0.14 * rumble + 0.07 * roar
    if generator.random() < 0.5:  # flanges squeal in a curve
        squeal = tones.harmonic_tone(generator.uniform(2_200, 3_800) + tones.wander(generator, n, 6, 25), np.ones(2))
        ride += 0.03 * squeal * np.maximum(tones.wander(generator, n, 2, 1.0), 0)
    return np.tanh(1.3 * ride) * tones.curve(n, (0, 0.5), (0.2, 1), (0.8, 1), (1, 0.5))


SOUNDS: Mapping[str, Callable[[np.random.Generator], Waveform]] = MappingProxyType(
    {
        "Train horn": train_horn,
        "Air horn, truck horn": truck_horn,
        "Car alarm": car_alarm,
        "Reversing beeps": reversing_beeps,
        "Ambulance (siren)": ambulance,
        "Police car (siren)": police_car,
        "Fire engine, fire truck (siren)": fire_engine,
        "Civil defense siren": civil_defense_siren,
        "Screaming": screaming,
        "Bicycle": bicycle,
        "Skateboard": skateboard,
        "Car": car,
        "Car passing by": car_passing_by,
        "Bus": bus,
        "Truck": truck,
        "Motorcycle": motorcycle,
        "Train": train,
    }
)
"""A function for each label, in the order of DCASE 2017 Task 4; its takes are dry and of any level."""


def synthesise(label: str, generator: np.random.Generator) -> Waveform:
    """Synthesise one occurrence of a sound, as recorded outdoors from some distance.

    Parameters
    ----------
    label : str
        One of :data:`SOUNDS`.
    generator : np.random.Generator
        Source of all randomness; the same state gives the same samples.

    Returns
    -------
    np.ndarray [shape=(samples,)]
        Mono float64 at 44.1 kHz, 0.6 to 8 seconds, peak 0.9.

    Raises
    ------
    ValueError
        If there is no such sound.
    """
    if label not in SOUNDS:
        raise ValueError(f"no sound is called {label!r}, expected one of: {'; '.join(SOUNDS)}")
    heard = tones.outdoors(generator, SOUNDS[label](generator))
    n = len(heard)
    heard = (heard - float(heard.mean())) * tones.gate(n, [(0.0, n / SAMPLE_RATE)], 0.002, 0.02)
    return heard * (PEAK / tones.peak(heard))
