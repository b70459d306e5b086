"""HTTP/2 at either end: a client that speaks through the proxy, and a server that keeps what it gets."""

import contextlib
import ssl
from collections.abc import AsyncIterator

from toolkit.wire.http2 import Answer, Connection, Exchange
from toolkit.wire.http2 import Server as Upstream
from toolkit.wire.streams import serving

from support.client import connected
from support.proxy import Proxy

__all__ = ["Exchange", "http2_connected", "running_http2_upstream"]


@contextlib.asynccontextmanager
async def running_http2_upstream(context: ssl.SSLContext, answer: Answer) -> AsyncIterator[Upstream]:
    """Run an HTTP/2 server on loopback until the block ends."""
    context.set_alpn_protocols(["h2"])
    context.sni_callback = None  # a certificate made for another name would come without ALPN
    upstream = Upstream(answer=answer)
    async with serving(upstream.serve, context) as upstream.port:
        yield upstream


@contextlib.asynccontextmanager
async def http2_connected(proxy: Proxy, host: str = "chatgpt.com") -> AsyncIterator[Connection]:
    """Yield a client that speaks HTTP/2 to a host through the proxy."""
    async with connected(proxy, host, tls=proxy.client_tls("h2")) as connection:
        yield Connection(connection.reader, connection.writer, host)
