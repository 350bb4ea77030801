"""Loops of :mod:`sedpipe.nn.gate`, compiled by numba: a few passes over memory where torch's operations take many.

All arrays are contiguous; maps are the last axis. ``z`` (B, T, F, 2C) float32 holds a convolution's maps: C linear
ones, then C gates. ``affine`` (2, 2C) float32 holds scale and shift of its normalisation. A loop processes the clips
from ``first`` up to ``last``, so that threads can share a batch; no sum crosses clips, so the number of threads changes
no bit. Where :func:`gate` gets None (``key``: nothing is dropped; ``which``: nothing is dropped, and each patch is a
single value), the compiler leaves out the code for it.

- :func:`sums`: sums of values and of squares, for the statistics
- :func:`gate`: normalise, gate, drop, keep the largest of each patch
- :func:`gradient_sums`, :func:`gradient`: the backward pass
- :func:`sigmoid`, :func:`random_bits`: parts of these loops
"""

# mypy: disable-error-code="untyped-decorator"
from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

Array = np.ndarray[Any, Any]
F32 = np.float32
U32 = np.uint32

DROPPED = 255
"""Value in ``which`` if the largest of the patch is a dropped one, so that no gradient passes."""

_INLINE: dict[str, Any] = {"inline": "always", "error_model": "numpy"}
_LOOP: dict[str, Any] = {"nogil": True, "cache": True, "error_model": "numpy", "fastmath": {"contract", "nsz"}}


@njit(**_INLINE)
def sigmoid(x: F32) -> F32:
    """Return ``1 / (1 + exp(-x))`` to 1e-7, without a call, so that a compiler can process sixteen at a time.

    exp(-x) = 2^k exp(r) with |r| <= log(2) / 2; the polynomial of exp is Cephes' (``expf``).
    """
    x = min(max(x, F32(-30)), F32(30))
    rounder = F32(12582912)  # 1.5 * 2^23: adding it rounds to a whole number
    k = (x * F32(-1.4426950408889634) + rounder) - rounder
    r = -x - k * F32(0.693359375) - k * F32(-2.12194440e-4)
    p = F32(1.9875691500e-4)
    p = p * r + F32(1.3981999507e-3)
    p = p * r + F32(8.3334519073e-3)
    p = p * r + F32(4.1665795894e-2)
    p = p * r + F32(1.6666665459e-1)
    p = p * r + F32(5.0000001201e-1)
    p = p * r * r + r + F32(1)
    power_of_two = np.int32((np.int32(k) + np.int32(127)) << np.int32(23)).view(F32)
    return F32(1) / (F32(1) + p * power_of_two)


@njit(**_INLINE)
def random_bits(index: U32, key: U32) -> U32:
    """Return 32 bits determined by index and key: a multiply-and-shift hash (Wellons, ``lowbias32``)."""
    h = U32(index ^ key)
    h = U32(U32(h ^ (h >> U32(16))) * U32(0x7FEB352D))
    h = U32(U32(h ^ (h >> U32(15))) * U32(0x846CA68B))
    return U32(h ^ (h >> U32(16)))


@njit(**_LOOP)
def sums(first: int, last: int, z: Array, out: Array) -> None:
    """Write the sums of values and of squares of each map of each clip to ``out`` (B, 2, 2C) float64."""
    _, n_frames, n_bands, n_maps = z.shape
    for clip in range(first, last):
        total, squares = np.zeros(n_maps), np.zeros(n_maps)
        for t in range(n_frames):
            for f in range(n_bands):
                for c in range(n_maps):
                    value = np.float64(z[clip, t, f, c])
                    total[c] += value
                    squares[c] += value * value
        out[clip, 0], out[clip, 1] = total, squares


@njit(**_LOOP)
def gate(
    first: int,
    last: int,
    z: Array,
    affine: Array,
    key: int | None,
    threshold: int,
    kept: float,
    out: Array,
    which: Array | None,
) -> None:
    """Write the largest of each patch of linear * sigmoid(gate), after dropout, to ``out`` (B, T', F', C).

    A value is dropped where its random bits are below ``threshold``; the others are multiplied by ``kept``.
    ``which`` (B, T', F', C) uint8 receives the index of the largest value in its patch, row by row, or ``DROPPED``.
    """
    _, n_frames, n_bands, n_maps = out.shape
    pool_t, pool_f = z.shape[1] // n_frames, z.shape[2] // n_bands
    largest, place = np.empty(n_maps, F32), np.empty(n_maps, np.uint8)
    scale, shift = affine[0], affine[1]
    lowest, factor = U32(threshold), F32(kept)
    for clip in range(first, last):
        for t in range(n_frames):
            for f in range(n_bands):
                largest[:] = -np.inf
                for i in range(pool_t):
                    for j in range(pool_f):
                        row, column = t * pool_t + i, f * pool_f + j
                        pixel = z[clip, row, column]
                        index = U32(((clip * z.shape[1] + row) * z.shape[2] + column) * n_maps)
                        here = np.uint8(i * pool_f + j)
                        for c in range(n_maps):
                            g = sigmoid(pixel[n_maps + c] * scale[n_maps + c] + shift[n_maps + c])
                            value = (pixel[c] * scale[c] + shift[c]) * g
                            came_from = here
                            if key is not None:
                                stays = random_bits(U32(index + U32(c)), U32(key)) >= lowest
                                value = value * factor if stays else F32(0)
                                came_from = here if stays else np.uint8(DROPPED)
                            if which is None:
                                largest[c] = value
                            else:
                                larger = not value <= largest[c]  # a nan counts as larger, so that it is not lost
                                place[c] = came_from if larger else place[c]
                                largest[c] = value if larger else largest[c]
                out[clip, t, f] = largest
                if which is not None:
                    which[clip, t, f] = place


@njit(**_LOOP)
def gradient_sums(
    first: int, last: int, z: Array, affine: Array, kept: float, which: Array, above: Array, out: Array
) -> None:
    """Write the sums over each clip that the normalisation's gradient needs to ``out`` (B, 2, 2C) float64.

    ``above`` (B, T', F', C) is the gradient of the output of :func:`gate`; the sums are those of d and of d * z, where
    d is the gradient of a normalised value.
    """
    _, n_frames, n_bands, n_maps = above.shape
    pool_t, pool_f = z.shape[1] // n_frames, z.shape[2] // n_bands
    scale, shift, factor = affine[0], affine[1], F32(kept)
    plain, times_z = np.empty(2 * n_maps, F32), np.empty(2 * n_maps, F32)
    for clip in range(first, last):
        out[clip] = 0
        for t in range(n_frames):
            plain[:], times_z[:] = 0, 0  # float32 within a row, float64 across rows
            for f in range(n_bands):
                for i in range(pool_t):
                    for j in range(pool_f):
                        pixel = z[clip, t * pool_t + i, f * pool_f + j]
                        arriving, here = above[clip, t, f], np.uint8(i * pool_f + j)
                        for c in range(n_maps):
                            d = arriving[c] * factor if which[clip, t, f, c] == here else F32(0)
                            g = sigmoid(pixel[n_maps + c] * scale[n_maps + c] + shift[n_maps + c])
                            d_linear = d * g
                            d_gate = d_linear * (pixel[c] * scale[c] + shift[c]) * (F32(1) - g)
                            plain[c] += d_linear
                            plain[n_maps + c] += d_gate
                            times_z[c] += d_linear * pixel[c]
                            times_z[n_maps + c] += d_gate * pixel[n_maps + c]
            for c in range(2 * n_maps):
                out[clip, 0, c] += plain[c]
                out[clip, 1, c] += times_z[c]


@njit(**_LOOP)
def gradient(
    first: int,
    last: int,
    z: Array,
    affine: Array,
    kept: float,
    which: Array,
    above: Array,
    through: Array,
    out: Array,
) -> None:
    """Write the gradient of ``z`` to ``out`` (B, T, F, 2C).

    ``through`` (3, 2C) float32 is the effect of a value on the others through the batch's statistics: the gradient is
    d * scale + offset + slope * (z - mean), and the rows are offset, slope and mean; zeros where statistics are frozen.
    """
    _, n_frames, n_bands, n_maps = above.shape
    pool_t, pool_f = z.shape[1] // n_frames, z.shape[2] // n_bands
    scale, shift, factor = affine[0], affine[1], F32(kept)
    offset, slope, mean = through[0], through[1], through[2]
    d_pixel = np.empty(2 * n_maps, F32)
    for clip in range(first, last):
        for t in range(n_frames):
            for f in range(n_bands):
                for i in range(pool_t):
                    for j in range(pool_f):
                        pixel = z[clip, t * pool_t + i, f * pool_f + j]
                        arriving, here = above[clip, t, f], np.uint8(i * pool_f + j)
                        for c in range(n_maps):
                            d = arriving[c] * factor if which[clip, t, f, c] == here else F32(0)
                            g = sigmoid(pixel[n_maps + c] * scale[n_maps + c] + shift[n_maps + c])
                            d_pixel[c] = d * g
                            d_pixel[n_maps + c] = d * g * (pixel[c] * scale[c] + shift[c]) * (F32(1) - g)
                        for c in range(2 * n_maps):
                            d_pixel[c] = d_pixel[c] * scale[c] + offset[c] + slope[c] * (pixel[c] - mean[c])
                        out[clip, t * pool_t + i, f * pool_f + j] = d_pixel
