"""The CONNECT proxy."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from embedded_backend.tunnel import Tunnel

CONNECT = b"CONNECT anything.test:443 HTTP/1.1\r\n\r\n"


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(await reader.read(100))
    writer.close()


async def say(port: int, *messages: bytes) -> list[bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answers = []
    for message in messages:
        writer.write(message)
        answers.append(await reader.read(1000))
    writer.close()
    await writer.wait_closed()
    return answers


@pytest.fixture
async def tunnel() -> AsyncIterator[Tunnel]:
    """A tunnel to a server that says once what it is told."""
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with server, Tunnel(server.sockets[0].getsockname()[1]) as running:
        yield running


async def test_any_host_reaches_the_target(tunnel: Tunnel) -> None:
    answers = await say(tunnel.port, CONNECT, b"hello")

    assert answers == [b"HTTP/1.1 200 Connection established\r\n\r\n", b"hello"]


async def test_a_plain_request_is_refused(tunnel: Tunnel) -> None:
    (answer,) = await say(tunnel.port, b"GET http://a.test/ HTTP/1.1\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 405 ")


async def test_a_target_that_is_gone_ends_the_connection() -> None:
    async with Tunnel(1) as tunnel:
        assert await say(tunnel.port, CONNECT) == [b""]


async def test_the_end_does_not_wait_for_open_connections(tunnel: Tunnel) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", tunnel.port)
    writer.write(CONNECT)
    await reader.readuntil(b"\r\n\r\n")
    await tunnel.__aexit__()

    assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()
