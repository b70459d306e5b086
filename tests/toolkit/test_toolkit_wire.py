"""The toolkit's clients and servers, each against the other end; tests/end_to_end has them with a proxy between."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from support.client import Connection
from support.sockets import upgraded
from support.upstream import responding, whole
from toolkit.process import LOOPBACK
from toolkit.wire import http1, websocket
from toolkit.wire.streams import Serve, TunnelRefused, open_tunnel, serving

HOST = "chatgpt.com"


@asynccontextmanager
async def connected(serve: Serve) -> AsyncIterator[Connection]:
    """Connect to a server."""
    async with serving(serve) as port:
        connection = Connection(*await asyncio.open_connection(LOOPBACK, port), HOST)
        yield connection
        await connection.hang_up()


async def test_requests_and_responses_are_the_bytes_that_were_given() -> None:
    answer = whole(b"[1]", status="418 A Pot", extra=b"X-Odd:  1\r\n")
    server = http1.Server(answer=responding(answer))
    async with connected(server.serve) as connection:
        response = await connection.post("/path", [("x-ODD", "2"), ("a", "")], b"body")

    assert server.last.raw == (
        b"POST /path HTTP/1.1\r\nHost: chatgpt.com\r\nx-ODD: 2\r\na: \r\nContent-Length: 4\r\n\r\nbody"
    )
    assert (response.status, response.body, bytes(response.raw)) == (418, b"[1]", answer)


async def repeat(exchange: http1.Exchange) -> None:
    """Accept a WebSocket, say something at once, and repeat each message twice: whole, and in its fragments."""
    peer = await websocket.accept(
        exchange, deflate="sec-websocket-extensions" in exchange.request.head.decode().lower()
    )
    await peer.send("first")
    async for message in peer.messages():
        await peer.send(message, *peer.frames[-1])


@asynccontextmanager
async def repeating(*, deflate: bool = False) -> AsyncIterator[websocket.Peer]:
    """Open a WebSocket to what repeats; its first message can come together with the answer to the handshake."""
    async with connected(http1.Server(answer=repeat).serve) as connection:
        peer = await upgraded(connection, deflate=deflate)
        assert await peer.receive() == "first"
        yield peer


async def test_messages_keep_their_fragments() -> None:
    async with repeating() as peer:
        assert [await peer.ask("a", "b"), await peer.ask(b"\x00")] == ["abab", b"\x00\x00"]
        assert peer.frames == [["first"], ["ab", "a", "b"], [b"\x00", b"\x00"]]


async def test_messages_can_be_compressed() -> None:
    async with repeating(deflate=True) as peer:
        assert await peer.ask("a" * 10_000) == "a" * 20_000
        assert len(peer.raw) < 1_000


async def test_a_proxy_that_does_not_connect_is_an_error_with_its_answer() -> None:
    server = http1.Server(answer=responding(whole(status="502 Bad Gateway")))
    async with serving(server.serve) as port:
        with pytest.raises(TunnelRefused, match=r"^HTTP/1.1 502 Bad Gateway$"):
            await open_tunnel(port, HOST, ssl.create_default_context())


async def test_a_client_that_drops_its_connection_resets_it() -> None:
    gone = asyncio.get_running_loop().create_future()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.read()
        except ConnectionResetError as error:
            gone.set_result(error)
        writer.close()

    async with connected(serve) as connection:
        connection.reset()
        await gone
