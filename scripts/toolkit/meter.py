"""What the system knows of a process: its CPU time and its memory; and what the C library's allocator has handed out.

The memory of a process also holds what was given back and lies between what is still used, and so it creeps for long
even where nothing is left. What was handed out does not. Python's own small objects are not in it; they are counted as
blocks.
"""

import contextlib
import ctypes
import sys
import time
from pathlib import Path

_SCHEDULED = 2  # the clock that counts user and system time of all threads (Linux, `posix-timers.h`)
_FIGURES = ("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost")


class _Info(ctypes.Structure):
    """What `mallinfo2` of glibc tells (malloc.h)."""

    _fields_ = [(name, ctypes.c_size_t) for name in _FIGURES]


def is_supported() -> bool:
    """Return whether this system can be asked for another process's CPU time."""
    return sys.platform == "linux"


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process has used in all of its threads, finer than the ticks of /proc."""
    return time.clock_gettime((~pid << 3) | _SCHEDULED)


def peak_memory(pid: int) -> int:
    """Return the most bytes of memory that a process has had since it started."""
    return _status(pid, "VmHWM")


def memory(pid: int) -> int:
    """Return the bytes of memory that a process has."""
    return _status(pid, "VmRSS")


def _status(pid: int, name: str) -> int:
    _, _, after = Path(f"/proc/{pid}/status").read_text().partition(f"{name}:")
    return int(after.split()[0]) * 1024 if after else 0


def handed_out() -> int | None:
    """Return the bytes that this process was handed out, None where the C library is no glibc from 2.33 on."""
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
