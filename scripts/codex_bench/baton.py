"""What the server and the client tell each other beside the wire: when something was sent, and when the next may be.

With one event on its way at a time, each takes its own turn through the proxy's event loop, as events do that a model
writes one by one; and nothing has to be timed.
"""

import asyncio
import time


class Baton:
    """Passed from the server to the client with each event, and back."""

    def __init__(self) -> None:
        self._taken = asyncio.Event()
        self.sent_at = 0.0
        self.events = 100
        self.one_by_one = True
        self.turns = 0
        self.body_size = 0
        self.has_key = False

    def send(self) -> None:
        """Note that something is sent now."""
        self._taken.clear()
        self.sent_at = time.perf_counter()

    async def returned(self) -> None:
        """Wait until what was sent has arrived."""
        await self._taken.wait()

    def take(self) -> float:
        """Take what has arrived; return how many seconds it was on its way."""
        delay = time.perf_counter() - self.sent_at
        self._taken.set()
        return delay
