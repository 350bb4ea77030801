"""Reuse of memory that training frees and needs again a moment later.

- :func:`keep_freed_memory`: let the process keep freed blocks
"""

from __future__ import annotations

import ctypes

# glibc's malloc.h
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4
_GROW_BY = 64 * 1024 * 1024


def keep_freed_memory() -> bool:
    """Keep freed memory for later allocations, instead of returning it to the system, until the process ends.

    A training step allocates and frees the same large blocks again and again. By default, glibc requests each of them
    from the system anew, and the system clears it page by page, which takes up to half of a step's time. The price is
    that memory once used stays allocated, and that the peak is higher, since blocks of different sizes leave gaps: a
    little higher in most trainings, much higher with large batches.

    Returns
    -------
    bool
        Whether it could be set; C libraries other than glibc have no such setting and are left as they are.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    settings = ((_MMAP_MAX, 0), (_TRIM_THRESHOLD, -1), (_TOP_PAD, _GROW_BY))
    return all(mallopt(setting, value) == 1 for setting, value in settings)
