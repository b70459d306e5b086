"""HTTP/2 at either end: a client that speaks through the proxy, and a server that keeps what it gets."""

import contextlib
import ssl
from collections.abc import AsyncIterator, Iterable

from h2.errors import ErrorCodes
from h2.events import DataReceived, ResponseReceived, StreamEnded
from toolkit.wire.http1 import Field
from toolkit.wire.http2 import Answer, Exchange, Fields, Wire
from toolkit.wire.http2 import Server as Upstream
from toolkit.wire.streams import serving

from support.client import connected
from support.proxy import Proxy

__all__ = ["Connection", "Exchange", "http2_connected", "responding", "running_http2_upstream"]


class Connection:
    """A client's connection to a host, for one small request at a time."""

    def __init__(self, wire: Wire, host: str) -> None:
        self._wire, self._host = wire, host

    async def post(self, path: str, fields: Iterable[Field] = (), body: bytes = b"") -> "Response":
        """Send a request and read the whole response."""
        response = await self.start(path, fields, body)
        while await response.piece():
            pass
        return response

    async def start(self, path: str, fields: Iterable[Field] = (), body: bytes = b"") -> "Response":
        """Send a request and read the head of its response."""
        h2 = self._wire.h2
        stream = h2.get_next_available_stream_id()
        pseudo = [(":method", "POST"), (":scheme", "https"), (":authority", self._host), (":path", path)]
        h2.send_headers(stream, [*pseudo, *((name.lower(), value) for name, value in fields)])
        h2.send_data(stream, body, end_stream=True)
        response = Response(self._wire, stream)
        while not response.fields:
            await response.more()
        return response


class Response:
    """A response as it arrives. Reading raises ConnectionError where it is cut."""

    def __init__(self, wire: Wire, stream: int) -> None:
        self._wire, self._stream = wire, stream
        self.fields: Fields = []
        self.body = b""
        self._unread: list[bytes] = []

    async def piece(self) -> bytes:
        """Return the next piece of the body, `b""` at its end."""
        while not self._unread:
            await self.more()
        self.body += self._unread[0]
        return self._unread.pop(0)

    async def cancel(self) -> None:
        """Reset the stream; the connection stays."""
        self._wire.h2.reset_stream(self._stream, ErrorCodes.CANCEL)
        await self._wire.flush()

    async def more(self) -> None:
        """Take what comes next on the connection."""
        for event in await self._wire.receive():
            if isinstance(event, ResponseReceived):
                self.fields = [(bytes(name), bytes(value)) for name, value in event.headers]
            elif isinstance(event, DataReceived):
                self._unread += [data] if (data := self._wire.read_data(event)) else []
            elif isinstance(event, StreamEnded):
                self._unread.append(b"")


def responding(body: bytes = b"{}", kind: str = "application/json", status: int = 200) -> Answer:
    """Answer each request with this body."""

    async def answer(exchange: Exchange) -> None:
        await exchange.respond([(":status", str(status)), ("content-type", kind)])
        await exchange.send(body, last=True)

    return answer


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
        yield Connection(Wire(connection.reader, connection.writer, client=True), host)
