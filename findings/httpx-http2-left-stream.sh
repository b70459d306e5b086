#!/bin/sh
# httpx 0.28.1 and httpx2 2.16.2: over HTTP/2, a server is not told that its response is no longer wanted.
#
# A program that has read enough of a streamed response leaves the `stream` block. Over HTTP/1.1 the connection is then
# closed, so the server sees at once that it is alone: an ASGI application gets `http.disconnect`. A good guess is that
# over HTTP/2 the stream is reset (RST_STREAM, CANCEL), so that the server can stop in the same way, and only the
# connection stays. Seen instead: nothing is sent. The application is asked for every last piece, and learns nothing, as
# long as the client keeps its connection. Where a piece costs something, as with a model that writes an answer, a client
# that switches to HTTP/2 goes on paying for what it left.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$("$(dirname -- "$0")/../scripts/find-python")" -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install \
    'httpx[http2]==0.28.1' httpcore==1.0.9 'httpx2[http2]==2.16.2' httpcore2==2.16.2 h2==4.3.0 hypercorn==0.18.0
cat >"$folder/seen.py" <<'PYTHON'
import asyncio
import contextlib
import importlib
import importlib.metadata
import socket

from hypercorn.asyncio import serve
from hypercorn.config import Config

PIECES = 100


class Answer:
    """An application that sends its pieces until it is told that nothing more is wanted."""

    def __init__(self):
        self.sent = 0
        self.told = False
        self.ended = asyncio.Event()

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return
        await receive()
        leaving = asyncio.create_task(receive())
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while self.sent < PIECES and not leaving.done():
            await send({"type": "http.response.body", "body": b"piece\n", "more_body": True})
            self.sent += 1
            await asyncio.sleep(0.02)
        self.told = leaving.done() and leaving.result()["type"] == "http.disconnect"
        leaving.cancel()
        self.ended.set()
        with contextlib.suppress(Exception):
            await send({"type": "http.response.body", "body": b""})


async def left(library, http2):
    answer = Answer()
    listener = socket.create_server(("127.0.0.1", 0))
    config = Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.loglevel = "WARNING"
    stop = asyncio.Event()
    server = asyncio.create_task(serve(answer, config, shutdown_trigger=stop.wait))
    url = "http://127.0.0.1:%d/" % listener.getsockname()[1]
    async with importlib.import_module(library).AsyncClient(http1=not http2, http2=http2) as client:
        async with client.stream("GET", url) as response:
            async for _ in response.aiter_lines():
                break
        await asyncio.wait_for(answer.ended.wait(), 60)
    stop.set()
    await server
    return answer.told, answer.sent


for library in "httpx", "httpx2":
    print(library, importlib.metadata.version(library))
    for http2 in False, True:
        told, sent = asyncio.run(left(library, http2))
        print("  HTTP/%s: told %s, %d of %d pieces sent" % ("2" if http2 else "1.1", told, sent, PIECES))
        assert (told, sent == PIECES) == ((False, True) if http2 else (True, False)), "This has changed."
PYTHON
"$folder/venv/bin/python" "$folder/seen.py"
