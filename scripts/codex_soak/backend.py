"""The backend of the soak, a process of its own that keeps nothing of what it got.

It accepts a CONNECT to any host, speaks TLS with HTTP/1.1 or HTTP/2 over it, and answers as the client asks it to: the
header `soak`, or the member of that name in a frame, says what becomes of a turn. An answer from which its client
leaves is not ended until the client has gone, so it is always left in the middle.

It prints its port in a line, and ends with its standard input.
"""

import asyncio
import itertools
import ssl
import sys
from contextlib import suppress
from pathlib import Path

import orjson
from embedded_backend.certificates import Authority
from toolkit.wire import http1, http2, websocket
from toolkit.wire.streams import accept_tunnel, read, serving

from codex_soak import answers


class Backend:
    """Answers turns."""

    def __init__(self, tls: ssl.SSLContext) -> None:
        tls.set_alpn_protocols(["h2", "http/1.1"])
        self._tls = tls
        self._numbers = itertools.count(1)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a connection until it ends."""
        with suppress(OSError, EOFError):
            if await accept_tunnel(reader, writer, self._tls) == "h2":
                await http2.Server(answer=self._over_http2).serve(reader, writer)
            else:
                await http1.Server(answer=self._over_http1).serve(reader, writer)
        writer.close()

    async def _over_http2(self, exchange: http2.Exchange) -> None:
        fields = {name.decode(): value.decode() for name, value in exchange.fields}
        answer = self._answer(fields[":path"], fields["soak"])
        await exchange.respond([(":status", str(answer.status)), ("content-type", answer.content_type)])
        await exchange.send(b"".join(answer.pieces), last=answer.ends)

    async def _over_http1(self, exchange: http1.Exchange) -> None:
        request = exchange.request
        if request.values("sec-websocket-key"):
            return await self._over_websocket(await websocket.accept(exchange))
        answer = self._answer(request.target, request.values("soak")[0])
        kind = f"content-type: {answer.content_type}\r\ntransfer-encoding: chunked\r\n\r\n"
        head = f"HTTP/1.1 {answer.status} As asked\r\n{kind}".encode()
        pieces = [*answer.pieces, b""] if answer.ends else answer.pieces
        await exchange.send(head + b"".join(map(http1.chunk, pieces)))
        if not answer.ends:
            await _until_gone(exchange.reader)

    async def _over_websocket(self, socket: websocket.Peer) -> None:
        async for message in socket.messages():
            fate = orjson.loads(message)["client_metadata"]["soak"]
            for text in answers.frames(next(self._numbers), fate):
                await socket.send(text.decode())
            if fate == "left":
                return await _until_gone(socket.reader)
        socket.writer.close()

    def _answer(self, path: str, fate: str) -> answers.Answer:
        return answers.answer(next(self._numbers), fate, compact=path.endswith("/compact"))


async def _until_gone(reader: asyncio.StreamReader) -> None:
    while await read(reader):
        pass


async def main(home: Path) -> None:
    """Serve until standard input ends."""
    async with serving(Backend(Authority(home).context()).serve) as port:
        print(port, flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
