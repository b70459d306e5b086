"""A client's connection through the proxy to the backend, and what is seen on it."""

import asyncio
import socket
import ssl
import struct
from contextlib import suppress

import h11

from codex_faults.seen import End, Seen
from codex_faults.turns import HOST, PATH, Field, Turn

LOOPBACK = "127.0.0.1"
_BUFFER = 1 << 16  # bytes that are read ahead; then the proxy has to wait
_GONE = (OSError, asyncio.IncompleteReadError)


class Refused(Exception):
    """No connection to the backend came about."""


class Talk:
    """One connection on which a turn can be sent and its answer be read as far as one likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.status = 0
        self.fields: tuple[tuple[bytes, bytes], ...] = ()
        self.body = bytearray()
        self.end: End | None = None
        self.close_code: int | None = None
        self.parser = h11.Connection(h11.CLIENT)

    async def send(self, turn: Turn) -> None:
        """Sends a turn."""
        raise NotImplementedError

    async def until(self, events: int) -> None:
        """Reads until so many events have come, or the end."""
        while self.end is None and self.events < events:
            await self.more()

    async def rest(self) -> Seen:
        """Reads to the end and returns what was seen."""
        while self.end is None:
            await self.more()
        return self.seen()

    @property
    def events(self) -> int:
        """How many whole events have come."""
        raise NotImplementedError

    async def more(self) -> None:
        """Reads what comes next."""
        raise NotImplementedError

    def seen(self) -> Seen:
        """Returns what was seen so far; a talk that has not ended is one that the client leaves."""
        return Seen(
            status=self.status,
            fields=self.fields,
            body=bytes(self.body),
            end=self.end or "left",
            close_code=self.close_code,
        )

    def leave(self) -> Seen:
        """Hangs up without a farewell, by a TCP reset, and returns what was seen."""
        raw = self.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()
        return self.seen()

    async def close(self) -> None:
        """Hangs up."""
        self.writer.close()
        with suppress(OSError):
            await self.writer.wait_closed()

    def write(self, data: bytes) -> None:
        """Sends bytes."""
        self.writer.write(data)

    async def read(self) -> bytes:
        """Returns the next bytes, none where the connection has ended, in whatever way."""
        try:
            return await self.reader.read(_BUFFER)
        except _GONE:
            return b""

    async def head(self) -> None:
        """Reads status and fields; without an answer, the talk has ended."""
        while self.end is None:
            match await self.event():
                case h11.Response() | h11.InformationalResponse(status_code=101) as answer:
                    self.status, self.fields = answer.status_code, tuple(answer.headers.raw_items())
                    return

    async def event(self) -> object:
        """Returns the next part of an HTTP message; None where the connection was cut instead."""
        try:
            while (event := self.parser.next_event()) is h11.NEED_DATA:
                self.parser.receive_data(await self.read())
        except h11.RemoteProtocolError:
            self.end = "cut"
            return None
        if isinstance(event, h11.ConnectionClosed):
            self.end = "cut"
        return event

    def begin(self, method: str, fields: tuple[Field, ...], size: int | None = None) -> bytes:
        """Returns the head of a request; what was seen of the one before it is forgotten."""
        self.parser = h11.Connection(h11.CLIENT)
        self.status, self.fields, self.end, self.close_code = 0, (), None, None
        self.body.clear()
        length = [("content-length", str(size))] if size is not None else []
        headers = [("host", HOST), *fields, *length]
        head = self.parser.send(h11.Request(method=method, target=PATH, headers=headers))
        assert head is not None
        return head


async def connect(
    port: int, tls: ssl.SSLContext, host: str = HOST
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connects to a host through the proxy on a port of this machine. Raises Refused."""
    reader, writer = await asyncio.open_connection(LOOPBACK, port, limit=_BUFFER)
    try:
        writer.write(f"CONNECT {host}:443 HTTP/1.1\r\nhost: {host}:443\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise Refused(head.partition(b"\r\n")[0].decode("latin-1"))
        await writer.start_tls(tls, server_hostname=host)
    except _GONE as error:
        writer.close()
        raise Refused(type(error).__name__) from error
    except Refused:
        writer.close()
        raise
    return reader, writer
