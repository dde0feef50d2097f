"""Memory that is free and still counted as ours: kept in one place, and given back to the system.

Pictures of all sizes tear the heaps of the C library to pieces: idle after 60 pictures of 0.04 to
9 megapixels, a process had 681 MB. With one heap that is given back, it has 71.4 to 71.5 MB after
each 20 of 120 pictures; with a heap a thread, of which glibc gives back only the holes, it had 72
MB after 50 and 126 MB after 350.

What a network needs for each of its layers should come from that heap, too: mapped by itself, as
glibc does from 32 MiB on, or given back after each layer, all of it is cleared again and again by
the system. Of 1536 x 1536 pixels that took 24 % more time of the CPUs in int8, 40 % in float32.
Whole pictures of more than 30 megapixels are still mapped by themselves, and leave no hole.
"""

import ctypes
import os

_C = ctypes.CDLL(None) if os.name == "posix" else None
_mallopt = getattr(_C, "mallopt", None)  # of glibc; other systems do without
_malloc_trim = getattr(_C, "malloc_trim", None)
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # from malloc.h


def use_one() -> None:
    """Let threads that are yet to come allocate from one heap: only its end can be given back."""
    if _mallopt:
        _mallopt(_M_ARENA_MAX, 1)
        # Bytes. glibc before 2.35 refuses more than 32 MiB, and would stay at 128 KiB for good, for
        # whatever is set ends that it finds a threshold by itself.
        if not _mallopt(_M_MMAP_THRESHOLD, 96 * 2**20):
            _mallopt(_M_MMAP_THRESHOLD, 32 * 2**20)
        _mallopt(_M_TRIM_THRESHOLD, 64 * 2**20)  # bytes that may lie idle at its end


def give_back() -> None:
    """Give what is free back to the system."""
    if _malloc_trim:
        _malloc_trim(0)
