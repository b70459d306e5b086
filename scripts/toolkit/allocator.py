"""What the C library's allocator has handed out and not got back, in bytes.

The memory of a process also holds what was given back and lies between what is still used, and so it creeps for long
even where nothing is left. This figure does not. Python's own small objects are not in it; they are counted as blocks.
"""

import contextlib
import ctypes

_FIGURES = ("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost")


class _Info(ctypes.Structure):
    """What `mallinfo2` of glibc tells (malloc.h)."""

    _fields_ = [(name, ctypes.c_size_t) for name in _FIGURES]


def handed_out() -> int | None:
    """Return the bytes, None where the C library is another than glibc 2.33 or newer."""
    try:
        mallinfo = ctypes.CDLL(None).mallinfo2
    except AttributeError:
        return None
    mallinfo.restype = _Info
    info = mallinfo()
    return int(info.uordblks + info.hblkhd)


def give_back() -> None:
    """Have what lies between what is still used returned to the system, where the C library can (glibc)."""
    with contextlib.suppress(AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
