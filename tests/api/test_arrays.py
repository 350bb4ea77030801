import warnings
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from sedpipe.api.arrays import as_mono
from sedpipe.errors import AudioError
from sedpipe.io.audio.waveforms import read_blocks

RATE = 16_000
TONE = np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE).astype(np.float32) * 0.5


@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.int32, ">i2", "<i4"])
def test_integers_are_scaled_by_the_range_of_their_type(dtype: type) -> None:
    stored = np.round(TONE * -float(np.iinfo(dtype).min)).astype(dtype)
    np.testing.assert_allclose(as_mono(stored, RATE, RATE), TONE, atol=1 / 128)


def test_unsigned_8_bit_samples_have_their_zero_in_the_middle() -> None:
    stored = np.round(TONE * 128 + 128).astype(np.uint8)
    np.testing.assert_allclose(as_mono(stored, RATE, RATE), TONE, atol=1 / 128)


@pytest.mark.parametrize("rate", [RATE, RATE // 2])
@pytest.mark.parametrize("dtype", [np.float16, ">f4", "<f4", ">f8", np.longdouble])
def test_floats_of_any_width_and_byte_order_give_the_same_samples(dtype: type, rate: int) -> None:
    expected = as_mono(TONE, RATE, rate)
    np.testing.assert_allclose(as_mono(TONE.astype(dtype), RATE, rate), expected, atol=1e-3)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_tensors_may_require_gradients_and_have_half_precision(dtype: torch.dtype) -> None:
    tensor = torch.from_numpy(TONE).to(dtype).requires_grad_()
    np.testing.assert_allclose(as_mono(tensor, RATE, RATE), TONE, atol=2e-3)


@pytest.mark.parametrize("axis", [0, 1])
def test_channels_are_averaged_on_either_axis(axis: int) -> None:
    stereo = np.stack([TONE, np.zeros_like(TONE)], axis=axis)
    np.testing.assert_allclose(as_mono(stereo, RATE, RATE), TONE / 2, atol=1e-7)


@pytest.mark.parametrize("dtype", [np.int64, np.uint64])
@pytest.mark.parametrize("make", [np.asarray, np.ndarray.tolist, torch.from_numpy])
def test_64_bit_integers_are_refused(make: object, dtype: type) -> None:
    stored = make(np.abs(np.round(TONE * 32768)).astype(dtype))
    with pytest.raises(
        AudioError, match=r"expected samples as floats or integers of 8, 16 or 32 bits, got u?int64"
    ) as caught:
        as_mono(stored, RATE, RATE)
    assert "np.int16" in caught.value.hint


def test_int32_samples_in_the_range_of_int16_give_a_warning() -> None:
    stored = np.round(TONE * 32768).astype(np.int16)
    with pytest.warns(UserWarning, match="int32 reach 16384 of 2147483648"):
        as_mono(stored.astype(np.int32), RATE, RATE)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        as_mono(stored, RATE, RATE)
        as_mono(np.zeros(RATE, np.int32), RATE, RATE)
        as_mono(np.round(TONE * 2**23).astype(np.int32) * 256, RATE, RATE)  # 24 bits, as 24-bit files are read


def test_samples_at_another_rate_are_resampled() -> None:
    long = as_mono(TONE, RATE, 44_100)
    assert len(long) == 44_100
    expected = 0.5 * np.sin(2 * np.pi * 440 * np.arange(44_100) / 44_100)
    np.testing.assert_allclose(long[2000:-2000], expected[2000:-2000], atol=2e-3)


def test_torch_tensors_and_lists_are_accepted() -> None:
    np.testing.assert_array_equal(as_mono(torch.from_numpy(TONE), RATE, RATE), TONE)
    assert as_mono([0.0, 0.5], RATE, RATE).dtype == np.float32


@pytest.mark.parametrize("share", [1.0, 0.95])
def test_channels_that_cancel_each_other_are_refused(share: float) -> None:
    with pytest.raises(AudioError, match="samples: its channels cancel each other"):
        as_mono(np.stack([TONE, -share * TONE]), RATE, RATE)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        as_mono(np.stack([TONE, TONE]), RATE, RATE)
        as_mono(np.zeros((RATE, 2)), RATE, RATE)


@pytest.mark.parametrize("rate", [RATE, 2 * RATE])
def test_an_array_and_a_file_with_the_same_samples_give_the_same_result(rate: int, tmp_path: Path) -> None:
    """Square waves overshoot when they are resampled, and clicks lie beyond full scale."""
    clicks = TONE.copy()
    clicks[::1000] = 3.0
    for samples in (np.sign(TONE), clicks, np.stack([clicks, TONE])):
        soundfile.write(tmp_path / "a.wav", samples.T, RATE, subtype="FLOAT")
        of_file = np.concatenate(list(read_blocks(tmp_path / "a.wav", rate)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            np.testing.assert_array_equal(as_mono(samples, RATE, rate), of_file)
    with pytest.warns(UserWarning, match=r"its samples reach 3.00 times full scale: clipped"):
        as_mono(clicks, RATE, rate)


@pytest.mark.parametrize(
    ("samples", "rate", "said"),
    [
        (np.full(10, np.nan), RATE, "not all finite"),
        (TONE * 32768, RATE, "times full scale"),
        (TONE * 3, RATE, "% of its samples are beyond full scale"),
        (np.zeros(0), RATE, r"expected samples of shape .*, got \(0,\)"),
        (np.zeros((2, 2, 2)), RATE, r"got \(2, 2, 2\)"),
        (np.zeros((100, 100)), RATE, "at most 64 channels"),
        (TONE, 900, "a sample rate of 1,000 to 1,000,000 Hz, got 900"),
        (np.ma.masked_greater(TONE, 0.05), RATE, "of the samples are masked"),
        (TONE, 16_000.0, "as a whole number of Hz, got 16000.0"),
        (TONE.astype(complex), RATE, "got complex"),
        (["a"], RATE, "expected samples as floats"),
        ([[0.1, 0.2], [0.1]], RATE, "expected channels of one length"),
        (np.ones(1), 48_000, "too short for a sample at 100 Hz"),
    ],
)
def test_invalid_samples_or_rates_give_a_one_line_error(samples: object, rate: object, said: str) -> None:
    with pytest.raises(AudioError, match=said):
        as_mono(samples, rate, 100 if "short" in said else RATE)
