#!/bin/sh
# mitmproxy 12.2.3: modify_headers with a filter for a request's body changes the response's headers only.
#
# `modify_headers` takes a filter that says what it applies to, and `~bq question` stands for requests whose body contains
# a word. A good guess is that "|~bq question|x-marked|1" marks such a request, as "|~m POST|x-marked|1" does. Seen
# instead: the request leaves as it was, and the response is marked. A request's headers are changed before its body is
# there, so no filter for it can match by then; it matches later, when the response's turn comes. A filter for a
# response's body (`~bs`) never matches at all. None of this is said.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$("$(dirname -- "$0")/../scripts/find-python")" -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install mitmproxy==12.2.3 httpx==0.28.1
cat >"$folder/seen.py" <<'PYTHON'
import asyncio
import contextlib
import importlib.metadata
import sys

import httpx
from mitmproxy import options
from mitmproxy.tools.dump import DumpMaster

requests = []


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
    requests.append(b"x-marked" in (await reader.readuntil(b"\r\n\r\n")).lower())
    writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 6\r\n\r\nanswer")
    await writer.drain()
    writer.close()


async def marked(filter_expression):
    """Return whether the request was marked when it arrived, and the response."""
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    rule = "|%s|x-marked|1" % filter_expression
    async with proxy(modify_headers=[rule]) as address, httpx.AsyncClient(proxy=address) as client:
        url = "http://127.0.0.1:%d/" % server.sockets[0].getsockname()[1]
        response = await client.post(url, content=b"question")
    return requests[-1], "x-marked" in response.headers


found = {expression: asyncio.run(marked(expression)) for expression in ("~m POST", "~bq question", "~bs answer")}
print("mitmproxy", importlib.metadata.version("mitmproxy"))
for expression, (request, response) in found.items():
    print("%s: request marked %s, response marked %s" % (expression, request, response))
assert list(found.values()) == [(True, True), (False, True), (False, False)], "This has changed."
PYTHON
"$folder/venv/bin/python" "$folder/seen.py" "$folder"
