"""The client: one connection through a proxy to chatgpt.com, which it uses again for every turn."""

import asyncio
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass

from codex_bench import answer, frames
from codex_bench.baton import Baton
from codex_bench.server import BUFFER, LOOPBACK

HOST = "chatgpt.com"
PATH = "/backend-api/codex/responses"

_HEAD_END = b"\r\n\r\n"
_EVENT_END = b"\n\n\r\n"
_FIELDS = (
    f"host: {HOST}\r\nauthorization: Bearer {'x' * 900}\r\nchatgpt-account-id: 00000000-0000-4000-8000-000000000001\r\n"
    "openai-beta: responses=experimental\r\noriginator: bench\r\nuser-agent: codex-bench/1\r\n"
)
_POST = f"POST {PATH} HTTP/1.1\r\n{_FIELDS}accept: text/event-stream\r\ncontent-type: application/json\r\n"
_UPGRADE = (
    f"GET {PATH} HTTP/1.1\r\n{_FIELDS}connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n"
    "sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


@dataclass(frozen=True, slots=True)
class Times:
    """How long a turn kept its client waiting, in seconds: for the first byte, and for each event."""

    first_byte: float
    events: tuple[float, ...]


class Client:
    """A connection through the proxy on a port of this machine."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, baton: Baton) -> None:
        self._reader, self._writer, self._baton = reader, writer, baton

    async def turn(self, body: bytes) -> Times:
        """Have one turn over HTTP, and read its answer to the end."""
        started = time.perf_counter()
        self._writer.write(f"{_POST}content-length: {len(body)}\r\n\r\n".encode())
        self._writer.write(body)
        head = await self._reader.readuntil(_HEAD_END)
        first_byte = time.perf_counter() - started
        if not head.startswith(b"HTTP/1.1 200"):
            raise ConnectionError(head[:40].decode("latin-1"))
        return Times(first_byte, await self._events())

    async def _events(self) -> tuple[float, ...]:
        """Read all events; those that come at once have one delay."""
        self._baton.take()
        delays = []
        for number in range(self._baton.events):
            await self._reader.readuntil(_EVENT_END)
            if self._baton.one_by_one or number == self._baton.events - 1:
                delays.append(self._baton.take())
        await self._reader.readuntil(answer.LAST_CHUNK)
        return tuple(delays)

    async def open_socket(self) -> None:
        """Turn the connection into a WebSocket."""
        self._writer.write(_UPGRADE.encode())
        head = await self._reader.readuntil(_HEAD_END)
        if not head.startswith(b"HTTP/1.1 101"):
            raise ConnectionError(head[:40].decode("latin-1"))

    async def socket_turn(self, body: bytes, size: int) -> float:
        """Have one turn over WebSocket whose frames have `size` bytes together; return the seconds that it took."""
        started = time.perf_counter()
        self._writer.write(frames.frame(body, masked=True))
        await self._reader.readexactly(size)
        return time.perf_counter() - started

    async def close(self) -> None:
        """Hang up."""
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()


async def connect(port: int, tls: ssl.SSLContext, baton: Baton) -> Client:
    """Connect through the proxy on a port."""
    reader, writer = await asyncio.open_connection(LOOPBACK, port, limit=BUFFER)
    writer.write(f"CONNECT {HOST}:443 HTTP/1.1\r\nhost: {HOST}:443\r\n\r\n".encode())
    answered = await reader.readuntil(_HEAD_END)
    if b" 200 " not in answered:
        raise ConnectionError(answered[:40].decode("latin-1"))
    await writer.start_tls(tls, server_hostname=HOST)
    return Client(reader, writer, baton)
