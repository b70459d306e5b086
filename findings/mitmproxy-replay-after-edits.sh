#!/bin/sh
# mitmproxy 12.2.3: what was recorded with map_remote or modify_body is not found again by server_replay with the same options.
#
# A session is recorded with `-w FILE --map-remote ... --modify-body ...`, to be replayed later without the server:
# the same command with `--server-replay FILE`. A good guess is that each request, being the same and treated the same, is
# answered from the recording. Seen instead: it goes to the server. Recorded is a request as these options left it, after
# them; replay looks for it before them, as the client sent it. It is found without these options only if the client
# itself sends what they made of it.
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
from mitmproxy import options
from mitmproxy.tools.dump import DumpMaster

OPTIONS = {
    "no other option": {},
    "map_remote": {"map_remote": ["|/asked|/stored"]},
    "modify_body": {"modify_body": ["|~q|question|question, edited"]},
}
asked = []


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
    head = await reader.readuntil(b"\r\n\r\n")
    asked.append(head.split()[1].decode())
    writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 6\r\n\r\nanswer")
    await writer.drain()
    writer.close()


async def replayed(name, given):
    """Record one request, send it again in replay, and return whether the server was left alone."""
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = "http://127.0.0.1:%d/asked" % server.sockets[0].getsockname()[1]
    capture = os.path.join(sys.argv[1], name)
    for mode in {"save_stream_file": capture}, {"server_replay": [capture]}:
        asked.clear()
        async with proxy(**mode, **given) as address, httpx.AsyncClient(proxy=address) as client:
            await client.post(url, content=b"question")
    return not asked


found = {name: asyncio.run(replayed(name, given)) for name, given in OPTIONS.items()}
print("mitmproxy", importlib.metadata.version("mitmproxy"))
for name, alone in found.items():
    print("%s: %s" % (name, "answered from the recording" if alone else "sent to the server again"))
assert list(found.values()) == [True, False, False], "This has changed."
PYTHON
"$folder/venv/bin/python" "$folder/seen.py" "$folder"
