"""A client that sends exactly the bytes it is told to, through a proxy, and reads the answer as it arrives."""

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Iterable

import h11

from support.proxy import Proxy

type Field = tuple[str, str]

_PATIENCE = 10
"""Seconds after which a test gives up on bytes that do not come."""


class Connection:
    """A connection to a host, by way of the proxy."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str) -> None:
        self.reader, self.writer, self.host = reader, writer, host

    async def post(self, path: str, fields: Iterable[Field] = (), body: bytes = b"", method: str = "POST") -> "Reply":
        """Send one request and read the whole response."""
        reply = await self.start(path, fields, body, method)
        await reply.rest()
        return reply

    async def start(self, path: str, fields: Iterable[Field] = (), body: bytes = b"", method: str = "POST") -> "Reply":
        """Send one request and read the head of its response."""
        return await self.send(request_bytes(self.host, path, fields, body, method), method)

    async def send(self, data: bytes, method: str = "POST") -> "Reply":
        """Send these bytes and read the head of the response."""
        self.writer.write(data)
        reply = Reply(self.reader, method)
        await reply.head()
        return reply

    def reset(self) -> None:
        """Hang up without a farewell: a TCP reset."""
        raw = self.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


class Reply:
    """A response as it arrives; `raw` is every byte of it."""

    def __init__(self, reader: asyncio.StreamReader, method: str) -> None:
        self._reader = reader
        self._parser = h11.Connection(h11.CLIENT)
        self._parser.send(h11.Request(method=method, target="/", headers=[("host", "x")]))
        self._parser.send(h11.EndOfMessage())
        self.status = 0
        self.fields: list[tuple[bytes, bytes]] = []
        self.pieces: list[bytes] = []
        self.raw = bytearray()

    @property
    def body(self) -> bytes:
        return b"".join(self.pieces)

    async def head(self) -> None:
        """Read the status and the fields."""
        while not isinstance(event := await self._event(), h11.Response):
            pass
        self.status, self.fields = event.status_code, event.headers.raw_items()

    async def piece(self) -> bytes:
        """Return the next piece of the body, `b""` at its end."""
        event = await self._event()
        if isinstance(event, h11.EndOfMessage):
            return b""
        assert isinstance(event, h11.Data)
        self.pieces.append(bytes(event.data))
        return self.pieces[-1]

    async def rest(self) -> None:
        """Read the body to its end."""
        while await self.piece():
            pass

    async def _event(self) -> object:
        while (event := self._parser.next_event()) is h11.NEED_DATA:
            data = await asyncio.wait_for(self._reader.read(65536), _PATIENCE)
            self.raw += data
            self._parser.receive_data(data)
        return event


def request_bytes(host: str, path: str, fields: Iterable[Field], body: bytes, method: str = "POST") -> bytes:
    """Return a request; `content-length` is added, and the fields stand in the given order and spelling."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *(f"{name}: {value}" for name, value in fields)]
    lines += [f"Content-Length: {len(body)}"] if body or method == "POST" else []
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body


@contextlib.asynccontextmanager
async def connected(
    proxy: Proxy,
    host: str = "chatgpt.com",
    *,
    target: str | None = None,
    sni: str | None = "",
    tls: ssl.SSLContext | None = None,
    proxy_tls: bool = False,
) -> AsyncIterator[Connection]:
    """Connect to a host on port 443 through the proxy: CONNECT to `target` (the host), then TLS for `sni` (the host,
    or none at all); with `proxy_tls` inside TLS to the proxy itself.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    if proxy_tls:
        await writer.start_tls(_unchecked(proxy))
    writer.write(f"CONNECT {target or host}:443 HTTP/1.1\r\nHost: {target or host}:443\r\n\r\n".encode())
    async with _closing(writer):
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        context = tls or (proxy.client_tls() if sni is not None else _unchecked(proxy))
        await writer.start_tls(context, server_hostname=host if sni == "" else sni)
        yield Connection(reader, writer, host)


@contextlib.asynccontextmanager
async def plainly_connected(proxy: Proxy, host: str = "chatgpt.com") -> AsyncIterator[Connection]:
    """Connect to the proxy itself without TLS, as the client of a reverse proxy does; `host` goes into the head."""
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    async with _closing(writer):
        yield Connection(reader, writer, host)


@contextlib.asynccontextmanager
async def _closing(writer: asyncio.StreamWriter) -> AsyncIterator[None]:
    try:
        yield
    finally:
        writer.close()
        with contextlib.suppress(Exception):
            await asyncio.wait_for(writer.wait_closed(), _PATIENCE)


def _unchecked(proxy: Proxy) -> ssl.SSLContext:
    """Return TLS settings for a peer that is known by its CA alone."""
    context = proxy.client_tls()
    context.check_hostname = False
    return context
