"""The listener on a response. Whatever happens in it, every byte goes on at once, as it came.

mitmproxy calls it with each chunk of the body, still encoded and cut anywhere, and with `b""` at the end. It must
return what it was given: an exception loses the chunk, `None` stops the stream, and `b""` in the middle of an
HTTP/1.1 stream ends it (all measured on mitmproxy 12.2).

Most clients hang up as soon as they have read the last event, so that event, not the end of the body, finishes a turn.
"""

import contextlib
from collections.abc import Callable

from ..wire.coding import DAMAGED, Decoder, Identity, decoder_for
from ..wire.eventstream import EventStream
from .outcome import HINT, Outcome


class Keeper:
    """Keeps a copy of a body for viewing and saving, as long as it is not larger than `limit` bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._chunks: list[bytes] = []
        self._size = 0

    def add(self, chunk: bytes) -> None:
        """Keep a chunk; beyond the limit, keep nothing."""
        self._size += len(chunk)
        if self._size > self._limit:
            self._chunks.clear()
        else:
            self._chunks.append(chunk)

    def whole(self) -> bytes | None:
        """Return the body as it came, or None where it was too large."""
        return b"".join(self._chunks) if self._size <= self._limit else None


class Reader:
    """Reads a response's outcome from its encoded chunks, an event stream or a JSON document."""

    def __init__(self, outcome: Outcome, *, coding: str, event_stream: bool, limit: int) -> None:
        self._outcome = outcome
        self._decoder: Decoder = decoder_for(coding)
        self._events = EventStream() if event_stream else None
        self._plain_events = self._events if isinstance(self._decoder, Identity) else None
        self._body = Keeper(limit)

    def feed(self, chunk: bytes) -> None:
        """Take in the next chunk; `b""` is the end."""
        if self._plain_events and self._plain_events.is_unmoved_by(chunk, HINT):
            return
        with contextlib.suppress(*DAMAGED):  # then the response says no more than it has said so far
            for piece in self._decoder(chunk):
                self._take(piece)
        if not chunk and self._events is None:
            self._outcome.read_body(self._body.whole() or b"")

    def _take(self, piece: bytes) -> None:
        if self._events is None:
            self._body.add(piece)
            return
        for data in self._events.feed(piece):
            self._outcome.read_event(data)


class Tap:
    """Passes chunks on and shows each to its listeners; one that fails is told to `on_fault` and not called again."""

    def __init__(self, on_fault: Callable[[Exception], None], *listeners: Callable[[bytes], None]) -> None:
        self._on_fault = on_fault
        self._listeners = listeners

    def __call__(self, chunk: bytes) -> bytes:
        for listener in self._listeners:
            try:
                listener(chunk)
            except Exception as error:
                self._listeners = tuple(other for other in self._listeners if other is not listener)
                self._on_fault(error)
        return chunk
