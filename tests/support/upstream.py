"""A server that keeps the bytes it gets and answers with the bytes it was given: the wire itself, not a model of it."""

import contextlib
import ssl
from collections.abc import AsyncIterator

from toolkit.wire.http1 import Answer, Exchange, Request, chunk, responding, stream_head, streaming, whole
from toolkit.wire.http1 import Server as Upstream
from toolkit.wire.streams import serving

__all__ = ["Answer", "Exchange", "Request", "Upstream", "chunk", "responding", "stream_head", "streaming", "whole"]


@contextlib.asynccontextmanager
async def running_upstream(context: ssl.SSLContext | None, answer: Answer) -> AsyncIterator[Upstream]:
    """Run a server on loopback until the block ends, over TLS if there is a context."""
    upstream = Upstream(answer=answer)
    async with serving(upstream.serve, context) as upstream.port:
        yield upstream
