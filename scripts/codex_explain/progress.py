"""How much of the logs has been read, as a line that is written over; on a terminal only."""

import time
from collections.abc import Callable
from typing import Self, TextIO

_EVERY = 0.1
_WIDTH = 30
_MEGA = 1_000_000


class Progress:
    """A bar of the bytes that were read; it is gone at the end of a `with`."""

    def __init__(self, total: int, to: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._total, self._to, self._clock = max(1, total), to, clock
        self._shown = to.isatty()
        self._read = 0
        self._next = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._shown:
            self._to.write("\r\x1b[K")
            self._to.flush()

    def add(self, size: int) -> None:
        """Take note of bytes that were read, and draw the bar if it was not drawn just now."""
        self._read += size
        if self._shown and (now := self._clock()) >= self._next:
            self._next = now + _EVERY
            self._to.write(f"\r{self._line()}\x1b[K")
            self._to.flush()

    def _line(self) -> str:
        share = min(1.0, self._read / self._total)
        bar = f"{'#' * round(share * _WIDTH):<{_WIDTH}}"
        return f"reading [{bar}] {share:4.0%} of {self._total / _MEGA:,.0f} MB"
