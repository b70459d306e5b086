"""WebSockets frame by frame, at either end."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

from toolkit.wire import websocket
from toolkit.wire.http1 import Answer, Exchange, Field
from toolkit.wire.websocket import DEFLATE, HANDSHAKE, Data, Peer, accept, joined

from support.client import Connection, connected
from support.proxy import Proxy
from support.wire import RESPONSES

__all__ = ["HANDSHAKE", "Data", "Peer", "Recorder", "Talk", "joined", "opened", "talking", "upgraded"]

type Talk = Callable[[Peer], Awaitable[None]]


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
    """Turn a client's connection into a WebSocket."""
    offer = [("Sec-WebSocket-Extensions", DEFLATE)] if deflate else []
    response = await connection.send(websocket.handshake(connection.host, path, [*fields, *offer]), "GET")
    assert response.status == 101
    return websocket.upgraded(response, deflate=deflate)


def talking(talk: Talk, *, deflate: bool = False) -> Answer:
    """Answer a handshake, and then as `talk` does."""

    async def answer(exchange: Exchange) -> None:
        await talk(await accept(exchange, deflate=deflate))
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
