"""Clients that send exactly the bytes they are told to, through a proxy, and read the answer as it arrives."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Iterable

from toolkit.process import LOOPBACK
from toolkit.wire import http1
from toolkit.wire.http1 import Field, Response, request_bytes
from toolkit.wire.streams import ask_for

from support.proxy import Proxy

__all__ = ["Connection", "Field", "connected", "plainly_connected", "request_bytes"]


class Connection(http1.Connection):
    """A client's connection to a host."""

    async def post(self, path: str, fields: Iterable[Field] = (), body: bytes = b"", method: str = "POST") -> Response:
        """Send a request and read the whole response."""
        response = await self.start(path, fields, body, method)
        await response.rest()
        return response

    async def start(self, path: str, fields: Iterable[Field] = (), body: bytes = b"", method: str = "POST") -> Response:
        """Send a request and read the head of its response."""
        return await self.send(request_bytes(self.host, path, fields, body, method), method)

    async def send(self, data: bytes, method: str = "POST") -> Response:
        """Send these bytes and read the head of the response."""
        response = self.begin(data, method)
        await response.head()
        return response


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
    context = tls or (proxy.client_tls() if sni is not None else _unchecked(proxy))
    async with plainly_connected(proxy, host) as connection:
        if proxy_tls:
            await connection.writer.start_tls(_unchecked(proxy))
        await ask_for(f"{target or host}:443", connection.reader, connection.writer)
        await connection.writer.start_tls(context, server_hostname=host if sni == "" else sni)
        yield connection


@contextlib.asynccontextmanager
async def plainly_connected(proxy: Proxy, host: str = "chatgpt.com") -> AsyncIterator[Connection]:
    """Connect to the proxy itself without TLS, as the client of a reverse proxy does; `host` goes into the head."""
    connection = Connection(*await asyncio.open_connection(LOOPBACK, proxy.port), host)
    try:
        yield connection
    finally:
        await connection.hang_up()


def _unchecked(proxy: Proxy) -> ssl.SSLContext:
    """Return TLS settings for a peer that is known by its CA alone."""
    context = proxy.client_tls()
    context.check_hostname = False
    return context
