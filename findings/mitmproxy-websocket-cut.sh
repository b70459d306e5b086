#!/bin/sh
# mitmproxy 12.2.3: a WebSocket that the server lost looks to the client as if it had been closed in order.
#
# A server's connection breaks in the middle of a WebSocket, without a Close frame. A good guess is that a client behind
# the proxy learns of it as one without: by a connection that breaks (1006), or by a code that says that something went
# wrong. Seen instead: the client gets a Close frame with 1000, "normal closure". Clients take that for the end: a loop
# over messages ends without an error, and half an answer passes for a whole one.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$("$(dirname -- "$0")/../scripts/find-python")" -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install mitmproxy==12.2.3 websockets==17.4
cat >"$folder/seen.py" <<'PYTHON'
import asyncio
import contextlib
import importlib.metadata
import sys

import websockets.exceptions
from mitmproxy import options
from mitmproxy.tools.dump import DumpMaster
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve


@contextlib.asynccontextmanager
async def proxy(**given):
    """Run a proxy with these options, and yield its address."""
    master = DumpMaster(
        options.Options(listen_host="127.0.0.1", listen_port=0, confdir=sys.argv[1]), with_termlog=False, with_dumper=False
    )
    master.options.update(**given)
    running = asyncio.create_task(master.run())
    while not master.addons.get("proxyserver").listen_addrs():
        await asyncio.sleep(0.01)
    yield "http://127.0.0.1:%d" % master.addons.get("proxyserver").listen_addrs()[0][1]
    master.shutdown()
    await running


async def answer(socket):
    await socket.recv()
    await socket.send("half an answer")
    await socket.recv()
    socket.transport.abort()


async def read(url, address):
    """Return the messages that a client got, and how it says that they ended."""
    got = []
    async with connect(url, proxy=address) as socket:
        await socket.send("question")
        try:
            async for message in socket:
                got.append(message)
                await socket.send("more")
        except websockets.exceptions.ConnectionClosedError:
            return got, "an error, %s" % socket.close_code
        return got, "no error, %s" % socket.close_code


async def seen():
    async with serve(answer, "127.0.0.1", 0) as server, proxy() as address:
        url = "ws://127.0.0.1:%d/" % server.sockets[0].getsockname()[1]
        return await read(url, None), await read(url, address)


direct, proxied = asyncio.run(seen())
print("mitmproxy", importlib.metadata.version("mitmproxy"), "websockets", importlib.metadata.version("websockets"))
print("without the proxy: %r, then %s" % direct)
print("with it: %r, then %s" % proxied)
assert direct == (["half an answer"], "an error, 1006"), "This has changed."
assert proxied == (["half an answer"], "no error, 1000"), "This has changed."
PYTHON
"$folder/venv/bin/python" "$folder/seen.py" "$folder"
