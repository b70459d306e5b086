"""What the system knows of a process: its CPU time and its memory."""

import sys
import time
from pathlib import Path

_SCHEDULED = 2  # the clock that counts user and system time of all threads (Linux, `posix-timers.h`)


def is_supported() -> bool:
    """Tell whether this system can be asked for another process's CPU time."""
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
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    return 0
