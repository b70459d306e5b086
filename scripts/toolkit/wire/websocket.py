"""WebSocket at both ends, on wsproto: messages with their fragments, and every byte that came."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any

from wsproto import events
from wsproto.connection import Connection as WireConnection
from wsproto.connection import ConnectionType
from wsproto.extensions import PerMessageDeflate
from wsproto.utilities import generate_accept_token

from toolkit.wire.http1 import Exchange, Field, Response, request_bytes
from toolkit.wire.streams import read

type Data = str | bytes

HANDSHAKE: tuple[Field, ...] = (
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
)
CUT = 1006
"""The close code of a connection that ended without a close frame."""

DEFLATE = "permessage-deflate"


class Peer:
    """One end of an open WebSocket.

    `frames` holds the messages that came, each as the list of its fragments, and `raw` every byte; `close_code` is None
    while the WebSocket is open.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        kind: ConnectionType,
        *,
        deflate: bool = False,
        received: bytes = b"",
    ) -> None:
        self.reader, self.writer = reader, writer
        extension = PerMessageDeflate()
        extension.finalize(DEFLATE)
        self._wire = WireConnection(kind, [extension] if deflate else [])
        self.frames: list[list[Data]] = []
        self.pings: list[bytes] = []
        self.close_code: int | None = None
        self.raw = bytearray()
        self._fragments: list[Data] = []
        self._pieces: list[Data] = []
        self._received = 0
        if received:
            self._take_bytes(received)

    async def send(self, *fragments: Data) -> None:
        """Send one message, in as many frames as it has fragments."""
        for number, data in enumerate(fragments, 1):
            last = number == len(fragments)
            kind: Any = events.TextMessage if isinstance(data, str) else events.BytesMessage
            self._write(kind(data, message_finished=last))
        await self.writer.drain()

    async def ask(self, *fragments: Data) -> Data:
        """Send one message and return the next that comes."""
        await self.send(*fragments)
        return await self.receive()

    async def receive(self) -> Data:
        """Return the next message that comes, its fragments joined; an empty one where the WebSocket was closed."""
        while len(self.frames) == self._received:
            if self.close_code is not None:
                return ""
            await self.more()
        self._received += 1
        return joined(self.frames[self._received - 1])

    async def messages(self) -> AsyncIterator[Data]:
        """Yield messages until the WebSocket is closed."""
        while (message := await self.receive()) or self.close_code is None:
            yield message

    async def more(self) -> None:
        """Take what comes next."""
        self._take_bytes(await read(self.reader))

    def ping(self, payload: bytes) -> None:
        """Send a ping."""
        self._write(events.Ping(payload))

    def close(self, code: int = 1000, reason: str | None = None) -> None:
        """Send a close frame."""
        self._write(events.CloseConnection(code, reason))

    def _write(self, event: events.Event) -> None:
        self.writer.write(self._wire.send(event))

    def _take_bytes(self, data: bytes) -> None:
        self.raw += data
        self._wire.receive_data(data or None)
        for event in self._wire.events():
            self._take(event)

    def _take(self, event: events.Event) -> None:
        if isinstance(event, events.Message):
            self._take_message(event)
        elif isinstance(event, events.Ping):
            self.pings.append(bytes(event.payload))
            self._write(event.response())
        elif isinstance(event, events.CloseConnection):
            self.close_code = event.code

    def _take_message(self, event: events.Message[Any]) -> None:
        self._pieces.append(event.data if isinstance(event.data, str) else bytes(event.data))
        if event.frame_finished or event.message_finished:
            self._fragments.append(joined(self._pieces))
            self._pieces = []
        if event.message_finished:
            self.frames.append(self._fragments)
            self._fragments = []


def handshake(host: str, path: str, fields: Iterable[Field] = ()) -> bytes:
    """Return the request that opens a WebSocket."""
    return request_bytes(host, path, [*HANDSHAKE, *fields], b"", "GET")


def upgraded(response: Response, *, deflate: bool = False) -> Peer:
    """Return the client's end of the WebSocket that a response with status 101 has opened."""
    streams = response.connection.reader, response.connection.writer
    return Peer(*streams, ConnectionType.CLIENT, deflate=deflate, received=response.unread)


async def accept(exchange: Exchange, *, deflate: bool = False) -> Peer:
    """Accept a client's handshake."""
    token = generate_accept_token(exchange.request.values("sec-websocket-key")[0].encode())
    extension = f"Sec-WebSocket-Extensions: {DEFLATE}\r\n" if deflate else ""
    await exchange.send(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        + f"{extension}Sec-WebSocket-Accept: ".encode()
        + token
        + b"\r\n\r\n"
    )
    return Peer(exchange.reader, exchange.writer, ConnectionType.SERVER, deflate=deflate)


def joined(fragments: list[Data]) -> Data:
    """Return the message that these fragments make up."""
    nothing: Any = fragments[0][:0]
    message: Data = nothing.join(fragments)
    return message
