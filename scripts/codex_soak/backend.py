"""The backend of the soak, a process of its own that remembers nothing of what it got.

It takes a CONNECT to any host, speaks TLS with HTTP/1.1 or HTTP/2 over it, and answers as the client asks it to: the
header `soak`, or the member of that name in a frame, says what becomes of a turn. An answer from which its client runs
away is not ended until the client is gone, so it is always left in its middle.

It says its port in a line, and ends with its standard input.
"""

import asyncio
import itertools
import ssl
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import orjson
from codex_bench import frames
from codex_bench.server import LOOPBACK, read_fields
from embedded_backend.certificates import Authority

from codex_soak import answers
from codex_soak.backend_http2 import serve_http2

_BUFFER = 1 << 20
_HEAD_END = b"\r\n\r\n"
_CLOSE = 8
_TWO_BYTES, _EIGHT_BYTES = 126, 127
_GONE = (OSError, asyncio.IncompleteReadError)


class Backend:
    """Answers turns."""

    def __init__(self, tls: ssl.SSLContext) -> None:
        tls.set_alpn_protocols(["h2", "http/1.1"])
        self._tls = tls
        self._numbers = itertools.count(1)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a connection to its end."""
        with suppress(*_GONE):
            await reader.readuntil(_HEAD_END)
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await writer.start_tls(self._tls)
            if writer.get_extra_info("ssl_object").selected_alpn_protocol() == "h2":
                await serve_http2(reader, writer, self._numbers)
            else:
                await self._serve_http1(reader, writer)
        writer.close()

    async def _serve_http1(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readuntil(_HEAD_END)
            fields = read_fields(head)
            if key := fields.get("sec-websocket-key"):
                writer.write(frames.accepting(key))
                return await self._serve_socket(reader, writer)
            await reader.readexactly(int(fields["content-length"]))
            compact = head.partition(b" HTTP/")[0].endswith(b"/compact")
            answer = answers.answer(next(self._numbers), fields["soak"], compact=compact)
            writer.write(b"".join(_as_http1(answer)))
            await writer.drain()
            if not answer.ends:
                return await _wait_for_the_end(reader)

    async def _serve_socket(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer each message of a WebSocket until it is closed."""
        while message := await read_message(reader):
            fate = orjson.loads(message)["client_metadata"]["soak"]
            writer.write(b"".join(map(frames.frame, answers.frames(next(self._numbers), fate))))
            if fate == "left":
                return await _wait_for_the_end(reader)


def _as_http1(answer: answers.Answer) -> Iterator[bytes]:
    """Yield an answer in chunks."""
    head = f"HTTP/1.1 {answer.status} As asked\r\ncontent-type: {answer.content_type}\r\ntransfer-encoding: chunked"
    yield head.encode() + _HEAD_END
    for piece in [*answer.pieces, *([b""] if answer.ends else [])]:
        yield f"{len(piece):x}\r\n".encode() + piece + b"\r\n"


async def read_message(reader: asyncio.StreamReader) -> bytes | None:
    """Return the next message of a WebSocket, None for its last."""
    text = b""
    while True:
        first, second = await reader.readexactly(2)
        size = second & 0x7F
        if size >= _TWO_BYTES:
            size = int.from_bytes(await reader.readexactly(2 if size == _TWO_BYTES else 8))
        mask = await reader.readexactly(4) if second & 0x80 else bytes(4)
        text += _unmasked(await reader.readexactly(size), mask)
        if first & 0x0F == _CLOSE:
            return None
        if first & 0x80:
            return text


def _unmasked(payload: bytes, mask: bytes) -> bytes:
    """Return a payload as it was before it was masked: one sum over all of it, because a soak has many."""
    size = len(payload)
    whole = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload) ^ int.from_bytes(whole)).to_bytes(size)


async def _wait_for_the_end(reader: asyncio.StreamReader) -> None:
    while await reader.read(_BUFFER):
        pass


async def main(home: Path) -> None:
    """Serve until nobody holds the other end of standard input."""
    backend = Backend(Authority(home).context())
    server = await asyncio.start_server(backend.serve, LOOPBACK, 0, limit=_BUFFER)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
