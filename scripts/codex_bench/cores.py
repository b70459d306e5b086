"""Which cores do what: the proxies take turns on one, client and server have the others.

Left to itself, the system moves them about, and a proxy pays for caches that another process has filled: with that, the
ratios of single rounds spread four times as far.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


@contextmanager
def divided() -> Iterator[Callable[[int], None]]:
    """Keep this process off the first core until the block ends; yields what moves another process there.

    Where the system cannot do that, or has one core, all stay where they are.
    """
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if len(cores) < 2:
        yield lambda pid: None
        return
    os.sched_setaffinity(0, cores[1:])
    try:
        yield lambda pid: _move(pid, cores[0])
    finally:
        os.sched_setaffinity(0, cores)


def _move(pid: int, core: int) -> None:
    with suppress(ProcessLookupError):  # it has ended, which is told elsewhere
        os.sched_setaffinity(pid, [core])
