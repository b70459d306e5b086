"""The server: it takes a CONNECT to any host, speaks TLS, drains a request, and plays prepared bytes."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from codex_bench import answer, frames
from codex_bench.baton import Baton

LOOPBACK = "127.0.0.1"
BUFFER = 1 << 20
KEPT = 4096
"""Bytes at the end of a body that are looked at; the key is among them."""

_HEAD_END = b"\r\n\r\n"
_GONE = (OSError, asyncio.IncompleteReadError, asyncio.CancelledError)


@asynccontextmanager
async def serving(tls: ssl.SSLContext, baton: Baton) -> AsyncIterator[int]:
    """Serve until the block ends; yields the port."""
    connections: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(_serve(reader, writer, tls, baton))
        connections.add(task)
        task.add_done_callback(connections.discard)

    server = await asyncio.start_server(connected, LOOPBACK, 0, limit=BUFFER)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, tls: ssl.SSLContext, baton: Baton) -> None:
    with suppress(*_GONE):
        try:
            await reader.readuntil(_HEAD_END)
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await writer.start_tls(tls)
            while True:
                await _take_request(reader, writer, baton)
        finally:
            writer.close()


async def _take_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, baton: Baton) -> None:
    fields = read_fields(await reader.readuntil(_HEAD_END))
    if key := fields.get("sec-websocket-key"):
        return await _serve_socket(reader, writer, baton, key)
    end = await _drain(reader, int(fields.get("content-length", "0")))
    _note(baton, int(fields.get("content-length", "0")), end)
    await _answer(writer, baton)


def _note(baton: Baton, size: int, end: bytes) -> None:
    """Note what has arrived, so that an arm which does nothing cannot go unnoticed."""
    baton.turns, baton.body_size, baton.has_key = baton.turns + 1, size, b'"prompt_cache_key"' in end


async def _answer(writer: asyncio.StreamWriter, baton: Baton) -> None:
    events = answer.chunks(baton.turns, baton.events)
    await _play(writer, baton, answer.HEAD)
    for piece in events if baton.one_by_one else [b"".join(events)]:
        await _play(writer, baton, piece)
    writer.write(answer.LAST_CHUNK)
    await writer.drain()


async def _play(writer: asyncio.StreamWriter, baton: Baton, piece: bytes) -> None:
    baton.send()
    writer.write(piece)
    await baton.returned()


async def _drain(reader: asyncio.StreamReader, size: int) -> bytes:
    """Read so many bytes and return the last ones."""
    end = b""
    while size:
        piece = await reader.read(min(size, BUFFER))
        if not piece:
            raise ConnectionResetError
        size -= len(piece)
        end = (end + piece)[-KEPT:]
    return end


async def _serve_socket(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, baton: Baton, key: str) -> None:
    """Answer each message of a WebSocket by all of its events at once."""
    writer.write(frames.accepting(key))
    while True:
        _note(baton, *await _drain_message(reader))
        events = answer.frames(baton.turns, baton.events)
        writer.write(b"".join(frames.frame(event) for event in events))
        await writer.drain()


async def _drain_message(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Read a message of one frame or more; return its size and the end of its last frame."""
    is_last, size, mask = await frames.read_head(reader)
    end = frames.unmasked_end(await _drain(reader, size), mask, size)
    if is_last:
        return size, end
    more, last = await _drain_message(reader)
    return size + more, (end + last)[-KEPT:]


def read_fields(head: bytes) -> dict[str, str]:
    """Return the header fields of a message by their lower-case names."""
    lines = head.decode("latin-1").split("\r\n")[1:]
    pairs = (line.partition(":") for line in lines if ":" in line)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}
