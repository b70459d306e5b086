"""The client: one connection through a proxy to chatgpt.com, used again for every turn; it reads bytes as they come."""

import asyncio
import time
from dataclasses import dataclass

from toolkit.wire.http1 import request_bytes
from toolkit.wire.streams import HEAD_END
from toolkit.wire.websocket import handshake
from websockets import Frame, Opcode

from codex_bench.conversation import as_frame
from codex_bench.server import LAST_CHUNK, RunState, texts

HOST = "chatgpt.com"
PATH = "/backend-api/codex/responses"

_EVENT_END = b"\n\n\r\n"
_FIELDS = (
    ("authorization", f"Bearer {'x' * 900}"),
    ("chatgpt-account-id", "00000000-0000-4000-8000-000000000001"),
    ("openai-beta", "responses=experimental"),
    ("originator", "bench"),
    ("user-agent", "codex-bench/1"),
)
_OF_A_POST = (*_FIELDS, ("accept", "text/event-stream"), ("content-type", "application/json"))


@dataclass(frozen=True, slots=True)
class Times:
    """How long a turn kept its client waiting, in seconds: for the first byte, and for each event."""

    first_byte: float
    events: tuple[float, ...]


class Client:
    """A connection through the proxy on a port of this machine."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, state: RunState) -> None:
        self._reader, self._writer, self._state = reader, writer, state
        self._answer_size = 0

    async def turn(self, body: bytes) -> Times:
        """Have one turn, and read its answer to the end."""
        return await (self._by_websocket(body) if self._answer_size else self._by_http(body))

    async def open_websocket(self) -> None:
        """Turn the connection into a WebSocket, for all turns from now on."""
        answer = texts(1, self._state.events)
        self._answer_size = sum(len(Frame(Opcode.TEXT, text).serialize(mask=False)) for text in answer)
        await self._ask(handshake(HOST, PATH, _FIELDS), 101)

    async def _by_http(self, body: bytes) -> Times:
        request = request_bytes(HOST, PATH, _OF_A_POST, body)
        started = time.perf_counter()
        await self._ask(request, 200)
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

    async def _by_websocket(self, body: bytes) -> Times:
        """Have a turn whose frames come at once: all have one delay."""
        message = Frame(Opcode.TEXT, as_frame(body)).serialize(mask=True)
        started = time.perf_counter()
        self._writer.write(message)
        await self._reader.readexactly(self._answer_size)
        return Times(seconds := time.perf_counter() - started, (seconds,))

    async def _ask(self, request: bytes, status: int) -> None:
        """Send a request and read the headers of its answer. Raises ConnectionError for another status."""
        self._writer.write(request)
        headers = await self._reader.readuntil(HEAD_END)
        if not headers.startswith(f"HTTP/1.1 {status}".encode()):
            raise ConnectionError(headers[:40].decode("latin-1"))
