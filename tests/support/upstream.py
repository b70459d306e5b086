"""A server that keeps the bytes it gets and answers with the bytes it was given: the wire itself, not a model of it."""

import asyncio
import contextlib
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import h11

type Answer = Callable[["Exchange"], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class Request:
    """One HTTP/1.1 request as it arrived. `head` is everything up to the blank line, byte for byte."""

    head: bytes
    body: bytes
    target: str
    fields: tuple[tuple[str, str], ...]

    @property
    def raw(self) -> bytes:
        """The request as it was on the wire, provided that its body was not in chunks."""
        return self.head + self.body

    def values(self, name: str) -> list[str]:
        return [value for field_name, value in self.fields if field_name.lower() == name]


@dataclass(kw_only=True)
class Exchange:
    """A request and the way to answer it piece by piece."""

    request: Request
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, *pieces: bytes, gap: float = 0) -> None:
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()
            await asyncio.sleep(gap)


@dataclass(kw_only=True)
class Upstream:
    """A running server."""

    answer: Answer
    port: int = 0
    requests: list[Request] = field(default_factory=list)

    @property
    def last(self) -> Request:
        return self.requests[-1]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            while request := await _read_request(reader):
                self.requests.append(request)
                await self.answer(Exchange(request=request, reader=reader, writer=writer))
        writer.close()


def responding(*pieces: bytes, gap: float = 0) -> Answer:
    """Answer each request with these pieces, `gap` seconds apart."""

    async def answer(exchange: Exchange) -> None:
        await exchange.send(*pieces, gap=gap)

    return answer


def whole(body: bytes = b"{}", status: str = "200 OK", kind: str = "application/json", extra: bytes = b"") -> bytes:
    """Return a whole response with a length."""
    return b"HTTP/1.1 %s\r\ncontent-type: %s\r\n%scontent-length: %d\r\n\r\n%s" % (
        status.encode(),
        kind.encode(),
        extra,
        len(body),
        body,
    )


def stream_head(extra: bytes = b"") -> bytes:
    """Return the head of an event stream in chunks."""
    return b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n%stransfer-encoding: chunked\r\n\r\n" % extra


def chunk(data: bytes) -> bytes:
    """Return one chunk; an empty one ends the body."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def streaming(*events: bytes) -> Answer:
    """Answer each request with an event stream, each event a chunk."""
    return responding(stream_head(), *map(chunk, events), chunk(b""))


@contextlib.asynccontextmanager
async def running_upstream(context: ssl.SSLContext | None, answer: Answer) -> AsyncIterator[Upstream]:
    """Run a server on loopback until the block ends, over TLS if there is a context."""
    upstream = Upstream(answer=answer)
    server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0, ssl=context)
    upstream.port = server.sockets[0].getsockname()[1]
    try:
        yield upstream
    finally:
        server.close()
        if sys.version_info >= (3, 13):  # before that, they end with their connections
            server.close_clients()


async def _read_request(reader: asyncio.StreamReader) -> Request | None:
    head = await reader.readuntil(b"\r\n\r\n")
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(head)
    event = connection.next_event()
    assert isinstance(event, h11.Request)
    body = bytearray()
    while isinstance(part := connection.next_event(), h11.Data) or part is h11.NEED_DATA:
        if isinstance(part, h11.Data):
            body += part.data
        else:
            connection.receive_data(await reader.read(65536))
    raw = tuple((name.decode(), value.decode("latin-1")) for name, value in event.headers.raw_items())
    return Request(head=head, body=bytes(body), target=event.target.decode(), fields=raw)
