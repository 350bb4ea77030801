"""Cutting recordings of any length into windows of the length a network was trained on, and joining its outputs.

Windows overlap. Where two of them cover the same frame, the result is cross-faded from the earlier to the later one,
linearly over the whole overlap: at the edge of a window, where the network had least context around the frame, the
window counts least, and there is no joint where probabilities could jump. The values of frames that only one window
covers stay as they are, bit for bit; a recording that fits one window is treated as a clip.

The last window is moved back until it ends with the recording, so that it does not consist of padding.

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
    """Cut a recording into overlapping windows.

    Parameters
    ----------
    blocks : iterable of ndarray [shape=(samples,)]
        The recording, in pieces of any lengths.
    length : int
        Number of samples of a window.
    hop : int
        Number of samples from one window's start to the next one's.
    step : int
        Number of samples of one output frame of the network; every window starts at a multiple of it. The last frame of
        a window may lie only partly within it.

    Yields
    ------
    Window
        Windows that start at 0, ``hop``, ``2 * hop``, ...; the last one starts as early as needed to lack less than
        ``step`` samples, unless the recording is shorter than a window. No window for a recording without samples.

    Raises
    ------
    ValueError
        If ``hop`` is not a positive multiple of ``step``, or windows would leave gaps.

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
        while first + len(held) > start + length:  # there is more, so this window is not the last
            yield Window(start, held[start - first : start - first + length])
            held, first, start = held[start - first :], start, start + hop  # the last window never starts earlier
    end = first + len(held)
    if end:
        start = max(0, -(-(end - length) // step) * step)
        yield Window(start, held[start - first :])


def join_windows(starts: Sequence[int], values: Sequence[np.ndarray] | np.ndarray) -> np.ndarray:
    """Join the values of overlapping windows into those of the whole recording.

    Parameters
    ----------
    starts : sequence of int
        The frame of the recording with which each window begins: 0 first, ascending, without gaps.
    values : sequence of ndarray [shape=(T, ...)]
        Values of each window, such as frame probabilities (T, K).

    Returns
    -------
    ndarray [shape=(starts[-1] + T, ...)]
        Values, each between the smallest and the largest one that the windows have for its frame.

    Raises
    ------
    ValueError
        If there is no window, or the windows are not in order or leave a gap.

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
