"""How a client speaks: a connection through the proxy, and HTTP/1.1 over it."""

import asyncio
import functools
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

import orjson
from codex_bench.server import LOOPBACK, read_fields

HOST = "chatgpt.com"
PATH = "/backend-api/codex/responses"
COMPACT = f"{PATH}/compact"

_BUFFER = 1 << 20
_HEAD_END = b"\r\n\r\n"

type Fields = list[tuple[str, str]]


class Broken(Exception):
    """What came through the proxy is not what a client can read."""


@dataclass(slots=True)
class Reply:
    """A turn's answer: its status, the response's id, and the items that it put out."""

    status: int
    response_id: str = ""
    outputs: list[dict[str, Any]] = field(default_factory=list)
    finished: bool = False

    def read_event(self, data: bytes) -> None:
        """Take in an event, in so far as a client needs it."""
        event = orjson.loads(data)
        kind = event["type"]
        if kind == "response.output_item.done":
            self.outputs.append(event["item"])
        if kind == "response.completed":
            self.response_id = event["response"]["id"]
        if kind == "error":
            self.status = event["status"]
        self.finished = kind in ("response.completed", "error")

    def read_body(self, body: bytes) -> None:
        """Take in a whole answer: an event stream, or a JSON document."""
        if not body.startswith(b"event:"):
            self.outputs, self.finished = orjson.loads(body).get("output", []), True
            return
        for line in body.splitlines():
            if line.startswith(b"data: "):
                self.read_event(line[6:])


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where the proxy is, and the CA that its clients trust."""

    port: int
    ca_file: str


class Line(Protocol):
    """A connection on which turns are posted one by one."""

    async def post(self, path: str, fields: Fields, body: bytes, *, leave: bool) -> Reply:
        """Post a turn and read its answer; with `leave`, hang up once the answer has begun."""

    async def close(self) -> None:
        """Hang up after the last turn."""


class Http1:
    """HTTP/1.1."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def post(self, path: str, fields: Fields, body: bytes, *, leave: bool) -> Reply:
        """Post a turn and read its answer; with `leave`, hang up once the answer has begun."""
        lines = [f"{name}: {value}\r\n" for name, value in [("host", HOST), *fields]]
        head = f"POST {path} HTTP/1.1\r\n{''.join(lines)}content-length: {len(body)}\r\n\r\n"
        self._writer.write(head.encode() + body)
        answered = await self._reader.readuntil(_HEAD_END)
        reply = Reply(int(answered.split(b" ", 2)[1]))
        if leave:
            self._writer.transport.abort()
            return reply
        reply.read_body(await self._body(read_fields(answered)))
        return reply

    async def _body(self, fields: dict[str, str]) -> bytes:
        if size := fields.get("content-length"):
            return await self._reader.readexactly(int(size))
        pieces = list[bytes]()
        while size := (await self._reader.readline()).strip().decode():
            piece = await self._reader.readexactly(int(size, 16) + 2)
            if len(piece) == len(b"\r\n"):
                return b"".join(pieces)
            pieces.append(piece[:-2])
        raise Broken("a chunk has no size")

    async def close(self) -> None:
        """Hang up after the last turn."""
        await hang_up(self._writer)


async def connect(address: Address, protocol: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect through the proxy to the backend, to speak a protocol by its ALPN name."""
    reader, writer = await asyncio.open_connection(LOOPBACK, address.port, limit=_BUFFER)
    writer.write(f"CONNECT {HOST}:443 HTTP/1.1\r\nhost: {HOST}:443\r\n\r\n".encode())
    answered = await reader.readuntil(_HEAD_END)
    if b" 200 " not in answered:
        raise Broken(f"the proxy does not connect: {answered[:60].decode('latin-1')!r}")
    await writer.start_tls(tls(address, protocol), server_hostname=HOST)
    return reader, writer


@functools.cache
def tls(address: Address, protocol: str) -> ssl.SSLContext:
    """Return a client's TLS settings."""
    context = ssl.create_default_context(cafile=address.ca_file)
    context.set_alpn_protocols([protocol])
    return context


async def hang_up(writer: asyncio.StreamWriter) -> None:
    """Close a connection and wait until it is."""
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
