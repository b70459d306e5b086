"""One at a time: the kernel holds the lock, so it is free again whatever becomes of its holder."""

import contextlib
import fcntl
import os
import sys
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def working(path: Path) -> Iterator[int]:
    """Wait until nobody else works under this lock, then hold it for the block; yield its descriptor.

    A program that is given the descriptor holds the lock too: it may outlive us.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _wait(descriptor)
        yield descriptor
    finally:
        os.close(descriptor)


def _wait(descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("Another scripts/setup is at work here; waiting for it ...", file=sys.stderr, flush=True)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
