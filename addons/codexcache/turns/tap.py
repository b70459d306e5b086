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

    @property
    def held(self) -> int:
        """Bytes that are kept now."""
        return sum(map(len, self._chunks))

    def add(self, chunk: bytes) -> None:
        """Keep a chunk; beyond the limit, keep nothing."""
        self._chunks.append(chunk)
        self._size += len(chunk)
        if self._size > self._limit:
            self._chunks.clear()

    def taken(self) -> bytes | None:
        """Return the body as it came, or None where it was too large, and let go of it."""
        whole = b"".join(self._chunks) if self._size <= self._limit else None
        self._chunks.clear()
        return whole


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
        if not chunk:
            return  # an event that is not complete at the end of its stream is none
        alone = self._events.alone(chunk)
        for data in self._events.feed(chunk) if alone is None else (alone,):
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
            self._outcome.read_body(self._body.taken() or b"")
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


type _Piece = tuple[bytes, int, bytes]
"""How a chunk begins that is passed over, where its type stands, and how it ends."""

_NONE: _Piece = b"", -2, b""
_CRLF = b"\r\n\r\n"


class Tap:
    """Passes chunks on, and shows them to a reader, and to a keeper.

    A reader that fails is told to `on_fault` and not asked again.
    """

    def __init__(
        self, on_fault: Callable[[Exception], None], reader: Reader | None = None, keeper: Keeper | None = None
    ) -> None:
        self._on_fault = on_fault
        self._reader = reader
        self._keeper = keeper
        self._piece = _NONE
        self.is_used = False
        """Whether a chunk has come by; the end of a body is one, too."""

    def listener(self) -> Callable[[bytes], bytes]:
        """Return what is called with each chunk, and returns it."""
        return self._reading() if self._keeper is None else self._keeping(self._keeper)

    def _reading(self) -> Callable[[bytes], bytes]:
        """Return a listener that does not keep anything.

        It is called a hundred times a turn, so what most chunks need stands in one place, and in local variables, which
        cost half of what attributes do. A chunk that begins like the piece of a text before it, and holds this event
        alone, says nothing.
        """
        attend = self._attend
        piece, at, end = _NONE

        def pass_on(chunk: bytes) -> bytes:
            nonlocal piece, at, end
            if not chunk.startswith(piece) or not chunk.endswith(end) or chunk.rfind(TYPE) != at:
                piece, at, end = attend(chunk)
            return chunk

        return pass_on

    def _keeping(self, keeper: Keeper) -> Callable[[bytes], bytes]:
        keep, pass_on = keeper.add, self._reading()

        def keep_and_pass_on(chunk: bytes) -> bytes:
            keep(chunk)
            return pass_on(chunk)

        return keep_and_pass_on

    def taken(self) -> bytes | None:
        """Return the body as it came, None where it was too large or not kept, and let go of it and of the reader."""
        keeper, self._keeper, self._reader = self._keeper, None, None
        return keeper.taken() if keeper else None

    def _attend(self, chunk: bytes) -> _Piece:
        """Show a chunk to the reader; return how those begin that need not be shown next."""
        self.is_used = True
        if self._reader is None:
            return _NONE
        try:
            self._reader.feed(chunk)
        except Exception as error:
            self._reader = None
            self._on_fault(error)
            return _NONE
        if piece := PIECE.match(chunk):
            self._piece = piece[0], piece.start(1), _CRLF if chunk.endswith(_CRLF) else BLANK_LINE
        return self._piece if self._reader.is_idle else _NONE
