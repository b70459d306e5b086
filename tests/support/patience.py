"""How long a test may take. One that waits for what never comes fails, and the others go on."""

import asyncio
import contextlib
import signal
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import NoReturn

import pytest

_AGAIN = 5.0
"""Seconds until the next try: what is raised in a callback of an event loop is logged there, and the loop goes on."""


@contextlib.contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Fail the test if the block takes longer; only in the main thread, whose waiting a signal can end."""

    def end(_: int, __: FrameType | None) -> NoReturn:
        pytest.fail(f"It was not at its end after {seconds:g} seconds.")

    before = signal.signal(signal.SIGALRM, end)
    left = signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, *left)
        signal.signal(signal.SIGALRM, before)


async def until(condition: Callable[[], object], seconds: float = 15, *, told: Callable[[], object] = str) -> None:
    """Wait until a condition holds; fail the test with what is told if that takes longer."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"It did not hold after {seconds:g} seconds: {told()}"
        await asyncio.sleep(0.005)
