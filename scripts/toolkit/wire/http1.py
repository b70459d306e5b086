"""HTTP/1.1 at both ends: what is sent are the caller's own bytes; what comes is read by h11 and kept as it came."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

import h11

from toolkit.wire.streams import HEAD_END, hang_up, read, reset

type Field = tuple[str, str]
type Answer = Callable[["Exchange"], Awaitable[None]]


class Connection:
    """A client's connection to a host."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str) -> None:
        self.reader, self.writer, self.host = reader, writer, host

    def begin(self, data: bytes, method: str = "POST") -> "Response":
        """Send these bytes, and return the response that is to be read."""
        self.writer.write(data)
        return Response(self, method)

    def reset(self) -> None:
        """Drop the connection by a TCP reset."""
        reset(self.writer)

    async def hang_up(self) -> None:
        """Close the connection and wait until it is closed."""
        await hang_up(self.writer)


class Response:
    """A response as it arrives; `raw` is every byte of it, `pieces` are those of the body that have been read.

    Reading raises h11.RemoteProtocolError where it is cut.
    """

    def __init__(self, connection: Connection, method: str) -> None:
        self.connection = connection
        self._parser = h11.Connection(h11.CLIENT)
        upgrade = [("host", "x"), ("connection", "upgrade"), ("upgrade", "websocket")]  # so that 101 is understood
        self._parser.send(h11.Request(method=method, target="/", headers=upgrade))
        self._parser.send(h11.EndOfMessage())
        self.status = 0
        self.fields: list[tuple[bytes, bytes]] = []
        self.pieces: list[bytes] = []
        self.raw = bytearray()

    @property
    def body(self) -> bytes:
        """What has been read of the body so far."""
        return b"".join(self.pieces)

    @property
    def unread(self) -> bytes:
        """What came after the head of an accepted upgrade."""
        return self._parser.trailing_data[0]

    async def head(self) -> None:
        """Read the status and the fields."""
        while self.status < 200 and self.status != 101:
            event = await self._event()
            assert isinstance(event, h11.Response | h11.InformationalResponse)
            self.status, self.fields = event.status_code, event.headers.raw_items()

    async def piece(self) -> bytes:
        """Return the next piece of the body, `b""` at its end."""
        event = await self._event()
        if isinstance(event, h11.EndOfMessage):
            return b""
        assert isinstance(event, h11.Data)
        self.pieces.append(bytes(event.data))
        return self.pieces[-1]

    async def rest(self) -> None:
        """Read to the end."""
        while await self.piece():
            pass

    async def _event(self) -> object:
        while (event := self._parser.next_event()) is h11.NEED_DATA:
            data = await read(self.connection.reader)
            self.raw += data
            self._parser.receive_data(data)
        return event


def request_bytes(host: str, path: str, fields: Iterable[Field], body: bytes, method: str = "POST") -> bytes:
    """Return a request; `content-length` is added, and the fields stand in the given order and spelling."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *(f"{name}: {value}" for name, value in fields)]
    lines += [f"Content-Length: {len(body)}"] if body or method == "POST" else []
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + HEAD_END + body


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request as it arrived. `head` is everything up to the blank line, byte for byte."""

    head: bytes
    body: bytes
    target: str
    fields: tuple[Field, ...]

    @property
    def raw(self) -> bytes:
        """The request as it was on the wire, provided that its body was not in chunks."""
        return self.head + self.body

    def values(self, name: str) -> list[str]:
        """Return the values of a field, given its name in lower case."""
        return [value for field_name, value in self.fields if field_name.lower() == name]


@dataclass(kw_only=True)
class Exchange:
    """A request and the connection on which it is answered."""

    request: Request
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, *pieces: bytes) -> None:
        """Send these pieces."""
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()


@dataclass(kw_only=True)
class Server:
    """A server that keeps the requests it gets, and has `answer` answer each in its turn."""

    answer: Answer
    port: int = 0
    requests: list[Request] = field(default_factory=list)

    @property
    def last(self) -> Request:
        """The latest request."""
        return self.requests[-1]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a connection until it ends."""
        with contextlib.suppress(OSError, EOFError):
            while True:
                self.requests.append(await _read_request(reader))
                await self.answer(Exchange(request=self.last, reader=reader, writer=writer))
        writer.close()


async def _read_request(reader: asyncio.StreamReader) -> Request:
    head = await reader.readuntil(HEAD_END)
    parser = h11.Connection(h11.SERVER)
    parser.receive_data(head)
    event = parser.next_event()
    assert isinstance(event, h11.Request)
    body = bytearray()
    while isinstance(part := parser.next_event(), h11.Data) or part is h11.NEED_DATA:
        if isinstance(part, h11.Data):
            body += part.data
        else:
            parser.receive_data(await reader.read(1 << 16))
    fields = tuple((name.decode(), value.decode("latin-1")) for name, value in event.headers.raw_items())
    return Request(head=head, body=bytes(body), target=event.target.decode(), fields=fields)


def chunk(data: bytes) -> bytes:
    """Return one chunk of a body; an empty one ends it."""
    return b"%x\r\n%s\r\n" % (len(data), data)
