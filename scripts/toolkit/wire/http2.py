"""HTTP/2 at both ends, on h2: a client with one request at a time, and a server that keeps what it gets."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import DataReceived, Event, RequestReceived, ResponseReceived, StreamEnded, StreamReset
from h2.exceptions import ProtocolError

from toolkit.wire.http1 import Field
from toolkit.wire.streams import IncomingBody, hang_up, read

type Answer = Callable[["Exchange"], Awaitable[None]]
type Fields = list[tuple[bytes, bytes]]


class _Wire:
    """An h2 connection with the streams on which it is carried."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, client: bool) -> None:
        self.h2 = H2Connection(H2Configuration(client_side=client, header_encoding=None))
        self._reader, self.writer = reader, writer
        self.h2.initiate_connection()

    async def receive(self) -> list[Event]:
        """Send what is due, and return what the next bytes say. Raises ConnectionResetError at the end."""
        await self.flush()
        if not (data := await read(self._reader)):
            raise ConnectionResetError("the connection has ended")
        return self.h2.receive_data(data)

    async def flush(self) -> None:
        """Send what is due."""
        self.writer.write(self.h2.data_to_send())
        await self.writer.drain()

    def read_data(self, event: DataReceived) -> bytes:
        """Return the data of an event, and let its sender send as much again."""
        self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        return event.data


class Connection:
    """A client's connection to a host."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str) -> None:
        self.host = host
        self._wire = _Wire(reader, writer, client=True)

    async def post(self, path: str, fields: Iterable[Field] = (), body: bytes = b"") -> "Response":
        """Send a request and read the whole response."""
        response = await self.start(path, fields, body)
        await response.rest()
        return response

    async def start(self, path: str, fields: Iterable[Field] = (), body: bytes = b"") -> "Response":
        """Send a request and read the head of its response."""
        stream = self._wire.h2.get_next_available_stream_id()
        pseudo = [(":method", "POST"), (":scheme", "https"), (":authority", self.host), (":path", path)]
        self._wire.h2.send_headers(stream, [*pseudo, *((name.lower(), value) for name, value in fields)])
        response = Response(self._wire, stream)
        await self._send(response, stream, body)
        while not response.fields:
            await response.more()
        return response

    async def _send(self, response: "Response", stream: int, body: bytes) -> None:
        """Send a body, as much at a time as the other end allows."""
        h2 = self._wire.h2
        while size := min(len(body), h2.max_outbound_frame_size):
            if allowed := min(size, h2.local_flow_control_window(stream)):
                h2.send_data(stream, body[:allowed])
                body = body[allowed:]
                await self._wire.flush()
            else:
                await response.more()
        h2.end_stream(stream)

    async def hang_up(self) -> None:
        """Close the connection and wait until it is closed."""
        self._wire.h2.close_connection()
        await self._wire.flush()
        await hang_up(self._wire.writer)


class Response(IncomingBody):
    """A response as it arrives. Reading raises ConnectionError where it is cut."""

    def __init__(self, wire: _Wire, stream: int) -> None:
        super().__init__()
        self._wire, self._stream = wire, stream
        self.fields: Fields = []
        self._unread: list[bytes] = []

    @property
    def status(self) -> int:
        """The status, 0 before the head has come."""
        return int(dict(self.fields).get(b":status", 0))

    async def piece(self) -> bytes:
        """Return the next piece of the body, `b""` at its end."""
        while not self._unread:
            await self.more()
        piece = self._unread.pop(0)
        self.pieces += [piece] if piece else []
        return piece

    async def cancel(self) -> None:
        """Reset the stream; the connection stays."""
        self._wire.h2.reset_stream(self._stream, ErrorCodes.CANCEL)
        await self._wire.flush()

    async def more(self) -> None:
        """Take what comes next on the connection."""
        for event in await self._wire.receive():
            self._take(event)

    def _take(self, event: Event) -> None:
        if isinstance(event, ResponseReceived):
            self.fields = [(bytes(name), bytes(value)) for name, value in event.headers]
        elif isinstance(event, DataReceived):
            self._unread += [data] if (data := self._wire.read_data(event)) else []
        elif isinstance(event, StreamEnded):
            self._unread.append(b"")
        elif isinstance(event, StreamReset):
            raise ConnectionResetError(f"the stream was reset with code {event.error_code}")


@dataclass(kw_only=True)
class Exchange:
    """A request on one stream, and the way to answer it."""

    fields: Fields
    stream: int
    wire: _Wire
    body: bytes = b""

    async def respond(self, fields: Iterable[Field]) -> None:
        """Send the head of the response."""
        self.wire.h2.send_headers(self.stream, list(fields))
        await self.wire.flush()

    async def send(self, data: bytes, *, last: bool = False) -> None:
        """Send a piece of the body, which has to fit into what the client takes at once."""
        self.wire.h2.send_data(self.stream, data, end_stream=last)
        await self.wire.flush()


@dataclass(kw_only=True)
class Server:
    """A server that keeps the requests it gets, and has `answer` answer each; `resets` counts cancelled streams."""

    answer: Answer
    port: int = 0
    requests: list[Exchange] = field(default_factory=list)
    resets: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a connection until it ends; then answers are cancelled that have not."""
        wire, begun, tasks = _Wire(reader, writer, client=False), dict[int, Exchange](), set[asyncio.Task[None]]()
        with contextlib.suppress(OSError, ProtocolError):
            while True:
                for event in await wire.receive():
                    if ended := self._take(event, wire, begun):
                        tasks.add(asyncio.create_task(self._answer(ended)))
        for task in tasks:
            task.cancel()
        writer.close()

    def _take(self, event: Event, wire: _Wire, begun: dict[int, Exchange]) -> Exchange | None:
        """Take an event; return the request that it ends."""
        if isinstance(event, RequestReceived):
            fields = [(bytes(name), bytes(value)) for name, value in event.headers]
            begun[event.stream_id] = Exchange(fields=fields, stream=event.stream_id, wire=wire)
        elif isinstance(event, DataReceived):
            begun[event.stream_id].body += wire.read_data(event)
        elif isinstance(event, StreamEnded):
            self.requests.append(begun.pop(event.stream_id))
            return self.requests[-1]
        elif isinstance(event, StreamReset):
            self.resets += 1
        return None

    async def _answer(self, exchange: Exchange) -> None:
        with contextlib.suppress(OSError, ProtocolError):
            await self.answer(exchange)
