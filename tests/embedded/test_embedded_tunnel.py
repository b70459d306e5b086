"""The CONNECT proxy."""

import asyncio

from embedded_backend.tunnel import Tunnel


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(await reader.read(100))
    writer.close()


async def _say(port: int, *messages: bytes) -> list[bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answers = []
    for message in messages:
        writer.write(message)
        answers.append(await reader.read(1000))
    writer.close()
    await writer.wait_closed()
    return answers


async def test_any_host_reaches_the_target() -> None:
    server = await asyncio.start_server(_echo, "127.0.0.1", 0)
    async with server, Tunnel(server.sockets[0].getsockname()[1]) as tunnel:
        answers = await _say(tunnel.port, b"CONNECT anything.test:443 HTTP/1.1\r\n\r\n", b"hello")

    assert answers == [b"HTTP/1.1 200 Connection established\r\n\r\n", b"hello"]


async def test_a_plain_request_is_refused() -> None:
    async with Tunnel(1) as tunnel:
        (answer,) = await _say(tunnel.port, b"GET http://a.test/ HTTP/1.1\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 405 ")


async def test_a_target_that_is_gone_ends_the_connection() -> None:
    async with Tunnel(1) as tunnel:
        assert await _say(tunnel.port, b"CONNECT a.test:443 HTTP/1.1\r\n\r\n") == [b""]


async def test_the_end_does_not_wait_for_open_connections() -> None:
    async with Tunnel(1) as tunnel:
        _reader, writer = await asyncio.open_connection("127.0.0.1", tunnel.port)
        await asyncio.sleep(0)
    writer.close()
    await writer.wait_closed()
