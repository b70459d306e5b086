"""Work that no byte waits for, and work that the event loop must not wait for.

A turn is diagnosed after mitmproxy has passed on the bytes that have arrived; diagnoses run in the order in which they
were queued, before the event loop looks for anything new. A large body is parsed in steps, between which the event loop
does what has come; where it cannot be, it is parsed in a thread, as it is decoded in one. The hook waits for all of it,
and with it all that mitmproxy has still to do for its flow, so the order of a flow's own messages stays.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable

from ..body.slices import Steps
from ..wire.content_encoding import Undecodable, decode
from .errors import InternalErrors

LARGE = 1 << 20
"""Bytes from which on a body is large: to decode or to parse it takes a few milliseconds."""


class DeferredQueue:
    """Runs work as soon as the event loop has nothing else to do; without an event loop, at once."""

    def __init__(self, errors: InternalErrors) -> None:
        self._errors = errors
        self._queue: deque[Callable[[], None]] = deque()
        self._is_scheduled = self._is_closed = False

    def enqueue(self, work: Callable[[], None]) -> None:
        """Queue work ahead of anything queued later; it runs with the next `do` or `catch_up`."""
        self._queue.append(work)

    def do(self, work: Callable[[], None]) -> None:
        """Queue work, and schedule the queue to run."""
        self._queue.append(work)
        if not self._is_scheduled:
            self._is_scheduled = True
            self._schedule()

    def catch_up(self) -> None:
        """Run now what is queued; work that fails keeps no other from running."""
        self._is_scheduled = False
        while self._queue:
            try:
                self._queue.popleft()()
            except Exception as error:
                self._errors.note("deferred work", error)

    def finish(self) -> None:
        """Run what is queued, and from now on everything at once: there may be no time later."""
        self._is_closed = True
        self.catch_up()

    def _schedule(self) -> None:
        try:
            loop = None if self._is_closed else asyncio.get_running_loop()
        except RuntimeError:
            loop = None
        if loop:
            loop.call_soon(self.catch_up)
        else:
            self.catch_up()


async def decode_maybe_in_thread(content: bytes, coding: str, limit: int) -> bytes:
    """Return a decoded body of at most `limit` bytes. Raises Undecodable."""
    if not coding.strip():
        return decode(content, coding, limit)
    if len(content) < LARGE:
        with contextlib.suppress(Undecodable):  # it may be large once it is decoded
            return decode(content, coding, min(LARGE, limit))
    return await asyncio.to_thread(decode, content, coding, limit)


async def run_maybe_in_thread[T](size: int, work: Callable[[], T]) -> T:
    """Return the result of some work on a body of `size` bytes."""
    return await asyncio.to_thread(work) if size >= LARGE else work()


async def take_steps[T](steps: Steps[T]) -> T:
    """Return what some steps come to; the event loop does other work between them, and while a long one is taken."""
    is_long = False
    while True:
        taken = await asyncio.to_thread(_take_step, steps) if is_long else _take_step(steps)
        if isinstance(taken, StopIteration):
            result: T = taken.value
            return result
        if not (is_long := taken):
            await asyncio.sleep(0)


def _take_step[T](steps: Steps[T]) -> bool | StopIteration:
    try:
        return next(steps)
    except StopIteration as end:  # which no thread can raise
        return end
