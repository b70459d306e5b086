#!/bin/sh
# mitmproxy 12.2.3: an edit of a streamed response is in the saved flow, and nowhere else.
#
# With `stream_large_bodies` and `store_streamed_bodies`, large responses pass as they arrive and are kept as well. A good
# guess is that `modify_body`, which cannot change what has gone, either says so or leaves the flow alone: what `-w` saves
# is a record of what the client got. Seen instead: the client gets the original, without a word in the log, and the saved
# flow holds the edited body. A rule that takes a name out of responses looks as if it worked, in every capture.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$("$(dirname -- "$0")/../scripts/find-python")" -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install mitmproxy==12.2.3 httpx==0.28.1
cat >"$folder/seen.py" <<'PYTHON'
import asyncio
import contextlib
import importlib.metadata
import os
import sys

import httpx
from mitmproxy import io, options
from mitmproxy.tools.dump import DumpMaster

BODY = b"the name is Ada"


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


async def serve(reader, writer):
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY))
    await writer.drain()
    writer.close()


async def seen(name, **given):
    """Return what the client got, and what the capture says it got."""
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    capture = os.path.join(sys.argv[1], name)
    async with proxy(modify_body=["|~s|Ada|***"], save_stream_file=capture, **given) as address:
        async with httpx.AsyncClient(proxy=address) as client:
            got = (await client.get("http://127.0.0.1:%d/" % server.sockets[0].getsockname()[1])).content
    with open(capture, "rb") as file:
        (flow,) = io.FlowReader(file).stream()
    return got, flow.response.content


buffered = asyncio.run(seen("buffered"))
streamed = asyncio.run(seen("streamed", stream_large_bodies="1", store_streamed_bodies=True))
print("mitmproxy", importlib.metadata.version("mitmproxy"))
print("buffered: the client got %r, the capture has %r" % buffered)
print("streamed: the client got %r, the capture has %r" % streamed)
edited = b"the name is ***"
assert (buffered, streamed) == ((edited, edited), (BODY, edited)), "This has changed."
PYTHON
"$folder/venv/bin/python" "$folder/seen.py" "$folder"
