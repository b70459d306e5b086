"""Work that no byte waits for: turns are explained and told of when mitmproxy has passed on what has come.

It is done in the order in which it was asked for, before the event loop looks for anything new.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable

from ..wire.content_encoding import Undecodable, decode
from .errors import InternalErrors


class DeferredQueue:
    """Does what it is asked for as soon as nothing else is left to do; where no event loop runs, at once."""

    def __init__(self, errors: InternalErrors) -> None:
        self._errors = errors
        self._works: deque[Callable[[], None]] = deque()
        self._is_due = self._is_over = False

    def enqueue(self, work: Callable[[], None]) -> None:
        """Queue work ahead of anything queued later; it runs with the next `do` or `catch_up`."""
        self._works.append(work)

    def do(self, work: Callable[[], None]) -> None:
        """Have something done afterwards."""
        self._works.append(work)
        if not self._is_due:
            self._is_due = True
            self._call_soon()

    def catch_up(self) -> None:
        """Do now what is left to do; what fails keeps nothing else from being done."""
        self._is_due = False
        while self._works:
            try:
                self._works.popleft()()
            except Exception as error:
                self._errors.note("what follows on a turn", error)

    def finish(self) -> None:
        """Do what is left to do, and from now on everything at once: there may be no time afterwards."""
        self._is_over = True
        self.catch_up()

    def _call_soon(self) -> None:
        try:
            loop = None if self._is_over else asyncio.get_running_loop()
        except RuntimeError:
            loop = None
        if loop:
            loop.call_soon(self.catch_up)
        else:
            self.catch_up()


# Where the work on a body is done: on a large one in a thread, so that nobody else's stream waits for it.
#
# The hook that asks for it waits, and with it what mitmproxy has still to do for its flow, so the order of a flow's own
# messages stays. A thread gives way to the event loop every few milliseconds, but not while one parse runs.

LARGE = 1 << 20
"""Bytes from which on a body is large; to read one of that size anew takes a few milliseconds."""


async def decode_maybe_in_thread(content: bytes, coding: str, limit: int) -> bytes:
    """Return a decoded body of at most `limit` bytes. Raises Undecodable."""
    if not coding.strip():
        return decode(content, coding, limit)
    if len(content) < LARGE:
        with contextlib.suppress(Undecodable):  # it may be large once it is decoded
            return decode(content, coding, min(LARGE, limit))
    return await asyncio.to_thread(decode, content, coding, limit)


async def run_maybe_in_thread[T](size: int, work: Callable[[], T]) -> T:
    """Return what comes of some work on a body of so many bytes."""
    return await asyncio.to_thread(work) if size >= LARGE else work()
