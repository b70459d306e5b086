"""The backend of the soak, a process of its own that keeps nothing of what it got.

It accepts a CONNECT to any host, speaks TLS with HTTP/1.1 or HTTP/2 over it, and answers as the client asks it to: the
header `soak`, or the member of that name in a frame, says what becomes of a turn. An answer from which its client
leaves is not ended until the client has gone, so it is always left in the middle.

It prints its port in a line, and ends with its standard input.
"""

import asyncio
import itertools
import sys
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
from embedded_backend import answers, refusals
from embedded_backend.certificates import Authority
from toolkit.wire import http1, http2, websocket
from toolkit.wire.streams import accept_tunnel, read, serving

_BEGUN = 4  # events of a response after which its client leaves

_WORDS = 12
_UNCACHED = 5  # each so many-th turn reads nothing from the cache

_REASONS = {"429": "rate_limit_exceeded", "500": "server_error"}

_numbers = itertools.count(1)
"""The numbers of the turns that are answered."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A response in the pieces in which it is sent; one that does not end is left by its client."""

    pieces: list[bytes]
    status: int = 200
    content_type: str = "application/json"
    ends: bool = True


def answer(number: int, fate: str, *, compact: bool = False) -> Answer:
    """Return the response to the turn with this number, which is to have this fate."""
    if fate in _REASONS:
        return Answer([orjson.dumps(_refusal(fate).body)], int(fate))
    if compact:
        return Answer([orjson.dumps(_response(number) | {"output": [answers.compaction(f"{number:032x}")]})])
    pieces = [answers.as_stream(event) for event in _events(number, fate)]
    return Answer(pieces, content_type="text/event-stream", ends=fate == "answered")


def frames(number: int, fate: str) -> list[bytes]:
    """Return the same as WebSocket messages."""
    return [orjson.dumps(event) for event in ([_refusal(fate).frame()] if fate in _REASONS else _events(number, fate))]


def _refusal(fate: str) -> refusals.Refusal:
    return refusals.inner("Try again later.", None, _REASONS[fate], int(fate))


def _events(number: int, fate: str) -> list[dict[str, Any]]:
    message = answers.answer({}, [], f"resp_{number:032x}".encode(), _WORDS)
    return list(islice(answers.events(_response(number), message, "completed"), _BEGUN if fate == "left" else None))


def _response(number: int) -> dict[str, Any]:
    cached = 0 if number % _UNCACHED == 0 else 11_520
    usage = {"input_tokens": 12_000, "input_tokens_details": {"cached_tokens": cached}, "output_tokens": _WORDS}
    usage |= {"total_tokens": 12_000 + _WORDS}
    return {"id": f"resp_{number:032x}", "object": "response", "model": "gpt-5.5", "usage": usage}


async def _over_http2(exchange: http2.Exchange) -> None:
    fields = {name.decode(): value.decode() for name, value in exchange.fields}
    answered = answer(next(_numbers), fields["soak"], compact=fields[":path"].endswith("/compact"))
    await exchange.respond([(":status", str(answered.status)), ("content-type", answered.content_type)])
    await exchange.send(b"".join(answered.pieces), last=answered.ends)


async def _over_http1(exchange: http1.Exchange) -> None:
    request = exchange.request
    if request.values("sec-websocket-key"):
        return await _over_websocket(await websocket.accept(exchange))
    answered = answer(next(_numbers), request.values("soak")[0], compact=request.target.endswith("/compact"))
    kind = f"content-type: {answered.content_type}\r\ntransfer-encoding: chunked\r\n\r\n"
    head = f"HTTP/1.1 {answered.status} As asked\r\n{kind}".encode()
    pieces = [*answered.pieces, b""] if answered.ends else answered.pieces
    await exchange.send(head + b"".join(map(http1.chunk, pieces)))
    if not answered.ends:
        await _until_gone(exchange.reader)


async def _over_websocket(socket: websocket.Peer) -> None:
    async for message in socket.messages():
        fate = orjson.loads(message)["client_metadata"]["soak"]
        for text in frames(next(_numbers), fate):
            await socket.send(text.decode())
        if fate == "left":
            return await _until_gone(socket.reader)
    socket.writer.close()


async def _until_gone(reader: asyncio.StreamReader) -> None:
    while await read(reader):
        pass


async def main(home: Path) -> None:
    """Serve until standard input ends."""
    tls = Authority(home).context()
    tls.set_alpn_protocols(["h2", "http/1.1"])

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, EOFError):
            if await accept_tunnel(reader, writer, tls) == "h2":
                await http2.Server(answer=_over_http2).serve(reader, writer)
            else:
                await http1.Server(answer=_over_http1).serve(reader, writer)
        writer.close()

    async with serving(serve) as port:
        print(port, flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
