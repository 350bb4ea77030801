"""One recording, in every available encoding, has the same length for every reader."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from encoded import ENCODINGS, EXCESS_S, clock, encode_all, start_error_ms
from sedpipe.io.audio.cut import cut, outlasts
from sedpipe.io.audio.waveforms import Recording, read_waveform

RATE = 16_000
LENGTHS_S = (0.3, 2.0, 11.7)

pytestmark = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="no ffmpeg here to encode with")


@pytest.fixture(scope="module")
def sound() -> np.ndarray:
    return clock(max(LENGTHS_S), RATE)


@pytest.fixture(scope="module")
def encodings(tmp_path_factory: pytest.TempPathFactory, sound: np.ndarray) -> dict[float, dict[str, Path]]:
    made = {}
    for length_s in LENGTHS_S:
        folder = tmp_path_factory.mktemp("encodings")
        made[length_s] = encode_all(sound[: round(length_s * RATE)], RATE, folder)
    return made


@pytest.fixture(scope="module")
def heard() -> np.ndarray:
    return clock(max(LENGTHS_S), 44_100)


@pytest.mark.parametrize("length_s", LENGTHS_S)
@pytest.mark.parametrize("name", ENCODINGS)
def test_every_encoding_has_the_length_of_the_sound_for_every_reader(
    encodings: dict[float, dict[str, Path]], heard: np.ndarray, name: str, length_s: float
) -> None:
    path = encodings[length_s].get(name)
    if path is None:
        pytest.skip(f"the ffmpeg of this machine has no encoder for {name}")
    recording = Recording(path)
    blocks = np.concatenate(list(recording.resampled(44_100)))
    at_once = read_waveform(path, 44_100)
    piece = cut(path, 0.0, 2 * length_s, 44_100)
    seconds = [len(samples) / 44_100 for samples in (blocks, at_once, piece.samples)]
    assert max(seconds) - min(seconds) < 0.05
    assert -0.05 < seconds[0] - length_s < EXCESS_S.get(name, 0.05)
    assert recording.remarks == []
    assert piece.is_short
    assert outlasts(path, length_s - 0.1)
    assert not outlasts(path, length_s + 0.25)
    if length_s > 2:
        late = [start_error_ms(samples[: 2 * 44_100], heard, 0) for samples in (blocks, piece.samples)]
        assert abs(late[0]) < 150  # delay that an encoder adds before the sound
        assert abs(late[0] - late[1]) < 1


def test_at_least_40_encodings_are_tested(encodings: dict[float, dict[str, Path]]) -> None:
    assert min(map(len, encodings.values())) >= 40
