"""The toolkit's clients and servers, each against the other end; tests/end_to_end has them with a proxy between."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from support.client import Connection
from support.upstream import responding, whole
from toolkit.process import LOOPBACK
from toolkit.wire import http1
from toolkit.wire.streams import Serve, serving

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
