"""The client: one connection through a proxy to chatgpt.com, used again for every turn; it reads bytes as they come."""

import asyncio
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass

from toolkit.process import LOOPBACK
from websockets import Frame, Opcode

from codex_bench.server import BUFFER, LAST_CHUNK, RunState

HOST = "chatgpt.com"
PATH = "/backend-api/codex/responses"

_HEADERS_END = b"\r\n\r\n"
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
_CONNECT = f"CONNECT {HOST}:443 HTTP/1.1\r\nhost: {HOST}:443\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Times:
    """How long a turn kept its client waiting, in seconds: for the first byte, and for each event."""

    first_byte: float
    events: tuple[float, ...]


class Client:
    """A connection through the proxy on a port of this machine."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, state: RunState) -> None:
        self._reader, self._writer, self._state = reader, writer, state

    async def turn(self, body: bytes) -> Times:
        """Have one turn over HTTP, and read its answer to the end."""
        request = f"{_POST}content-length: {len(body)}\r\n\r\n".encode() + body
        started = time.perf_counter()
        await self.ask(request, 200)
        return Times(time.perf_counter() - started, await self._events())

    async def _events(self) -> tuple[float, ...]:
        """Read all events; those that come at once have one delay."""
        self._state.receive()
        delays = []
        for number in range(self._state.events):
            await self._reader.readuntil(_EVENT_END)
            if self._state.one_by_one or number == self._state.events - 1:
                delays.append(self._state.receive())
        await self._reader.readuntil(LAST_CHUNK)
        return tuple(delays)

    async def open_socket(self) -> None:
        """Turn the connection into a WebSocket."""
        await self.ask(_UPGRADE.encode(), 101)

    async def socket_turn(self, body: bytes, size: int) -> float:
        """Have one turn over WebSocket whose frames have `size` bytes together; return the seconds that it took."""
        message = Frame(Opcode.TEXT, body).serialize(mask=True)
        started = time.perf_counter()
        self._writer.write(message)
        await self._reader.readexactly(size)
        return time.perf_counter() - started

    async def ask(self, request: bytes, status: int) -> None:
        """Send a request and read the headers of its answer. Raises ConnectionError for another status."""
        self._writer.write(request)
        headers = await self._reader.readuntil(_HEADERS_END)
        if not headers.startswith(f"HTTP/1.1 {status}".encode()):
            raise ConnectionError(headers[:40].decode("latin-1"))

    async def start_tls(self, tls: ssl.SSLContext) -> None:
        """Encrypt the connection."""
        await self._writer.start_tls(tls, server_hostname=HOST)

    async def close(self) -> None:
        """Hang up."""
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()


async def connect(port: int, tls: ssl.SSLContext, state: RunState) -> Client:
    """Connect through the proxy on a port."""
    client = Client(*await asyncio.open_connection(LOOPBACK, port, limit=BUFFER), state)
    await client.ask(_CONNECT.encode(), 200)
    await client.start_tls(tls)
    return client
