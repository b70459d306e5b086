"""The toolkit's clients and servers, each against the other end."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
from embedded_backend.certificates import Authority
from support import http2
from support.client import Connection
from support.sockets import upgraded
from support.upstream import responding, whole
from toolkit.process import LOOPBACK
from toolkit.wire import http1, websocket
from toolkit.wire.http2 import Exchange, Server, Wire
from toolkit.wire.streams import Serve, TunnelRefused, accept_tunnel, open_tunnel, serving

HOST = "chatgpt.com"

type Connect = Callable[[Serve, str], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter, str]]]


@pytest.fixture
async def connect(authority: Authority) -> AsyncIterator[Connect]:
    """Connects by CONNECT and TLS to a server that speaks one protocol."""
    server_tls = authority.context()
    async with AsyncExitStack() as stack:

        async def connected(serve: Serve, protocol: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, str]:
            async def tunnelled(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                assert await accept_tunnel(reader, writer, server_tls) == protocol
                await serve(reader, writer)

            server_tls.set_alpn_protocols([protocol])
            port = await stack.enter_async_context(serving(tunnelled))
            trusting = ssl.create_default_context(cafile=str(authority.ca_file))
            trusting.set_alpn_protocols([protocol])
            reader, writer = await open_tunnel(port, HOST, trusting)
            stack.callback(writer.close)
            return reader, writer, HOST

        yield connected


async def test_requests_and_responses_are_the_bytes_that_were_given(connect: Connect) -> None:
    answer = whole(b"[1]", status="418 A Pot", extra=b"X-Odd:  1\r\n")
    server = http1.Server(answer=responding(answer))
    connection = Connection(*await connect(server.serve, "http/1.1"))
    response = await connection.post("/path", [("x-ODD", "2"), ("a", "")], b"body")

    assert server.last.raw == (
        b"POST /path HTTP/1.1\r\nHost: chatgpt.com\r\nx-ODD: 2\r\na: \r\nContent-Length: 4\r\n\r\nbody"
    )
    assert (response.status, response.body, bytes(response.raw)) == (418, b"[1]", answer)


async def test_requests_over_http2_are_kept_and_a_cancelled_stream_is_noticed(connect: Connect) -> None:
    async def answer(exchange: Exchange) -> None:
        await exchange.respond([(":status", "200")])
        await exchange.send(b"twice " + exchange.body)

    server = Server(answer=answer)
    reader, writer, host = await connect(server.serve, "h2")
    client = http2.Connection(Wire(reader, writer, client=True), host)
    response = await client.start("/", body=b"x")
    piece = await response.piece()
    await response.cancel()
    await client.start("/")

    assert (piece, server.requests[0].body, server.resets) == (b"twice x", b"x", 1)


async def repeat(exchange: http1.Exchange) -> None:
    """Accept a WebSocket, say something at once, and repeat each message twice: whole, and in its fragments."""
    peer = await websocket.accept(
        exchange, deflate="sec-websocket-extensions" in exchange.request.head.decode().lower()
    )
    await peer.send("first")
    async for message in peer.messages():
        await peer.send(message, *peer.frames[-1])


async def repeating(connect: Connect, *, deflate: bool = False) -> websocket.Peer:
    """Return a client's WebSocket to what repeats, after the message that comes together with the handshake's end."""
    peer = await upgraded(Connection(*await connect(http1.Server(answer=repeat).serve, "http/1.1")), deflate=deflate)
    assert await peer.receive() == "first"
    return peer


async def test_messages_keep_their_fragments(connect: Connect) -> None:
    peer = await repeating(connect)

    assert [await peer.ask("a", "b"), await peer.ask(b"\x00")] == ["abab", b"\x00\x00"]
    assert peer.frames == [["first"], ["ab", "a", "b"], [b"\x00", b"\x00"]]


async def test_messages_can_be_compressed(connect: Connect) -> None:
    peer = await repeating(connect, deflate=True)

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

    async with serving(serve) as port:
        Connection(*await asyncio.open_connection(LOOPBACK, port), HOST).reset()
        await gone
