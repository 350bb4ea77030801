"""Memory that training frees and needs again a moment later.

- :func:`keep_freed_memory`: freed blocks stay with the process
"""

from __future__ import annotations

import ctypes

# glibc's malloc.h
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4
_GROW_BY = 64 * 1024 * 1024


def keep_freed_memory() -> bool:
    """Keep what is freed for what is allocated next, instead of returning it to the system, until the process ends.

    A training step allocates and frees the same large blocks again and again. By default glibc gets each from the
    system anew, and the system clears it page by page: up to half of a step's time. The price is that memory once
    used stays taken, and that the peak is higher, since blocks of different sizes leave gaps: a little in most
    trainings, and much where batches are large.

    Returns
    -------
    bool
        Whether it could be set; other C libraries than glibc have no such setting and are left as they are.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    settings = ((_MMAP_MAX, 0), (_TRIM_THRESHOLD, -1), (_TOP_PAD, _GROW_BY))
    return all(mallopt(setting, value) == 1 for setting, value in settings)
