"""A client that sends exactly the bytes it is told to, through a proxy, and reads the answer as it arrives."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterable

import h11

from support.proxy import Proxy

type Field = tuple[str, str]


class Connection:
    """A connection to a host through the proxy: CONNECT, then TLS."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str) -> None:
        self.reader, self.writer, self.host = reader, writer, host
        self.arrivals: list[tuple[float, bytes]] = []

    async def post(self, path: str, fields: Iterable[Field], body: bytes, method: str = "POST") -> "Reply":
        """Send one request and read the whole response."""
        self.writer.write(request_bytes(self.host, path, fields, body, method))
        return await self.read_reply()

    async def read_reply(self) -> "Reply":
        """Read one response to its end."""
        parser = h11.Connection(h11.CLIENT)
        parser.send(h11.Request(method="GET", target="/", headers=[("host", "x")]))
        parser.send(h11.EndOfMessage())
        reply = Reply()
        while not isinstance(event := parser.next_event(), h11.EndOfMessage):
            if event is h11.NEED_DATA:
                parser.receive_data(await asyncio.wait_for(self.reader.read(65536), 10))
            elif isinstance(event, h11.Response):
                reply.status, reply.fields, reply.headers_at = event.status_code, event.headers.raw_items(), now()
            elif isinstance(event, h11.Data):
                reply.pieces.append((now(), bytes(event.data)))
        return reply


class Reply:
    """A response as it arrived: its pieces with the seconds at which they came."""

    def __init__(self) -> None:
        self.status = 0
        self.fields: list[tuple[bytes, bytes]] = []
        self.headers_at = 0.0
        self.pieces: list[tuple[float, bytes]] = []

    @property
    def body(self) -> bytes:
        return b"".join(piece for _, piece in self.pieces)


def now() -> float:
    return time.monotonic()


def request_bytes(host: str, path: str, fields: Iterable[Field], body: bytes, method: str = "POST") -> bytes:
    """Return a request; `content-length` is added, and the fields stand in the given order and spelling."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *(f"{name}: {value}" for name, value in fields)]
    lines += [f"Content-Length: {len(body)}"] if body or method == "POST" else []
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@contextlib.asynccontextmanager
async def connected(proxy: Proxy, host: str = "chatgpt.com") -> AsyncIterator[Connection]:
    """Connect to a host on port 443 through the proxy."""
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n".encode())
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
    await writer.start_tls(proxy.client_tls(), server_hostname=host)
    try:
        yield Connection(reader, writer, host)
    finally:
        writer.close()
        with contextlib.suppress(Exception):
            await writer.wait_closed()
