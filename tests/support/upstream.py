"""A server that keeps the bytes it gets and answers with the bytes it was given: the wire itself, not a model of it."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator

from toolkit.wire.http1 import Answer, Exchange, Request, chunk
from toolkit.wire.http1 import Server as Upstream
from toolkit.wire.streams import serving

__all__ = ["Answer", "Exchange", "Request", "Upstream", "chunk", "responding", "stream_head", "streaming", "whole"]


@contextlib.asynccontextmanager
async def running_upstream(context: ssl.SSLContext | None, answer: Answer) -> AsyncIterator[Upstream]:
    """Run a server on loopback until the block ends, over TLS if there is a context."""
    upstream = Upstream(answer=answer)
    async with serving(upstream.serve, context) as upstream.port:
        yield upstream


def responding(*pieces: bytes, gap: float = 0) -> Answer:
    """Answer each request with these pieces, `gap` seconds apart."""

    async def answer(exchange: Exchange) -> None:
        for piece in pieces:
            await exchange.send(piece)
            await asyncio.sleep(gap)

    return answer


def streaming(*events: bytes) -> Answer:
    """Answer each request with an event stream, each event a chunk."""
    return responding(stream_head(), *map(chunk, events), chunk(b""))


def whole(body: bytes = b"{}", status: str = "200 OK", kind: str = "application/json", extra: bytes = b"") -> bytes:
    """Return a whole response with a length; `extra` are more header lines."""
    fields = b"content-type: %s\r\n%scontent-length: %d" % (kind.encode(), extra, len(body))
    return b"HTTP/1.1 %s\r\n%s\r\n\r\n%s" % (status.encode(), fields, body)


def stream_head(extra: bytes = b"") -> bytes:
    """Return the head of an event stream in chunks; `extra` are more header lines."""
    return b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n%stransfer-encoding: chunked\r\n\r\n" % extra
