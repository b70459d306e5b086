"""One at a time: the kernel holds the lock, so it is free again whatever becomes of its holder."""

import contextlib
import fcntl
import os
import sys
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def working(path: Path, program: str = "scripts/setup") -> Iterator[int]:
    """Wait until nobody else works under this lock, then hold it for the block; yield its descriptor.

    A program that is given the descriptor holds the lock too: it may outlive us. Who has to wait is told that
    another `program` is at work.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _wait(descriptor, program)
        yield descriptor
    finally:
        os.close(descriptor)


def _wait(descriptor: int, program: str) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print(f"Another {program} is at work here; waiting for it ...", file=sys.stderr, flush=True)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
