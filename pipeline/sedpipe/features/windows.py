"""A recording of any length -> windows of the length that a network was trained on, and what it says of them joined.

Windows overlap. Where two of them speak about the same frame, the voice goes over from the earlier to the later
one, linearly over all they share: at the edge of a window, where its network heard least around the frame, it
counts least, and there is no joint where probabilities could jump. What only one window heard is its word, bit for
bit; a recording that fits one window is treated as a clip is.

The last window is moved back until it ends with the recording, so that it is no window of padding.

- :class:`Window`: a stretch of a recording
- :func:`cut_windows`: blocks of samples -> windows, without ever holding more than two of them
- :func:`join_windows`: probabilities of each window -> probabilities of the recording
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Window:
    """Samples (at most the window's length) of a recording from sample ``start`` on."""

    start: int
    samples: np.ndarray


def cut_windows(blocks: Iterable[np.ndarray], length: int, hop: int, step: int) -> Iterator[Window]:
    """Overlapping windows of a recording.

    Parameters
    ----------
    blocks : iterable of ndarray [shape=(samples,)]
        The recording, in pieces of any lengths.
    length : int
        Samples of a window.
    hop : int
        Samples from one window's start to the next one's.
    step : int
        Every window starts at a multiple of it: the samples of one frame of the network's output. The last frame of a
        window may lie in it in part.

    Yields
    ------
    Window
        Starting at 0, ``hop``, ``2 * hop``, ...; the last one as early as needed to be full but for less than
        ``step``, unless the recording is shorter than a window. None where there is no sample.

    Raises
    ------
    ValueError
        If ``hop`` is no positive multiple of ``step``, or windows would leave gaps.

    Examples
    --------
    >>> [(window.start, len(window.samples)) for window in cut_windows([np.zeros(27)], 10, 8, 2)]
    [(0, 10), (8, 10), (16, 10), (18, 9)]
    """
    if not 0 < step <= hop <= length or hop % step:
        raise ValueError(f"expected 0 < step <= hop <= length, hop a multiple of step, got {step}, {hop}, {length}")
    held, first, start = np.zeros(0, np.float32), 0, 0  # held[0] is the recording's sample ``first``
    for block in blocks:
        held = np.concatenate([held, block])
        while first + len(held) > start + length:  # there is more, so that this window is not the last
            yield Window(start, held[start - first : start - first + length])
            held, first, start = held[start - first :], start, start + hop  # the last window never starts before
    end = first + len(held)
    if end:
        start = max(0, -(-(end - length) // step) * step)
        yield Window(start, held[start - first :])


def join_windows(starts: Sequence[int], values: Sequence[np.ndarray] | np.ndarray) -> np.ndarray:
    """One course of values out of those of overlapping windows.

    Parameters
    ----------
    starts : sequence of int
        The frame of the recording that each window begins with: 0 first, ascending, without gaps.
    values : sequence of ndarray [shape=(T, ...)]
        Of each window, such as frame probabilities (T, K).

    Returns
    -------
    ndarray [shape=(starts[-1] + T, ...)]
        Between the least and the greatest value that the windows give a frame.

    Raises
    ------
    ValueError
        If there is no window, they are not in order, or leave a gap.

    Examples
    --------
    >>> join_windows([0, 1], [np.array([0.0, 0.0, 0.0]), np.array([0.9, 0.9, 0.9])]).round(3)
    array([0. , 0.3, 0.6, 0.9])
    """
    if not len(starts) or starts[0] != 0 or list(starts) != sorted(starts) or len(starts) != len(values):
        raise ValueError(f"expected windows in order from frame 0 on, got {len(values)} with the starts {starts}")
    joined = np.empty((starts[-1] + len(values[-1]), *values[0].shape[1:]), values[0].dtype)
    end = 0
    for start, window in zip(starts, values, strict=True):
        if not start <= end <= start + len(window):
            raise ValueError(f"windows must overlap or touch, got one from {start} on after {end} frames")
        shared = end - start
        joined[end : start + len(window)] = window[shared:]
        if shared:
            later = (np.arange(shared) + 1) / (shared + 1)  # float64, so that no sum leaves [0, 1]
            later = later.reshape(-1, *[1] * (window.ndim - 1))
            joined[start:end] = joined[start:end] * (1 - later) + window[:shared] * later
        end = start + len(window)
    return joined
