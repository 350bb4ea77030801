"""Sounds of piston engines at the exhaust, from firing times of the cylinders and speed of the crankshaft.

- :class:`Engine`: a four-stroke engine, described by its firing times and speeds
- :data:`TRUCK`, :data:`BUS`, :data:`CAR`, :data:`MOTORCYCLES`: the engines of the vehicles
- :func:`engine_sound`: the sound of an engine along a curve of speeds
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sedpipe.soundscapes import tones
from sedpipe.soundscapes.tones import Waveform


@dataclass(frozen=True)
class Engine:
    """A four-stroke engine: each cylinder fires once in two turns of the crankshaft.

    Parameters
    ----------
    strokes : tuple of float
        Time at which each cylinder fires, as a fraction of the cycle of two turns. Even steps sound as one note at the
        firing rate, uneven ones as a beat at half the turning rate.
    idle_rpm, top_rpm : float
        Lowest and highest speed used, in turns a minute.
    """

    strokes: tuple[float, ...]
    idle_rpm: float
    top_rpm: float

    def firing_rate(self, rpm: float) -> float:
        """Return the number of ignitions a second: ``rpm / 60 * cylinders / 2``."""
        return rpm / 60 * len(self.strokes) / 2

    def cycle(self, generator: np.random.Generator, sharpness: float) -> Waveform:
        """Return the pressure in the exhaust over one cycle; cylinders differ at random in strength."""
        phase = np.arange(tones.TABLE_LENGTH) / tones.TABLE_LENGTH
        pressure = np.zeros_like(phase)
        for stroke in self.strokes:
            since = ((phase - stroke) % 1.0) * sharpness
            pressure += generator.normal(1, 0.08) * since * np.exp(1 - since)
        return pressure


def _even(cylinders: int) -> tuple[float, ...]:
    return tuple(cylinder / cylinders for cylinder in range(cylinders))


TRUCK = Engine(_even(6), 520, 900)  # 13-litre diesel, heavy pistons: 26 to 45 ignitions a second
BUS = Engine(_even(6), 900, 1_500)  # 8-litre diesel pulling away: 45 to 75
CAR = Engine(_even(4), 1_500, 3_600)  # petrol, raised idle to revved up: 50 to 120
MOTORCYCLES = (
    Engine((0.0,), 1_900, 5_500),  # one cylinder: 16 to 46, each bark alone
    Engine((0.0, 0.4375), 1_300, 4_500),  # V-twin at 45 degrees, firing 315 and 405 degrees apart: 22 to 75
)


def engine_sound(
    generator: np.random.Generator, engine: Engine, rpm: Waveform, *, sharpness: float, brightness: float, hiss: float
) -> Waveform:
    """Return the exhaust sound of ``engine`` along the curve ``rpm``: pulses, their gas noise, and the pipe's modes."""
    steady = rpm * (1 + tones.wander(generator, len(rpm), 9, 0.006))
    push = tones.read_table(engine.cycle(generator, sharpness), tones.turns(steady / 120))
    gas = push * tones.noise_band(generator, len(rpm), 120, 2 * brightness)
    pulses = push - push.mean()
    pipe = [(generator.uniform(90, 160), 60, 0.8), (generator.uniform(260, 480), 120, 0.8)]
    exhaust = tones.low_passed(pulses, brightness, 2) + tones.resonances(pulses, pipe) + hiss * gas
    louder: Waveform = exhaust / exhaust.std() * (rpm / rpm.max()) ** 0.8
    return louder
