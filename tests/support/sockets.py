"""WebSockets frame by frame, at either end."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

from wsproto import events, extensions
from wsproto.connection import Connection as WireConnection
from wsproto.connection import ConnectionType
from wsproto.utilities import generate_accept_token

from support.client import Connection, Field, connected
from support.proxy import Proxy
from support.upstream import Answer, Exchange
from support.wire import RESPONSES

type Data = str | bytes
type Talk = Callable[["Peer"], Awaitable[None]]

_KEY = "dGhlIHNhbXBsZSBub25jZQ=="
_DEFLATE = "permessage-deflate"
HANDSHAKE = (
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", _KEY),
)


class Peer:
    """One end of an open WebSocket. `frames` holds the messages that came, each as the list of its fragments."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        kind: ConnectionType,
        deflate: bool = False,
    ) -> None:
        self.reader, self.writer = reader, writer
        self._wire = WireConnection(kind, [_finalized()] if deflate else [])
        self.frames: list[list[Data]] = []
        self.pings: list[bytes] = []
        self.close_code: int | None = None
        self._fragments: list[Data] = []
        self._pieces: list[Data] = []
        self._received = 0

    async def send(self, *fragments: Data) -> None:
        """Send one message, in as many frames as it has fragments."""
        for number, data in enumerate(fragments, 1):
            last = number == len(fragments)
            self._write(
                events.TextMessage(data, message_finished=last)
                if isinstance(data, str)
                else events.BytesMessage(data, message_finished=last)
            )
        await self.writer.drain()

    async def ask(self, *fragments: Data) -> Data:
        """Send one message and return the next that comes."""
        await self.send(*fragments)
        return await self.receive()

    async def receive(self) -> Data:
        """Return the next message that comes, its fragments joined; an empty one where the socket was closed."""
        while len(self.frames) == self._received and self.close_code is None:
            data = await asyncio.wait_for(self.reader.read(65536), 10)
            self._wire.receive_data(data or None)
            for happening in self._wire.events():
                self._take(happening)
        if len(self.frames) == self._received:
            return ""
        self._received += 1
        return joined(self.frames[self._received - 1])

    async def messages(self) -> AsyncIterator[Data]:
        """Yield messages until the socket is closed."""
        while (message := await self.receive()) or self.close_code is None:
            yield message

    def ping(self, payload: bytes) -> None:
        self._write(events.Ping(payload))

    def close(self, code: int = 1000, reason: str | None = None) -> None:
        self._write(events.CloseConnection(code, reason))

    def _write(self, happening: events.Event) -> None:
        self.writer.write(self._wire.send(happening))

    def _take(self, happening: events.Event) -> None:
        if isinstance(happening, events.Message):
            self._pieces.append(happening.data if isinstance(happening.data, str) else bytes(happening.data))
            if happening.frame_finished or happening.message_finished:
                self._fragments.append(joined(self._pieces))
                self._pieces = []
            if happening.message_finished:
                self.frames.append(self._fragments)
                self._fragments = []
        elif isinstance(happening, events.Ping):
            self.pings.append(bytes(happening.payload))
            self._write(happening.response())
        elif isinstance(happening, events.CloseConnection):
            self.close_code = happening.code


@contextlib.asynccontextmanager
async def opened(
    proxy: Proxy, fields: Iterable[Field] = (), *, host: str = "chatgpt.com", deflate: bool = False
) -> AsyncIterator[Peer]:
    """Open a WebSocket to the backend through the proxy."""
    async with connected(proxy, host) as connection:
        yield await upgraded(connection, fields, deflate=deflate)


async def upgraded(
    connection: Connection, fields: Iterable[Field] = (), path: str = RESPONSES, *, deflate: bool = False
) -> Peer:
    """Turn a connection into a WebSocket."""
    offer = [("Sec-WebSocket-Extensions", _DEFLATE)] if deflate else []
    lines = [f"GET {path} HTTP/1.1", f"Host: {connection.host}"]
    lines += [f"{name}: {value}" for name, value in (*HANDSHAKE, *fields, *offer)]
    connection.writer.write("\r\n".join([*lines, "", ""]).encode())
    head = await asyncio.wait_for(connection.reader.readuntil(b"\r\n\r\n"), 10)
    assert head.startswith(b"HTTP/1.1 101"), head
    return Peer(connection.reader, connection.writer, ConnectionType.CLIENT, deflate)


def talking(talk: Talk, *, deflate: bool = False) -> Answer:
    """Answer a handshake, and then as `talk` does."""

    async def answer(exchange: Exchange) -> None:
        accept = generate_accept_token(exchange.request.values("sec-websocket-key")[0].encode()).decode()
        extension = f"Sec-WebSocket-Extensions: {_DEFLATE}\r\n" if deflate else ""
        await exchange.send(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + f"{extension}Sec-WebSocket-Accept: {accept}\r\n\r\n".encode()
        )
        await talk(Peer(exchange.reader, exchange.writer, ConnectionType.SERVER, deflate))
        exchange.writer.close()

    return answer


class Recorder:
    """A server that keeps each message with its fragments, and answers every one with the same."""

    def __init__(self, answer: Data = "{}") -> None:
        self._answer = answer
        self.peer: Peer | None = None

    async def __call__(self, peer: Peer) -> None:
        self.peer = peer
        async for _ in peer.messages():
            await peer.send(self._answer)

    @property
    def frames(self) -> list[list[Data]]:
        assert self.peer is not None
        return self.peer.frames

    @property
    def messages(self) -> list[Data]:
        return [joined(fragments) for fragments in self.frames]


def joined(fragments: list[Data]) -> Data:
    """Return the message that these fragments make up."""
    if isinstance(fragments[0], str):
        return "".join(part for part in fragments if isinstance(part, str))
    return b"".join(part for part in fragments if isinstance(part, bytes))


def _finalized() -> extensions.PerMessageDeflate:
    deflate = extensions.PerMessageDeflate()
    deflate.finalize(_DEFLATE)
    return deflate
