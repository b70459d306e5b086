"""Work that no byte waits for: turns are explained and told of when mitmproxy has passed on what has come.

It is done in the order in which it was asked for, before the event loop looks for anything new.
"""

import asyncio
from collections import deque
from collections.abc import Callable

from .guard import Faults


class Afterwards:
    """Does what it is asked for as soon as nothing else is left to do; where no event loop runs, at once."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._works: deque[Callable[[], None]] = deque()
        self._is_due = self._is_over = False

    def put_by(self, work: Callable[[], None]) -> None:
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
                self._faults.note("what follows on a turn", error)

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
