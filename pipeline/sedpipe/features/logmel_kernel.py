"""Compiled loops of the log-mel spectrogram: window, Fourier transform, power, mel bands, decibels.

Sixteen frames go through every step side by side, one in each lane of a vector: the last axis of all arrays has
:data:`LANES` elements. No step adds within a vector, so each value is made by the same additions and multiplications
in the same order wherever its frame lies, and the bytes are the same in every process and with any number of threads
(a matrix product by BLAS differs in its last digits with either). The compiler may not reorder or fuse operations.

- :func:`log_mel_frames`: waveform -> decibels
- :func:`mel_sums`: power -> mel bands, in float64
- :data:`LANES`: number of frames that are processed side by side

Importing this module compiles it, or loads what an earlier process has compiled.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit

LANES = 16
"""With 16 frames, two arrays of 1024 x 16 complex float32 stay in the CPU's second-level cache."""

_ONE = np.float32(1)
_HALF = np.float32(0.5)
_DB_PER_OCTAVE = np.float32(10 * math.log10(2))
_DB_PER_NEPER = np.float32(20 / math.log(10))  # twice, as 2 atanh(s) is a logarithm
_ATANH = tuple(np.float32(1 / odd) for odd in (9, 7, 5, 3))
_ROOT_HALF_BITS = np.int32(0x3F3504F3)
_MANTISSA_BITS = np.int32(23)

_inner = njit(nogil=True, error_model="numpy")


def _compiled(signature: str) -> Callable[[Any], Any]:
    """Compile now, and cache the result for later processes if there is a place for it.

    A read-only installation without a home directory, a full disk or a damaged cache file of an earlier run only costs
    the time to compile.
    """

    def compile_now(function: Any) -> Any:
        try:
            return njit(signature, nogil=True, error_model="numpy", cache=True)(function)
        except Exception:  # whatever went wrong with the cache; an error in the code is raised again below
            return njit(signature, nogil=True, error_model="numpy")(function)

    return compile_now


@_inner
def _window_frames(waveform, first, hop, window, before, n_fft, frame, real, imag):  # type: ignore[no-untyped-def]
    """Window 16 frames; even samples become real parts, odd ones imaginary parts. real, imag: (n_fft / 2, 16)."""
    for lane in range(LANES):
        begin = (first + lane) * hop - n_fft // 2 + before
        low = min(max(0, -begin), window.size)
        high = max(low, min(window.size, waveform.size - begin))
        frame[:] = 0
        heard, kept, weights = waveform[begin + low : begin + high], frame[before + low :], window[low:high]
        for index in range(heard.size):
            kept[index] = heard[index] * weights[index]
        pairs = frame.reshape((n_fft // 2, 2))
        for index in range(n_fft // 2):
            real[index, lane] = pairs[index, 0]
            imag[index, lane] = pairs[index, 1]


@_inner
def _radix_2(in_real, in_imag, out_real, out_imag, size):  # type: ignore[no-untyped-def]
    """First pass if the length is not a power of four: pairs that lie half the length apart."""
    apart = in_real.size // size
    a_real, a_imag = in_real.reshape((size, apart)), in_imag.reshape((size, apart))
    b_real, b_imag = out_real.reshape((size, apart)), out_imag.reshape((size, apart))
    for index in range(apart):
        b_real[0, index] = a_real[0, index] + a_real[1, index]
        b_imag[0, index] = a_imag[0, index] + a_imag[1, index]
        b_real[1, index] = a_real[0, index] - a_real[1, index]
        b_imag[1, index] = a_imag[0, index] - a_imag[1, index]


@_inner
def _radix_4(in_real, in_imag, out_real, out_imag, size, cosines, sines):  # type: ignore[no-untyped-def]
    """One pass of Stockham's transform: transforms of ``size / 4`` become transforms of ``size``."""
    quarter, apart, step = size // 4, in_real.size // size, cosines.size // size
    in_shape, out_shape = (quarter, 4, apart), (4, quarter, apart)
    x_real, x_imag = in_real.reshape(in_shape), in_imag.reshape(in_shape)
    y_real, y_imag = out_real.reshape(out_shape), out_imag.reshape(out_shape)
    for k in range(quarter):
        cos_1, sin_1 = cosines[k * step], sines[k * step]
        cos_2, sin_2 = cosines[2 * k * step], sines[2 * k * step]
        cos_3, sin_3 = cosines[3 * k * step], sines[3 * k * step]
        for index in range(apart):
            a_real, a_imag = x_real[k, 0, index], x_imag[k, 0, index]
            real, imag = x_real[k, 1, index], x_imag[k, 1, index]
            b_real, b_imag = real * cos_1 - imag * sin_1, real * sin_1 + imag * cos_1
            real, imag = x_real[k, 2, index], x_imag[k, 2, index]
            c_real, c_imag = real * cos_2 - imag * sin_2, real * sin_2 + imag * cos_2
            real, imag = x_real[k, 3, index], x_imag[k, 3, index]
            d_real, d_imag = real * cos_3 - imag * sin_3, real * sin_3 + imag * cos_3
            even_real, even_imag, turn_real, turn_imag = (
                a_real + c_real,
                a_imag + c_imag,
                a_real - c_real,
                a_imag - c_imag,
            )
            odd_real, odd_imag, side_real, side_imag = (
                b_real + d_real,
                b_imag + d_imag,
                b_imag - d_imag,
                d_real - b_real,
            )
            y_real[0, k, index], y_imag[0, k, index] = even_real + odd_real, even_imag + odd_imag
            y_real[1, k, index], y_imag[1, k, index] = turn_real + side_real, turn_imag + side_imag
            y_real[2, k, index], y_imag[2, k, index] = even_real - odd_real, even_imag - odd_imag
            y_real[3, k, index], y_imag[3, k, index] = turn_real - side_real, turn_imag - side_imag


@_inner
def _power(real, imag, cosines, sines, power):  # type: ignore[no-untyped-def]
    """Compute |X|^2 of the real frames from the transform of their pairs. power: (n_fft / 2 + 1, 16)."""
    half = real.shape[0]
    for lane in range(LANES):
        total, alternating = real[0, lane] + imag[0, lane], real[0, lane] - imag[0, lane]
        power[0, lane], power[half, lane] = total * total, alternating * alternating
    for k in range(1, half // 2 + 1):
        cos, sin = cosines[k], sines[k]
        a_real, a_imag, b_real, b_imag = real[k], imag[k], real[half - k], imag[half - k]
        low, high = power[k], power[half - k]
        for lane in range(LANES):
            even_real, even_imag = _HALF * (a_real[lane] + b_real[lane]), _HALF * (a_imag[lane] - b_imag[lane])
            odd_real, odd_imag = _HALF * (a_imag[lane] + b_imag[lane]), _HALF * (b_real[lane] - a_real[lane])
            turn_real, turn_imag = odd_real * cos - odd_imag * sin, odd_real * sin + odd_imag * cos
            x_real, x_imag = even_real + turn_real, even_imag + turn_imag
            y_real, y_imag = even_real - turn_real, even_imag - turn_imag
            low[lane] = x_real * x_real + x_imag * x_imag
            high[lane] = y_real * y_real + y_imag * y_imag


@_inner
def _roots(values):  # type: ignore[no-untyped-def]
    """Take square roots in place."""
    for index in range(values.size):
        values[index] = math.sqrt(values[index])


@_inner
def _mel(power, filters, edges, mel):  # type: ignore[no-untyped-def]
    """Compute weighted sums over the bins where a band is not zero. mel: (n_mels, 16)."""
    for band in range(mel.shape[0]):
        sums = mel[band]
        for lane in range(LANES):
            sums[lane] = 0
        for k in range(edges[band, 0], edges[band, 1]):
            weight, bins = filters[band, k], power[k]
            for lane in range(LANES):
                sums[lane] += weight * bins[lane]


@_inner
def _decibels(values, floor, floor_db):  # type: ignore[no-untyped-def]
    """10 log10 in place: exponent and mantissa m in [0.7, 1.4), and log m = 2 atanh((m - 1) / (m + 1)) as a series."""
    bits = values.view(np.int32)
    for index in range(values.size):
        value = values[index]
        is_heard = value > floor
        whole = bits[index]
        exponent = (whole - _ROOT_HALF_BITS) >> _MANTISSA_BITS
        bits[index] = whole - (exponent << _MANTISSA_BITS)
        mantissa = values[index]
        s = (mantissa - _ONE) / (mantissa + _ONE)
        z = s * s
        series = ((((_ATANH[0] * z + _ATANH[1]) * z + _ATANH[2]) * z + _ATANH[3]) * z + _ONE) * s
        decibels = _DB_PER_OCTAVE * np.float32(exponent) + _DB_PER_NEPER * series
        values[index] = decibels if is_heard else floor_db


@_compiled(
    "void(float32[::1], int64, float32[::1], int64, float32[::1], float32[::1], float32[:, ::1], int64[:, ::1],"
    " boolean, float32, float32, float32[:, ::1])"
)
def log_mel_frames(  # type: ignore[no-untyped-def]
    waveform, hop, window, n_fft, cosines, sines, filters, edges, of_magnitudes, floor, floor_db, features
):
    """Fill ``features`` with the first frames of a waveform.

    Parameters
    ----------
    waveform : np.ndarray [shape=(samples,), dtype=float32]
        Samples; beyond both ends, zeros are assumed.
    hop : int
        Samples between the centres of frames; the first is centred on sample 0.
    window : np.ndarray [shape=(window_length,), dtype=float32]
        Window, which lies in the middle of ``n_fft`` samples.
    n_fft : int
        Length of the transform; a power of two, at least 8.
    cosines, sines : np.ndarray [shape=(n_fft,), dtype=float32]
        Cosines and sines of ``-2 pi k / n_fft``.
    filters : np.ndarray [shape=(n_mels, n_fft // 2 + 1), dtype=float32]
        Mel bands.
    edges : np.ndarray [shape=(n_mels, 2), dtype=int64]
        First bin where a band is not zero, and the one after the last.
    of_magnitudes : bool
        Whether bands sum magnitudes instead of powers.
    floor, floor_db : float32
        Smallest sum, and the value in dB that stands for it.
    features : np.ndarray [shape=(n_frames, n_mels), dtype=float32]
        Filled with ``10 * log10(max(sum, floor))``, dB.
    """
    half = n_fft // 2
    before = (n_fft - window.size) // 2
    shape = (half, LANES)
    real, imag, other_real, other_imag = (
        np.empty(shape, np.float32),
        np.empty(shape, np.float32),
        np.empty(shape, np.float32),
        np.empty(shape, np.float32),
    )
    frame = np.empty(n_fft, np.float32)
    power = np.empty((half + 1, LANES), np.float32)
    mel = np.empty((features.shape[1], LANES), np.float32)
    for first in range(0, features.shape[0], LANES):
        _window_frames(waveform, first, hop, window, before, n_fft, frame, real, imag)
        size, rest = 1, half
        while rest >= 4:
            rest //= 4
        if rest == 2:
            _radix_2(real, imag, other_real, other_imag, 2)
            real, imag, other_real, other_imag = other_real, other_imag, real, imag
            size = 2
        while size < half:
            size *= 4
            _radix_4(real, imag, other_real, other_imag, size, cosines, sines)
            real, imag, other_real, other_imag = other_real, other_imag, real, imag
        _power(real, imag, cosines, sines, power)
        if of_magnitudes:
            _roots(power.reshape(power.size))
        _mel(power, filters, edges, mel)
        _decibels(mel.reshape(mel.size), floor, floor_db)
        for lane in range(min(LANES, features.shape[0] - first)):
            for band in range(mel.shape[0]):
                features[first + lane, band] = mel[band, lane]


@_compiled("void(float64[:, ::1], float32[:, ::1], int64[:, ::1], float64[:, ::1])")
def mel_sums(power, filters, edges, mel):  # type: ignore[no-untyped-def]
    """Compute weighted sums over the bins where a band is not zero, in the order of the bins.

    Parameters
    ----------
    power : np.ndarray [shape=(n_frames, n_fft // 2 + 1), dtype=float64]
    filters, edges : np.ndarray
        Mel bands and their edges, as for :func:`log_mel_frames`.
    mel : np.ndarray [shape=(n_frames, n_mels), dtype=float64]
        Filled with the sums.
    """
    for frame in range(power.shape[0]):
        for band in range(mel.shape[1]):
            total = 0.0
            for k in range(edges[band, 0], edges[band, 1]):
                total += filters[band, k] * power[frame, k]
            mel[frame, band] = total
