"""The server: it takes a CONNECT to any host, speaks TLS, reads a request to its end, and sends prepared events."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from functools import cache

import orjson
from embedded_backend.events import as_stream
from toolkit.process import LOOPBACK
from toolkit.prompts import TEXT
from websockets import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

BUFFER = 1 << 20
LAST_CHUNK = b"0\r\n\r\n"

_HEADERS = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\n"
    b"openai-model: gpt-5.5\r\nx-request-id: 7f1c2f3e-0000-4000-8000-000000000000\r\ntransfer-encoding: chunked\r\n\r\n"
)
_HEADERS_END = b"\r\n\r\n"
_GONE = (OSError, asyncio.IncompleteReadError)
_KEY = b'"prompt_cache_key"'
_KEY_WITHIN = 4096  # bytes of the end of a body
_TEXT_OF_AN_EVENT = 24
_EVENTS_AROUND = 5  # those that are no piece of text
_PLACE = {"output_index": 0, "item_id": "msg_1", "content_index": 0}
_ID = b"resp_" + b"0" * 48


class RunState:
    """What server and client tell each other outside of the connection: when an event was sent, when the next may be.

    With one event on its way at a time, each passes the proxy's event loop by itself, as events do that a model writes
    one by one; and nothing has to be timed. The rest is what the server has seen of the newest turn, so that an arm
    which does nothing cannot go unnoticed.
    """

    def __init__(self) -> None:
        self.events = 100
        self.one_by_one = True
        self.turns = 0
        self.has_key = False
        self._sent_at = 0.0
        self._arrived = asyncio.Event()

    def send(self) -> None:
        """Note that something is sent now."""
        self._arrived.clear()
        self._sent_at = time.perf_counter()

    async def arrival(self) -> None:
        """Wait until what was sent has arrived."""
        await self._arrived.wait()

    def receive(self) -> float:
        """Note that it has arrived; return how many seconds it was on its way."""
        delay = time.perf_counter() - self._sent_at
        self._arrived.set()
        return delay

    def note_turn(self, body_end: bytes) -> None:
        """Note what the server has received."""
        self.turns, self.has_key = self.turns + 1, _KEY in body_end


@asynccontextmanager
async def serving(tls: ssl.SSLContext, state: RunState) -> AsyncIterator[int]:
    """Serve until the block ends; yields the port."""
    tasks: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(task := asyncio.create_task(_serve(reader, writer, tls, state)))
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(connected, LOOPBACK, 0, limit=BUFFER)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _serve(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, tls: ssl.SSLContext, state: RunState
) -> None:
    with suppress(*_GONE):
        try:
            await reader.readuntil(_HEADERS_END)
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await writer.start_tls(tls)
            while b"\r\nupgrade: websocket\r\n" not in (headers := await reader.readuntil(_HEADERS_END)).lower():
                await _answer(reader, writer, state, headers)
            await _serve_websocket(reader, writer, state, headers)
        finally:
            writer.close()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, state: RunState, headers: bytes) -> None:
    """Read a request's body and send its events, each when the one before it has arrived."""
    size = int(headers.lower().partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0])
    state.note_turn(await _last_bytes(reader, size))
    events = chunks(state.turns, state.events)
    for piece in (_HEADERS, *(events if state.one_by_one else [b"".join(events)])):
        state.send()
        writer.write(piece)
        await state.arrival()
    writer.write(LAST_CHUNK)
    await writer.drain()


async def _last_bytes(reader: asyncio.StreamReader, size: int) -> bytes:
    """Read so many bytes and return the last ones."""
    end = b""
    while size:
        piece = await reader.read(min(size, BUFFER))
        if not piece:
            raise ConnectionResetError
        size -= len(piece)
        end = (end + piece)[-_KEY_WITHIN:]
    return end


async def _serve_websocket(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, state: RunState, headers: bytes
) -> None:
    """Answer each message of a WebSocket by all of its events at once."""
    socket = ServerProtocol(max_size=None)
    socket.receive_data(headers)
    body = b""
    while True:
        for event in socket.events_received():
            if isinstance(event, Request):
                socket.send_response(socket.accept(event))
            elif isinstance(event, Frame) and event.opcode in (Opcode.TEXT, Opcode.CONT):
                body += event.data
                if event.fin:
                    state.note_turn(body[-_KEY_WITHIN:])
                    body = b""
                    for text in texts(state.turns, state.events):
                        socket.send_text(text)
        writer.write(b"".join(socket.data_to_send()))
        await writer.drain()
        if not (data := await reader.read(BUFFER)):
            return
        socket.receive_data(data)


def chunks(number: int, count: int) -> list[bytes]:
    """Return the response to the turn with this number: `count` events, each a chunk of HTTP/1.1."""
    stream = (_numbered(event, number) for event in _stream(count))
    return [f"{len(event):x}\r\n".encode() + event + b"\r\n" for event in stream]


def texts(number: int, count: int) -> list[bytes]:
    """Return the same events as texts of a WebSocket."""
    return [_numbered(event, number) for event in _texts(count)]


def _numbered(event: bytes, number: int) -> bytes:
    return event.replace(_ID, b"resp_%048x" % number)


@cache
def _stream(count: int) -> list[bytes]:
    return [as_stream(event | {"sequence_number": place}) for place, event in enumerate(_events(count))]


@cache
def _texts(count: int) -> list[bytes]:
    return [orjson.dumps(event | {"sequence_number": place}) for place, event in enumerate(_events(count))]


def _events(count: int) -> Iterator[dict[str, object]]:
    size = max(1, count - _EVENTS_AROUND) * _TEXT_OF_AN_EVENT
    text = {"type": "output_text", "annotations": [], "logprobs": [], "text": TEXT[:size]}
    item: dict[str, object] = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed"}
    item["content"] = [text]
    yield {"type": "response.created", "response": _response("in_progress", [], None)}
    yield {"type": "response.in_progress", "response": _response("in_progress", [], None)}
    yield {"type": "response.output_item.added", "output_index": 0, "item": item | {"content": []}}
    for start in range(0, size, _TEXT_OF_AN_EVENT):
        piece = TEXT[start : start + _TEXT_OF_AN_EVENT]
        yield {"type": "response.output_text.delta", "delta": piece, "logprobs": [], "obfuscation": "q3Lx9"} | _PLACE
    yield {"type": "response.output_item.done", "output_index": 0, "item": item}
    yield {"type": "response.completed", "response": _response("completed", [item], _USAGE)}


def _response(status: str, output: list[dict[str, object]], usage: dict[str, object] | None) -> dict[str, object]:
    """Return a response; the real one repeats more of what was asked."""
    asked = {"instructions": TEXT[:1000], "model": "gpt-5.5", "store": False, "tool_choice": "auto", "tools": []}
    return {"id": _ID.decode(), "object": "response", "status": status, "output": output, "usage": usage} | asked


_USAGE: dict[str, object] = {
    "input_tokens": 12_000,
    "input_tokens_details": {"cached_tokens": 11_520},
    "output_tokens": 600,
    "output_tokens_details": {"reasoning_tokens": 64},
    "total_tokens": 12_600,
}
