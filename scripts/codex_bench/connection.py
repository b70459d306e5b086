"""Both ends of a connection: a client that has turns, and a server that reads them and sends prepared events."""

import asyncio
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson
from embedded_backend.answers import Event, as_stream, events
from toolkit.prompts import TEXT
from toolkit.wire.http1 import Exchange, Request, chunk, request_bytes
from toolkit.wire.streams import HEAD_END, accept_tunnel
from toolkit.wire.websocket import HANDSHAKE, Peer, accept, handshake
from websockets import Frame, Opcode
from wsproto.connection import ConnectionType

from codex_bench.conversation import as_frame

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

BUFFER = 1 << 20
LAST_CHUNK = b"0\r\n\r\n"

_HEADERS = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\n"
    b"openai-model: gpt-5.5\r\nx-request-id: 7f1c2f3e-0000-4000-8000-000000000000\r\ntransfer-encoding: chunked\r\n\r\n"
)
_KEY = b'"prompt_cache_key"'
_KEY_WITHIN = 4096  # bytes of the end of a body
_LETTERS = 23  # of a word, which is the text of an event
_EVENTS_AROUND = 8  # those that are no piece of text
_ID = b"resp_" + b"0" * 48  # in place of each turn's own


class RunState:
    """What server and client tell each other outside of the connection: when an event was sent, when the next may be.

    With one event on its way at a time, each passes the proxy's event loop by itself, as events do that a model writes
    one by one; and nothing has to be timed. The rest is what the server has seen of the newest turn, so that an arm
    which does nothing cannot go unnoticed.
    """

    def __init__(self) -> None:
        self.events, self.one_by_one = 100, True
        self.turns, self.has_key = 0, False
        self._sent_at = 0.0
        self.arrived = asyncio.Event()

    def send(self) -> None:
        """Note that something is sent now."""
        self.arrived.clear()
        self._sent_at = time.perf_counter()

    def receive(self) -> float:
        """Note that it has arrived; return how many seconds it was on its way."""
        delay = time.perf_counter() - self._sent_at
        self.arrived.set()
        return delay

    def note_turn(self, body: bytes) -> None:
        """Note what the server has received."""
        self.turns, self.has_key = self.turns + 1, _KEY in body[-_KEY_WITHIN:]


async def serve(
    tls: ssl.SSLContext, state: RunState, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Serve a connection to its end."""
    with suppress(OSError, EOFError):
        try:
            await accept_tunnel(reader, writer, tls)
            while b"\r\nupgrade: websocket\r\n" not in (headers := await reader.readuntil(HEAD_END)).lower():
                await _answer(reader, writer, state, headers)
            await _serve_websocket(reader, writer, state)
        finally:
            writer.close()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, state: RunState, headers: bytes) -> None:
    """Read a request's body and send its events, each when the one before it has arrived."""
    size = int(headers.lower().partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0])
    state.note_turn(await reader.readexactly(size))
    pieces = chunks(state.turns, state.events)
    for piece in (_HEADERS, *(pieces if state.one_by_one else [b"".join(pieces)])):
        state.send()
        writer.write(piece)
        await state.arrived.wait()
    writer.write(LAST_CHUNK)
    await writer.drain()


async def _serve_websocket(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, state: RunState) -> None:
    """Answer each message of a WebSocket by all of its events at once."""
    request = Request(head=b"", body=b"", target="", fields=HANDSHAKE)
    socket = await accept(Exchange(request=request, reader=reader, writer=writer))
    async for body in socket.messages():
        state.note_turn(str(body).encode())
        frames = (Frame(Opcode.TEXT, text) for text in texts(state.turns, state.events))
        writer.write(b"".join(frame.serialize(mask=False) for frame in frames))
        await writer.drain()


def chunks(number: int, count: int) -> list[bytes]:
    """Return the response to the turn with this number: `count` events, each a chunk of HTTP/1.1."""
    return [chunk(event.replace(_ID, b"resp_%048x" % number)) for event in _all_events(count, as_stream)]


def texts(number: int, count: int) -> list[bytes]:
    """Return the same events as texts of a WebSocket."""
    return [event.replace(_ID, b"resp_%048x" % number) for event in _all_events(count, orjson.dumps)]


@cache
def _all_events(count: int, write: Callable[[Event], bytes]) -> list[bytes]:
    words = f"{'x' * _LETTERS} " * (count - _EVENTS_AROUND)
    content = [{"type": "output_text", "annotations": [], "logprobs": [], "text": words}]
    item = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": content}
    return [write(event) for event in events(_RESPONSE | {"output": [item]}, item, "completed")]


_USAGE = {
    "input_tokens": 12_000,
    "input_tokens_details": {"cached_tokens": 11_520},
    "output_tokens": 600,
    "output_tokens_details": {"reasoning_tokens": 64},
    "total_tokens": 12_600,
}
_RESPONSE: dict[str, Any] = {"id": _ID.decode(), "object": "response", "model": "gpt-5.5", "usage": _USAGE}
_RESPONSE |= {"instructions": TEXT[:1000], "store": False, "tool_choice": "auto", "tools": []}
"""The real one repeats more of what was asked."""


@dataclass(frozen=True, slots=True)
class Times:
    """How long a turn kept its client waiting, in seconds: for the first byte, and for each event."""

    first_byte: float
    events: tuple[float, ...]


class Client:
    """A connection through the proxy on a port of this machine."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, state: RunState) -> None:
        self._reader, self._writer, self._state = reader, writer, state
        self._peer: Peer | None = None

    async def turn(self, body: bytes) -> Times:
        """Have one turn, and read its answer to the end."""
        if self._peer:
            return await self._by_websocket(body, self._peer)
        request = request_bytes(HOST, PATH, _OF_A_POST, body)
        started = time.perf_counter()
        await self._ask(request, 200)
        return Times(time.perf_counter() - started, await self._events())

    async def open_websocket(self) -> None:
        """Turn the connection into a WebSocket, for all turns from now on."""
        await self._ask(handshake(HOST, PATH, _FIELDS), 101)
        self._peer = Peer(self._reader, self._writer, ConnectionType.CLIENT)

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

    async def _by_websocket(self, body: bytes, peer: Peer) -> Times:
        """Have a turn whose frames come at once: all have one delay."""
        started = time.perf_counter()
        await peer.send(as_frame(body).decode())
        for _ in range(self._state.events):
            await peer.receive()
        return Times(seconds := time.perf_counter() - started, (seconds,))

    async def _ask(self, request: bytes, status: int) -> None:
        """Send a request and read the headers of its answer. Raises ConnectionError for another status."""
        self._writer.write(request)
        headers = await self._reader.readuntil(HEAD_END)
        if not headers.startswith(f"HTTP/1.1 {status}".encode()):
            raise ConnectionError(headers[:40].decode("latin-1"))
