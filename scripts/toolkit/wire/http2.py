"""HTTP/2 on h2: the wire of either end, and a server that keeps what it gets."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, Event, RequestReceived, StreamEnded, StreamReset
from h2.exceptions import ProtocolError

from toolkit.wire.http1 import Field
from toolkit.wire.streams import read

type Answer = Callable[["Exchange"], Awaitable[None]]
type Fields = list[tuple[bytes, bytes]]


class Wire:
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


@dataclass(kw_only=True)
class Exchange:
    """A request on one stream, and the way to answer it."""

    fields: Fields
    stream: int
    wire: Wire
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
        wire, begun, tasks = Wire(reader, writer, client=False), dict[int, Exchange](), set[asyncio.Task[None]]()
        with contextlib.suppress(OSError, ProtocolError):
            while True:
                for event in await wire.receive():
                    if ended := self._take(event, wire, begun):
                        tasks.add(asyncio.create_task(self._answer(ended)))
        for task in tasks:
            task.cancel()
        writer.close()

    def _take(self, event: Event, wire: Wire, begun: dict[int, Exchange]) -> Exchange | None:
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
