"""Connections on loopback at both ends: TCP, CONNECT through a proxy, TLS inside of it."""

import asyncio
import contextlib
import socket
import ssl
import struct
import sys
from collections.abc import AsyncIterator, Awaitable, Callable

from toolkit.process import LOOPBACK

type Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
type Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

HEAD_END = b"\r\n\r\n"
PATIENCE = 60.0
"""Seconds to wait for the next bytes; after that, reading raises TimeoutError."""

_READ = 1 << 16


class TunnelRefused(ConnectionError):
    """The proxy does not connect to the host; the text is the first line of its answer."""


async def open_tunnel(port: int, host: str, tls: ssl.SSLContext) -> Streams:
    """Connect to port 443 of a host, with TLS, through the proxy at a port of this machine.

    Raises TunnelRefused if the proxy does not connect, and OSError or EOFError if the connection breaks.
    """
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    try:
        await ask_for(f"{host}:443", reader, writer)
        await writer.start_tls(tls, server_hostname=host)
    except BaseException:
        writer.close()
        raise
    return reader, writer


async def ask_for(target: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Have a proxy connect to a host and port. Raises TunnelRefused."""
    writer.write(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
    head = await reader.readuntil(HEAD_END)
    if not head.startswith(b"HTTP/1.1 200"):
        raise TunnelRefused(head.partition(b"\r\n")[0].decode("latin-1"))


async def accept_tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, tls: ssl.SSLContext) -> str | None:
    """Accept a CONNECT to any host, and TLS inside of it; return the protocol that ALPN chose."""
    await reader.readuntil(HEAD_END)
    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
    await writer.start_tls(tls)
    protocol: str | None = writer.get_extra_info("ssl_object").selected_alpn_protocol()
    return protocol


@contextlib.asynccontextmanager
async def serving(serve: Serve, tls: ssl.SSLContext | None = None, limit: int = _READ) -> AsyncIterator[int]:
    """Run a server, which reads about `limit` bytes ahead, on a free port until the block ends; yield the port."""
    server = await asyncio.start_server(serve, LOOPBACK, 0, ssl=tls, limit=limit)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        if sys.version_info >= (3, 13):  # before that, connections end when their clients do
            server.close_clients()


async def read(reader: asyncio.StreamReader) -> bytes:
    """Return the bytes that come next, empty if the connection has ended or was reset."""
    try:
        return await asyncio.wait_for(reader.read(_READ), PATIENCE)
    except (ConnectionError, ssl.SSLError):
        return b""


async def hang_up(writer: asyncio.StreamWriter) -> None:
    """Close a connection and wait until it is closed."""
    writer.close()
    with contextlib.suppress(OSError):
        await asyncio.wait_for(writer.wait_closed(), PATIENCE)


def reset(writer: asyncio.StreamWriter) -> None:
    """Drop a connection by a TCP reset."""
    raw = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
