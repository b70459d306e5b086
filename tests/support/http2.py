"""HTTP/2 at either end: a client that speaks through the proxy, and a server that keeps what it gets."""

import asyncio
import contextlib
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import DataReceived, RequestReceived, ResponseReceived, StreamEnded, StreamReset
from h2.exceptions import ProtocolError

from support.client import Connection, Field, connected
from support.proxy import Proxy

type Answer = Callable[["Exchange"], Awaitable[None]]
type Fields = list[tuple[bytes, bytes]]


@dataclass(kw_only=True)
class Exchange:
    """A request on one stream, and the way to answer it."""

    fields: Fields
    stream: int
    wire: H2Connection
    writer: asyncio.StreamWriter
    body: bytes = b""

    async def respond(self, fields: Iterable[tuple[str, str]]) -> None:
        self.wire.send_headers(self.stream, list(fields))
        await self._flush()

    async def send(self, data: bytes, *, last: bool = False) -> None:
        self.wire.send_data(self.stream, data, end_stream=last)
        await self._flush()

    async def _flush(self) -> None:
        self.writer.write(self.wire.data_to_send())
        await self.writer.drain()


@dataclass(kw_only=True)
class Upstream:
    """A running server."""

    answer: Answer
    port: int = 0
    requests: list[Exchange] = field(default_factory=list)
    resets: int = 0
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wire = H2Connection(H2Configuration(client_side=False, header_encoding=None))
        wire.initiate_connection()
        open_streams: dict[int, Exchange] = {}
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            writer.write(wire.data_to_send())
            while data := await reader.read(65536):
                for happening in wire.receive_data(data):
                    self._take(happening, open_streams, wire, writer)
                writer.write(wire.data_to_send())
        writer.close()

    def _take(
        self, happening: object, open_streams: dict[int, Exchange], wire: H2Connection, writer: asyncio.StreamWriter
    ) -> None:
        if isinstance(happening, RequestReceived):
            fields = [(bytes(name), bytes(value)) for name, value in happening.headers]
            open_streams[happening.stream_id] = Exchange(
                fields=fields, stream=happening.stream_id, wire=wire, writer=writer
            )
        elif isinstance(happening, DataReceived):
            open_streams[happening.stream_id].body += happening.data
            wire.acknowledge_received_data(happening.flow_controlled_length, happening.stream_id)
        elif isinstance(happening, StreamEnded):
            self._begin(open_streams[happening.stream_id])
        elif isinstance(happening, StreamReset):
            self.resets += 1

    def _begin(self, exchange: Exchange) -> None:
        self.requests.append(exchange)
        task = asyncio.create_task(self._answer(exchange))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, exchange: Exchange) -> None:
        with contextlib.suppress(ConnectionError, ProtocolError):
            await self.answer(exchange)


@contextlib.asynccontextmanager
async def running_http2_upstream(context: ssl.SSLContext, answer: Answer) -> AsyncIterator[Upstream]:
    """Run an HTTP/2 server on loopback until the block ends."""
    context.set_alpn_protocols(["h2"])
    context.sni_callback = None  # a certificate made for another name would come without ALPN
    upstream = Upstream(answer=answer)
    server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0, ssl=context)
    upstream.port = server.sockets[0].getsockname()[1]
    try:
        yield upstream
    finally:
        server.close()
        if sys.version_info >= (3, 13):  # before that, they end with their connections
            server.close_clients()


class Client:
    """A connection that speaks HTTP/2 to a host."""

    def __init__(self, connection: Connection) -> None:
        self.reader, self.writer, self.host = connection.reader, connection.writer, connection.host
        self.wire = H2Connection(H2Configuration(client_side=True, header_encoding=None))
        self.wire.initiate_connection()

    async def start(self, path: str, fields: Iterable[Field] = (), body: bytes = b"") -> "Reply":
        """Send one request and read the head of its response."""
        stream = self.wire.get_next_available_stream_id()
        pseudo = [(":method", "POST"), (":scheme", "https"), (":authority", self.host), (":path", path)]
        self.wire.send_headers(stream, [*pseudo, *((name.lower(), value) for name, value in fields)])
        self.wire.send_data(stream, body, end_stream=True)
        reply = Reply(self, stream)
        while not reply.fields:
            await reply.more()
        return reply

    async def post(self, path: str, fields: Iterable[Field] = (), body: bytes = b"") -> "Reply":
        """Send one request and read the whole response."""
        reply = await self.start(path, fields, body)
        while await reply.piece():
            pass
        return reply


class Reply:
    """A response as it arrives."""

    def __init__(self, client: Client, stream: int) -> None:
        self._client, self._stream = client, stream
        self.fields: Fields = []
        self.pieces: list[bytes] = []
        self._unread: list[bytes] = []

    @property
    def body(self) -> bytes:
        return b"".join(self.pieces)

    async def piece(self) -> bytes:
        """Return the next piece of the body, `b""` at its end."""
        while not self._unread:
            await self.more()
        piece = self._unread.pop(0)
        self.pieces += [piece] if piece else []
        return piece

    async def cancel(self) -> None:
        """Reset the stream; the connection stays."""
        self._client.wire.reset_stream(self._stream, ErrorCodes.CANCEL)
        await self._flush()

    async def more(self) -> None:
        """Take what comes next on the connection."""
        await self._flush()
        data = await asyncio.wait_for(self._client.reader.read(65536), 10)
        assert data, "the connection ended"
        for happening in self._client.wire.receive_data(data):
            if isinstance(happening, ResponseReceived):
                self.fields = [(bytes(name), bytes(value)) for name, value in happening.headers]
            elif isinstance(happening, DataReceived):
                self._unread += [happening.data] if happening.data else []
                self._client.wire.acknowledge_received_data(happening.flow_controlled_length, self._stream)
            elif isinstance(happening, StreamEnded):
                self._unread.append(b"")

    async def _flush(self) -> None:
        self._client.writer.write(self._client.wire.data_to_send())
        await self._client.writer.drain()


@contextlib.asynccontextmanager
async def http2_connected(proxy: Proxy, host: str = "chatgpt.com") -> AsyncIterator[Client]:
    """Yield a client that speaks HTTP/2 to a host through the proxy."""
    async with connected(proxy, host, tls=proxy.client_tls("h2")) as connection:
        yield Client(connection)
