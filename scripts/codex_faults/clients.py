"""A client's connection through the proxy: turns over HTTP or a WebSocket, read as far as the caller likes."""

import ssl
from dataclasses import replace
from typing import Self

import h11
from embedded_backend.events import TERMINAL
from toolkit.wire import http1
from toolkit.wire.http1 import request_bytes
from toolkit.wire.streams import open_tunnel
from toolkit.wire.websocket import CUT, Peer, handshake, joined, upgraded

from codex_faults.observation import End, Observation
from codex_faults.requests import HOST, PATH, TurnRequest

_LAST = tuple(f'"type":"{kind}"' for kind in TERMINAL)


class Client:
    """A connection on which turns are sent one after the other; `end` is None while an answer is being read."""

    def __init__(self, connection: http1.Connection) -> None:
        self._connection = connection
        self._response: http1.Response
        self.end: End | None = None

    @classmethod
    async def connect(cls, port: int, tls: ssl.SSLContext, host: str = HOST) -> Self:
        """Connect to a host through the proxy on a port. Raises OSError or EOFError where that is refused."""
        return cls(http1.Connection(*await open_tunnel(port, host, tls), HOST))

    async def send(self, turn: TurnRequest) -> None:
        """Send a turn."""
        raise NotImplementedError

    async def more(self) -> None:
        """Read what comes next."""
        raise NotImplementedError

    @property
    def body(self) -> bytes:
        """What has come of the answer's body, or of the WebSocket's frames since the turn was sent."""
        raise NotImplementedError

    @property
    def events(self) -> int:
        """How many whole events have come."""
        raise NotImplementedError

    async def until(self, events: int) -> None:
        """Read until so many events have come, or the end."""
        while self.end is None and self.events < events:
            await self.more()

    async def rest(self) -> Observation:
        """Read to the end and return what was seen."""
        while self.end is None:
            await self.more()
        return self.observed()

    def observed(self) -> Observation:
        """Return what was seen so far; an answer that has not ended is one that the client leaves."""
        return Observation(
            status=self._response.status, fields=tuple(self._response.fields), body=self.body, end=self.end or "left"
        )

    def leave(self) -> Observation:
        """Drop the connection by a TCP reset, and return what was seen."""
        self._connection.reset()
        return self.observed()

    async def close(self) -> None:
        """Close the connection."""
        await self._connection.close()


class HttpClient(Client):
    """Turns over HTTP/1.1."""

    async def send(self, turn: TurnRequest) -> None:
        await self._send(_request(turn))

    async def send_half(self, turn: TurnRequest) -> None:
        """Send the head of a request and half of its body."""
        await self._send(_request(turn)[: -(len(turn.body) // 2)])

    async def _send(self, data: bytes) -> None:
        self.end = None
        self._response = self._connection.begin(data)
        await self._connection.writer.drain()

    async def more(self) -> None:
        try:
            if not self._response.status:
                await self._response.head()
            elif not await self._response.piece():
                self.end = "complete"
        except h11.RemoteProtocolError:
            self.end = "cut"

    @property
    def body(self) -> bytes:
        return self._response.body

    @property
    def events(self) -> int:
        return self.body.count(b"\n\n")


class SocketClient(Client):
    """Turns over a WebSocket, which the first one opens; an upgrade that is refused is an end."""

    _peer: Peer | None = None
    _before = 0  # messages that came before the turn was sent

    async def send(self, turn: TurnRequest) -> None:
        if self._peer is None:
            await self._open(turn)
        if self._peer:
            self.end, self._before = None, len(self._peer.frames)
            self._peer.raw.clear()
            await self._peer.send(turn.frame)

    async def _open(self, turn: TurnRequest) -> None:
        self._response = self._connection.begin(handshake(HOST, PATH, turn.fields), "GET")
        try:
            await self._response.head()
            if self._response.status == 101:
                self._peer = upgraded(self._response)
                return
            await self._response.rest()
            self.end = "refused"
        except h11.RemoteProtocolError:
            self.end = "cut"

    async def more(self) -> None:
        assert self._peer
        await self._peer.more()
        messages = [str(joined(fragments)) for fragments in self._peer.frames[self._before :]]
        if self._peer.close_code is not None:
            self.end = "cut" if self._peer.close_code == CUT else "closed"
        elif any(kind in message for message in messages for kind in _LAST):
            self.end = "complete"

    @property
    def body(self) -> bytes:
        return bytes(self._peer.raw) if self._peer else self._response.body

    @property
    def events(self) -> int:
        return len(self._peer.frames) - self._before if self._peer else 0

    def observed(self) -> Observation:
        return replace(super().observed(), close_code=self._peer.close_code if self._peer else None)


type Kind = type[Client]

HTTP: Kind = HttpClient
WEBSOCKET: Kind = SocketClient


def _request(turn: TurnRequest) -> bytes:
    return request_bytes(HOST, PATH, [*turn.fields, ("content-type", "application/json")], turn.body)
