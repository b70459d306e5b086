"""A turn over HTTP, and turns over a WebSocket."""

import ssl

import h11
import wsproto.connection
import wsproto.events
from embedded_backend.events import TERMINAL

from codex_faults.talk import Talk, connect
from codex_faults.turns import HOST, Turn

_UPGRADE = (
    ("connection", "Upgrade"),
    ("upgrade", "websocket"),
    ("sec-websocket-version", "13"),
    ("sec-websocket-key", "AAAAAAAAAAAAAAAAAAAAAA=="),
)
_LAST = tuple(f'"type":"{kind}"'.encode() for kind in TERMINAL)


class HttpTalk(Talk):
    """Turns over HTTP, one after the other."""

    async def send(self, turn: Turn) -> None:
        """Sends a request."""
        self.write(self.head_of(turn) + turn.body)
        await self.writer.drain()

    async def send_half(self, turn: Turn) -> None:
        """Sends the head of a request and half of its body."""
        self.write(self.head_of(turn) + turn.body[: len(turn.body) // 2])
        await self.writer.drain()

    def head_of(self, turn: Turn) -> bytes:
        """Returns the head of a turn's request."""
        return self.begin("POST", (*turn.fields, ("content-type", "application/json")), len(turn.body))

    @property
    def events(self) -> int:
        """How many whole events have come."""
        return self.body.count(b"\n\n")

    async def more(self) -> None:
        """Reads what comes next."""
        if not self.status:
            return await self.head()
        match await self.event():
            case h11.Data(data=data):
                self.body += data
            case h11.EndOfMessage():
                self.end = "complete"


class SocketTalk(Talk):
    """A WebSocket; its bytes are kept as they came, and read as well."""

    async def send(self, turn: Turn) -> None:
        """Sends a frame, the first one once the socket has been opened; a refused upgrade is an end."""
        if not self.status:
            await self._open(turn)
        if self.end != "refused":
            self.end = None
            self.body.clear()
            self._messages: list[str] = [""]
            self.write(self._wire.send(wsproto.events.TextMessage(turn.frame)))
            await self.writer.drain()

    @property
    def events(self) -> int:
        """How many whole messages have come."""
        return len(self._messages) - 1

    async def more(self) -> None:
        """Reads what comes next."""
        self._take(await self.read())

    async def _open(self, turn: Turn) -> None:
        self.write(self.begin("GET", (*_UPGRADE, *turn.fields)))
        self.parser.send(h11.EndOfMessage())
        await self.head()
        self._wire = wsproto.connection.Connection(wsproto.connection.ConnectionType.CLIENT)
        while self.status != 101 and self.end is None:
            if isinstance(part := await self.event(), h11.Data):
                self.body += part.data
            self.end = "refused" if isinstance(part, h11.EndOfMessage) else self.end

    def _take(self, data: bytes) -> None:
        self.body += data
        self._wire.receive_data(data or None)
        for happening in self._wire.events():
            if isinstance(happening, wsproto.events.TextMessage):
                self._hear(happening)
            elif isinstance(happening, wsproto.events.CloseConnection):
                self.end, self.close_code = "closed" if data else "cut", happening.code

    def _hear(self, message: wsproto.events.TextMessage) -> None:
        self._messages[-1] += message.data
        if message.message_finished:
            is_last = self._messages[-1].encode().find
            self.end = "complete" if any(is_last(kind) >= 0 for kind in _LAST) else self.end
            self._messages.append("")


async def http(port: int, tls: ssl.SSLContext, host: str = HOST) -> HttpTalk:
    """Connects for turns over HTTP. Raises Refused."""
    return HttpTalk(*await connect(port, tls, host))


async def websocket(port: int, tls: ssl.SSLContext, host: str = HOST) -> SocketTalk:
    """Connects for turns over a WebSocket. Raises Refused."""
    return SocketTalk(*await connect(port, tls, host))
