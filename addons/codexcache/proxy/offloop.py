"""Where the work on a body is done: on a large one in a thread, so that nobody else's stream waits for it.

The hook that asks for it waits, and with it what mitmproxy has still to do for its flow, so the order of a flow's own
messages stays. A thread gives way to the event loop every few milliseconds, but not while one parse runs.
"""

import asyncio
import contextlib
from collections.abc import Callable

from ..wire.coding import Undecodable, decode

LARGE = 1 << 20
"""Bytes from which on a body is large; to read one of that size anew takes a few milliseconds."""


async def decoded(content: bytes, coding: str, limit: int) -> bytes:
    """Return a decoded body of at most `limit` bytes. Raises Undecodable."""
    if not coding.strip():
        return decode(content, coding, limit)
    if len(content) < LARGE:
        with contextlib.suppress(Undecodable):  # it may be large once it is decoded
            return decode(content, coding, min(LARGE, limit))
    return await asyncio.to_thread(decode, content, coding, limit)


async def worked[T](size: int, work: Callable[[], T]) -> T:
    """Return what comes of some work on a body of so many bytes."""
    return await asyncio.to_thread(work) if size >= LARGE else work()
