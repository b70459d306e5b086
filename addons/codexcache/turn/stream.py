"""The observer of a response stream. Whatever happens in it, every byte is passed on at once and unchanged.

mitmproxy calls it with each chunk of the body, still encoded and cut anywhere, and with `b""` at the end. It must
return what it was given: an exception loses the chunk, `None` stops the stream, and `b""` in the middle of an
HTTP/1.1 stream ends it (all measured on mitmproxy 12.2).

Most clients close the connection as soon as they have read the last event, so that event, not the end of the body,
finishes a turn.
"""

import functools
from collections.abc import Callable
from typing import Protocol

from ..wire.content_encoding import DECODE_ERRORS, Decoder, IdentityDecoder, decoder_for
from ..wire.sse import BLANK_LINE, BYTE_ORDER_MARK, EVENT_LIMIT, EventStream
from .response import DELTA, EMPTY, HINT, TYPE, ResponseInfo

type _Pattern = tuple[bytes, int, bytes]
"""Chunks that need not be read: how they begin, the offset of their last `TYPE`, and how they end."""

_NO_CHUNK: _Pattern = b"", -2, b""
_CRLF = b"\r\n\r\n"

_FIELDS = (b"data:", b"event:", b"id:", b"retry:", b":")
"""How the lines of an event stream begin."""
_LONGEST_FIELD = max(map(len, _FIELDS))
_BEGINNING = 64
"""Bytes of a response that show what it is: blank lines and a byte order mark may come first."""


class BodyBuffer:
    """A copy of a body, for viewing and saving, unless it is larger than `limit` bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._chunks: list[bytes] = []
        self._size = 0

    @property
    def held(self) -> int:
        """Bytes that are kept now."""
        return sum(map(len, self._chunks))

    def add(self, chunk: bytes) -> None:
        """Add a chunk; over the limit, keep nothing."""
        self._chunks.append(chunk)
        self._size += len(chunk)
        if self._size > self._limit:
            self._chunks.clear()

    def release(self) -> bytes | None:
        """Return the body as it came, None if it was too large, and keep it no longer."""
        whole = b"".join(self._chunks) if self._size <= self._limit else None
        self._chunks.clear()
        return whole


class Reader(Protocol):
    """Reads a response from its chunks."""

    @property
    def is_idle(self) -> bool:
        """True if a chunk of whole events need not be fed unless it matches `HINT`."""

    def feed(self, chunk: bytes, /) -> None:
        """Read the next chunk; `b""` is the end."""


class EventReader:
    """Reads the chunks of an event stream into a ResponseInfo; calls `on_finished` whenever that is finished."""

    def __init__(self, response_info: ResponseInfo, on_finished: Callable[[], None]) -> None:
        self._response_info = response_info
        self._on_finished = on_finished
        self._events = EventStream(HINT)
        self.is_idle = False

    def feed(self, chunk: bytes) -> None:
        if not chunk:
            return  # an incomplete event at the end of a stream is not an event
        single = self._events.single_event(chunk)
        for data in self._events.feed(chunk) if single is None else (single,):
            self._response_info.read_event(data)
            if self._response_info.finished:
                self._on_finished()
        self.is_idle = single is not None or self._events.is_between


class BodyReader:
    """Reads the chunks of a JSON document of at most `limit` bytes into a ResponseInfo."""

    is_idle = False

    def __init__(self, response_info: ResponseInfo, on_finished: Callable[[], None], limit: int) -> None:
        self._response_info = response_info
        self._on_finished = on_finished
        self._body = BodyBuffer(limit)

    def feed(self, chunk: bytes) -> None:
        self._body.add(chunk)
        if not chunk:
            self._response_info.read_body(self._body.release() or b"")
            self._on_finished()


class ChoosingReader:
    """Reads a response by what it begins like, an event stream or a JSON document, as labels can be wrong or missing.

    Without a label come a file that takes the place of a response (`map_local`), and what some gateways send; under
    that of an event stream, the errors of some. It makes only the reader that it chooses, and is then out of the way.
    """

    def __init__(
        self,
        response_info: ResponseInfo,
        events: Callable[[], Reader],
        document: Callable[[], Reader],
        *,
        event_stream: bool,
    ) -> None:
        self._response_info, self._events, self._document = response_info, events, document
        self._event_stream = event_stream
        self._chosen: Reader | None = None
        self._start = b""
        self.feed: Callable[[bytes], None] = self._choose

    @property
    def is_idle(self) -> bool:
        return self._chosen is not None and self._chosen.is_idle

    def _choose(self, chunk: bytes) -> None:
        self._start += chunk
        begins = self._start[:_BEGINNING].removeprefix(BYTE_ORDER_MARK).lstrip(b"\r\n")
        if len(begins.lstrip()) < _LONGEST_FIELD and len(self._start) < _BEGINNING and chunk:
            return
        is_events = not begins.lstrip().startswith(b"{") if self._event_stream else begins.startswith(_FIELDS)
        self._chosen = self._events() if is_events else self._document()
        self.feed = self._chosen.feed
        if self._start:
            self.feed(self._start if is_events else self._start.removeprefix(BYTE_ORDER_MARK))
        else:
            self._response_info.cut_short = EMPTY
        if not chunk:
            self.feed(chunk)


class DecodingReader:
    """Decodes chunks for another reader. Of what cannot be decoded, and of all behind it, `on_undecodable` is told."""

    is_idle = False

    def __init__(self, reader: Reader, decoder: Decoder, on_undecodable: Callable[[], None]) -> None:
        self._reader = reader
        self._decoder = decoder
        self._on_undecodable = on_undecodable

    def feed(self, chunk: bytes) -> None:
        try:
            for piece in filter(None, self._decoder(chunk)):
                self._reader.feed(piece)
        except DECODE_ERRORS:
            if chunk:  # else it has only ended too early
                self._on_undecodable()
        if not chunk:
            self._reader.feed(chunk)


def reader_for(
    response_info: ResponseInfo,
    *,
    coding: str,
    event_stream: bool,
    limit: int = EVENT_LIMIT,
    on_finished: Callable[[], None],
) -> Reader:
    """Return the reader of a response with this content coding. Raises Undecodable if the coding is not known.

    `limit` is that of a JSON document, in bytes.
    """
    decoder = decoder_for(coding)
    events = functools.partial(EventReader, response_info, on_finished)
    document = functools.partial(BodyReader, response_info, on_finished, limit)
    reader: Reader = ChoosingReader(response_info, events, document, event_stream=event_stream)
    undecodable = functools.partial(response_info.end_unreadable, coding)
    return reader if isinstance(decoder, IdentityDecoder) else DecodingReader(reader, decoder, undecodable)


class Tap:
    """Passes chunks on, and shows them to a reader and a buffer.

    If the reader raises, the exception goes to `on_fault` and the reader is not called again.
    """

    def __init__(
        self, on_fault: Callable[[Exception], None], reader: Reader | None = None, body_buffer: BodyBuffer | None = None
    ) -> None:
        self._on_fault = on_fault
        self._reader = reader
        self._body_buffer = body_buffer
        self._delta = _NO_CHUNK
        self.is_used = False
        """True if a chunk has passed; the end of a body is one, too."""

    def listener(self) -> Callable[[bytes], bytes]:
        """Return the function to call with each chunk; it returns the chunk."""
        return self._reading() if self._body_buffer is None else self._buffering(self._body_buffer)

    def _reading(self) -> Callable[[bytes], bytes]:
        """Return a listener that buffers nothing.

        It is called a hundred times a turn, so what most chunks need is here, and in local variables, which cost half
        of what attributes do. A chunk that begins like the last delta, and has no other event, says nothing new.
        """
        read = self._read
        start, at, end = _NO_CHUNK

        def pass_on(chunk: bytes) -> bytes:
            nonlocal start, at, end
            if not chunk.startswith(start) or not chunk.endswith(end) or chunk.rfind(TYPE) != at:
                start, at, end = read(chunk)
            return chunk

        return pass_on

    def _buffering(self, body_buffer: BodyBuffer) -> Callable[[bytes], bytes]:
        add, pass_on = body_buffer.add, self._reading()

        def buffer_and_pass_on(chunk: bytes) -> bytes:
            add(chunk)
            return pass_on(chunk)

        return buffer_and_pass_on

    def release(self) -> bytes | None:
        """Return the body as it came, None if it was too large or not buffered; keep neither it nor the reader."""
        body_buffer, self._body_buffer, self._reader = self._body_buffer, None, None
        return body_buffer.release() if body_buffer else None

    def _read(self, chunk: bytes) -> _Pattern:
        """Show a chunk to the reader; return which of the next chunks need not be read."""
        self.is_used = True
        if self._reader is None:
            return _NO_CHUNK
        try:
            self._reader.feed(chunk)
        except Exception as error:
            self._reader = None
            self._on_fault(error)
            return _NO_CHUNK
        if delta := DELTA.match(chunk):
            self._delta = delta[0], delta.start(1), _CRLF if chunk.endswith(_CRLF) else BLANK_LINE
        return self._delta if self._reader.is_idle else _NO_CHUNK
