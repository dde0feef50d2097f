"""Memory that is free and still counted as ours: given back to the system."""

import ctypes
import os

_malloc_trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if os.name == "posix" else None


def give_back() -> None:
    """Give back what the C library keeps for later, where it can be told to (glibc).

    Pictures of all sizes tear its heaps to pieces: idle after 60 pictures of 0.04 to 9 megapixels,
    a process had 681 MB, and 118 MB once it had given back. Arrays that are all mapped by
    themselves (M_MMAP_THRESHOLD) keep nothing either, but took a network 28 % more time.
    """
    if _malloc_trim:
        _malloc_trim(0)
