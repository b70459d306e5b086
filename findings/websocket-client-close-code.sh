#!/bin/sh
# websocket-client 1.9.2: a server that closes with an error code gives the reader an empty text message.
#
# A server closes a WebSocket with 1011 and a reason. A good guess is that `recv`, which raises
# WebSocketConnectionClosedException for a lost connection, raises it here too, with code and reason. Seen instead: `recv`
# returns "", as it would for an empty message, and only the next call raises, with a text that says that the connection
# was lost; code and reason are nowhere on the socket. A program that reads JSON reports a parser's error in place of the
# server's. (`WebSocketApp` of the same package does pass both on.)
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$("$(dirname -- "$0")/../scripts/find-python")" -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install websocket-client==1.9.2 websockets==17.4
cat >"$folder/seen.py" <<'PYTHON'
import asyncio
import importlib.metadata

import websocket
import websockets.exceptions
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve


async def answer(socket):
    await socket.send("one")
    await socket.close(1011, "overloaded")


def with_websocket_client(url):
    socket = websocket.create_connection(url)
    got = [socket.recv(), socket.recv()]
    try:
        socket.recv()
    except websocket.WebSocketConnectionClosedException as error:
        got.append(str(error))
    return got


async def with_websockets(url):
    async with connect(url, proxy=None) as socket:
        got = [await socket.recv()]
        try:
            await socket.recv()
        except websockets.exceptions.ConnectionClosedError as error:
            got.append((error.rcvd.code, error.rcvd.reason))
    return got


async def seen():
    async with serve(answer, "127.0.0.1", 0) as server:
        url = "ws://127.0.0.1:%d/" % server.sockets[0].getsockname()[1]
        return await asyncio.to_thread(with_websocket_client, url), await with_websockets(url)


found = asyncio.run(seen())
for name, got in zip(("websocket-client", "websockets"), found):
    print("%s %s: %r" % (name, importlib.metadata.version(name), got))
assert found[0][:2] == ["one", ""] and "1011" not in found[0][2] and "overloaded" not in found[0][2], "This has changed."
assert found[1] == ["one", (1011, "overloaded")], "This has changed."
PYTHON
"$folder/venv/bin/python" "$folder/seen.py"
