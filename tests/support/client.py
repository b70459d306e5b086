"""Clients that send exactly the bytes they are told to, through a proxy, and read the answer as it arrives."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator

from toolkit.process import LOOPBACK
from toolkit.wire.http1 import Connection, Field, request_bytes
from toolkit.wire.streams import open_tunnel

from support.proxy import Proxy

__all__ = ["Connection", "Field", "connected", "plainly_connected", "request_bytes"]


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
    outer = _unchecked(proxy) if proxy_tls else None
    streams = await open_tunnel(proxy.port, host, context, target=target, server_name=sni, proxy_tls=outer)
    async with _closing(Connection(*streams, host)) as connection:
        yield connection


@contextlib.asynccontextmanager
async def plainly_connected(proxy: Proxy, host: str = "chatgpt.com") -> AsyncIterator[Connection]:
    """Connect to the proxy itself without TLS, as the client of a reverse proxy does; `host` goes into the head."""
    async with _closing(Connection(*await asyncio.open_connection(LOOPBACK, proxy.port), host)) as connection:
        yield connection


@contextlib.asynccontextmanager
async def _closing(connection: Connection) -> AsyncIterator[Connection]:
    try:
        yield connection
    finally:
        await connection.hang_up()


def _unchecked(proxy: Proxy) -> ssl.SSLContext:
    """Return TLS settings for a peer that is known by its CA alone."""
    context = proxy.client_tls()
    context.check_hostname = False
    return context
