"""The listener on a response. Whatever happens in it, every byte goes on at once, as it came.

mitmproxy calls it with each chunk of the body, still encoded and cut anywhere, and with `b""` at the end. It must
return what it was given: an exception loses the chunk, `None` stops the stream, and `b""` in the middle of an
HTTP/1.1 stream ends it (all measured on mitmproxy 12.2).

Most clients hang up as soon as they have read the last event, so that event, not the end of the body, finishes a turn.
"""

import contextlib
from collections.abc import Callable
from typing import Protocol

from ..wire.coding import DAMAGED, Decoder, Identity, decoder_for
from ..wire.eventstream import BLANK_LINE, EventStream
from .outcome import HINT, PIECE, TYPE, Outcome


class Keeper:
    """Keeps a copy of a body for viewing and saving, as long as it is not larger than `limit` bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._chunks: list[bytes] = []
        self._size = 0

    def add(self, chunk: bytes) -> None:
        """Keep a chunk; beyond the limit, keep nothing."""
        self._chunks.append(chunk)
        self._size += len(chunk)
        if self._size > self._limit:
            self._chunks.clear()

    def whole(self) -> bytes | None:
        """Return the body as it came, or None where it was too large."""
        return b"".join(self._chunks) if self._size <= self._limit else None


class Reader(Protocol):
    """Reads a response from its chunks."""

    @property
    def is_idle(self) -> bool:
        """Whether a chunk of whole events need not be fed unless there is a hint in it."""

    def feed(self, chunk: bytes, /) -> None:
        """Take in the next chunk; `b""` is the end."""


class EventReader:
    """Reads a response's outcome from the chunks of an event stream; each time it is finished, it says so."""

    def __init__(self, outcome: Outcome, on_finished: Callable[[], None]) -> None:
        self._outcome = outcome
        self._on_finished = on_finished
        self._events = EventStream(HINT)

    @property
    def is_idle(self) -> bool:
        return self._events.is_between

    def feed(self, chunk: bytes) -> None:
        for data in self._events.feed(chunk):
            self._outcome.read_event(data)
            if self._outcome.finished:
                self._on_finished()


class BodyReader:
    """Reads a response's outcome from the chunks of a JSON document that is not larger than `limit` bytes."""

    is_idle = False

    def __init__(self, outcome: Outcome, on_finished: Callable[[], None], limit: int) -> None:
        self._outcome = outcome
        self._on_finished = on_finished
        self._body = Keeper(limit)

    def feed(self, chunk: bytes) -> None:
        self._body.add(chunk)
        if not chunk:
            self._outcome.read_body(self._body.whole() or b"")
            self._on_finished()


class Decoding:
    """Decodes chunks for a reader."""

    is_idle = False

    def __init__(self, reader: Reader, decoder: Decoder) -> None:
        self._reader = reader
        self._decoder = decoder

    def feed(self, chunk: bytes) -> None:
        with contextlib.suppress(*DAMAGED):  # then the response says no more than it has said so far
            for piece in filter(None, self._decoder(chunk)):
                self._reader.feed(piece)
        if not chunk:
            self._reader.feed(chunk)


def reader_for(
    outcome: Outcome, *, coding: str, event_stream: bool, limit: int, on_finished: Callable[[], None]
) -> Reader:
    """Return what reads a response, encoded by `coding`, into its outcome. Raises Undecodable."""
    decoder = decoder_for(coding)
    reader = EventReader(outcome, on_finished) if event_stream else BodyReader(outcome, on_finished, limit)
    return reader if isinstance(decoder, Identity) else Decoding(reader, decoder)


NO_PIECE = b"\n" * 100
"""How no chunk begins that is passed over."""


class Tap(Keeper):
    """Passes chunks on, keeps them, and shows them to a reader.

    A reader that fails is told to `on_fault` and not asked again. This is called for each chunk of each stream, so what
    most chunks need stands in one place: a chunk that begins like the piece of a text before it, and holds this event
    alone, says nothing.
    """

    def __init__(self, limit: int, on_fault: Callable[[Exception], None], reader: Reader | None = None) -> None:
        super().__init__(limit)
        self._on_fault = on_fault
        self._reader = reader
        self._piece, self._at = self._known = NO_PIECE, 0

    def __call__(self, chunk: bytes) -> bytes:
        self._chunks.append(chunk)
        self._size += len(chunk)
        if (
            not chunk.startswith(self._piece)
            or not chunk.endswith(BLANK_LINE)
            or chunk.rfind(TYPE) != self._at
            or self._size > self._limit
        ):
            self._attend(chunk)
        return chunk

    def taken(self) -> bytes | None:
        """Return the body as it came, None where it was too large, and let go of it and of the reader."""
        whole = self.whole()
        self._chunks, self._reader = [], None
        return whole

    def _attend(self, chunk: bytes) -> None:
        if self._size > self._limit:
            self._chunks.clear()
        if self._reader is None:
            return
        try:
            self._reader.feed(chunk)
            self._look_out(chunk, self._reader.is_idle)
        except Exception as error:
            self._reader, self._piece = None, NO_PIECE
            self._on_fault(error)

    def _look_out(self, chunk: bytes, is_idle: bool) -> None:
        """Note how the next chunk has to begin if it is to be passed over: like the latest piece."""
        if is_idle and (piece := PIECE.match(chunk)):
            self._known = piece[0], piece.start(1)
        self._piece, self._at = self._known if is_idle else (NO_PIECE, 0)
