"""Memory that is free and still counted as ours: kept in one place, and given back to the system.

Pictures of all sizes tear the heaps of the C library to pieces: idle after 60 pictures of 0.04 to
9 megapixels, a process had 681 MB. With one heap that is given back, it has 71.4 to 71.5 MB after
each 20 of 120 pictures; with a heap a thread, of which glibc gives back only the holes, it had 72
MB after 50 and 126 MB after 350.

What a network needs for each of its layers should come from that heap, too: mapped by itself, as
glibc does from 32 MiB on, or given back after each layer, all of it is cleared again and again by
the system. Of 1536 x 1536 pixels that took 24 % more time of the CPUs in int8, 40 % in float32.
Given back after each picture, it is cleared for each: 10 % more of 1024 x 1024 pixels in int8. So
the heap's end is left as it is, and given back seconds later. Whole pictures of more than 30
megapixels are still mapped by themselves, and leave no hole.
"""

import ctypes
import os
import threading

_C = ctypes.CDLL(None) if os.name == "posix" else None
_mallopt = getattr(_C, "mallopt", None)  # of glibc; other systems do without
_malloc_trim = getattr(_C, "malloc_trim", None)
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # from malloc.h

GIVE_BACK_AFTER_S = 2.0  # after each picture of 256 x 256 pixels it would take 2 % of the time
_is_due = threading.Lock()  # held until it is done


def use_one() -> None:
    """Let threads that are yet to come allocate from one heap: only its end can be given back."""
    if _mallopt:
        _mallopt(_M_ARENA_MAX, 1)
        # Bytes. glibc before 2.35 refuses more than 32 MiB, and would stay at 128 KiB for good, for
        # whatever is set ends that it finds a threshold by itself.
        if not _mallopt(_M_MMAP_THRESHOLD, 96 * 2**20):
            _mallopt(_M_MMAP_THRESHOLD, 32 * 2**20)
        _mallopt(_M_TRIM_THRESHOLD, 2**30)  # bytes that may lie idle at its end until given back


def give_back() -> None:
    """Give what is free back to the system."""
    if _malloc_trim:
        _malloc_trim(0)


def give_back_soon() -> None:
    """Give what is free by then back to the system, `GIVE_BACK_AFTER_S` from now or sooner."""
    if _malloc_trim and _is_due.acquire(blocking=False):
        timer = threading.Timer(GIVE_BACK_AFTER_S, _give_back_now)
        timer.daemon = True  # the system takes all when the process ends
        timer.start()


def _give_back_now() -> None:
    _is_due.release()  # first: of what is freed from here on nothing is sure
    give_back()
