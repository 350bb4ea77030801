import numpy as np
import pytest
from sedpipe.failures import FailedClipError
from sedpipe.io.audio.level import Level, check_length, check_rate

RATE = 8_000
NOISE = np.random.default_rng(0).uniform(-0.5, 0.5, (RATE, 8)).astype(np.float32)


def heard(channels: np.ndarray, pieces: int = 1) -> Level:
    level = Level()
    for piece in np.array_split(channels, pieces):
        mono = piece.mean(axis=1)
        level.hear(mono, piece if piece.shape[1] > 1 else None)
    return level


def reason(level: Level) -> str:
    try:
        level.check("a.wav")
    except FailedClipError as failed:
        return failed.failure.reason
    return "silent" if level.is_silent else "usable"


@pytest.mark.parametrize("pieces", [1, 7])
@pytest.mark.parametrize(
    ("channels", "expected"),
    [
        (NOISE[:, :1], "usable"),
        (NOISE, "usable"),  # eight independent microphones
        (np.stack([NOISE[:, 0], 0 * NOISE[:, 0]], 1), "usable"),  # one of two channels is silent
        (np.stack([NOISE[:, 0], -NOISE[:, 0]], 1), "channels-cancel"),
        (np.stack([NOISE[:, 0], -NOISE[:, 0] + 0.05 * NOISE[:, 1]], 1), "channels-cancel"),
        (np.stack([NOISE[:, 0], -0.5 * NOISE[:, 0]], 1), "usable"),
        (0 * NOISE[:, :2], "silent"),
        (5e-5 * NOISE[:, :1], "silent"),
        (4e-4 * NOISE[:, :1], "usable"),
        (30_000 * NOISE[:, :1], "beyond-full-scale"),
        (2.01 * NOISE[:, :1], "usable"),  # one sample in two hundred is beyond full scale
    ],
)
def test_a_recording_is_judged_the_same_in_one_piece_or_in_several(
    channels: np.ndarray, expected: str, pieces: int
) -> None:
    assert reason(heard(channels, pieces)) == expected


def test_clipping_is_remarked_on_unless_it_is_within_the_tolerance_for_coders() -> None:
    assert heard(2.1 * NOISE[:, :1]).remarks == ()
    [(name, sentence)] = heard(np.concatenate([NOISE[:, :1], [[1.5]]])).remarks
    assert (name, sentence) == ("clipped", "its samples reach 1.50 times full scale: clipped")


@pytest.mark.parametrize(("n_samples", "wanted_s", "is_usable"), [(320, 0, True), (319, 0, False), (0, 0, False),
                         (8000, 10, True), (7999, 10, False), (320, 0.2, True)])  # fmt: skip
def test_a_recording_needs_one_frame_and_a_clip_a_tenth_of_its_length(
    n_samples: int, wanted_s: float, is_usable: bool
) -> None:
    if is_usable:
        check_length("a.wav", n_samples, RATE, wanted_s)
        return
    with pytest.raises(FailedClipError) as caught:
        check_length("a.wav", n_samples, RATE, wanted_s)
    assert caught.value.failure.reason == "too-short"


@pytest.mark.parametrize("rate", [1, 999, 1_000_001, 2**31 - 1])
def test_an_absurd_sample_rate_is_rejected(rate: int) -> None:
    with pytest.raises(FailedClipError, match=r"its header says .* Hz, expected 1,000 to 1,000,000 Hz") as caught:
        check_rate("a.wav", rate)
    assert caught.value.failure.reason == "absurd-rate"
    check_rate("a.wav", 384_000)
