#!/bin/sh
# aiosonic 1.0.4: a response that ends with its connection is read as an empty one.
#
# A response without Content-Length and without chunks lasts until the server closes the connection (RFC 9112, 6.3): so
# answer HTTP/1.0 servers, and many that stream. A good guess is that `text()` returns the body, or raises. Seen instead:
# status 200 and an empty text. An interim response (103, Early Hints) is taken for the response itself, though RFC 9110
# lets any server send one. aiohttp reads both from the same server.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$("$(dirname -- "$0")/../scripts/find-python")" -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install aiosonic==1.0.4 aiohttp==3.14.5
cat >"$folder/seen.py" <<'PYTHON'
import asyncio
import importlib.metadata

import aiohttp
import aiosonic

RESPONSES = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody",
    "close": b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nbody",
    "interim": b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n"
    b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody",
}


async def serve(reader, writer):
    path = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode().strip("/")
    writer.write(RESPONSES[path])
    await writer.drain()
    writer.close()


async def with_aiosonic(url):
    async with aiosonic.HTTPClient() as client:
        response = await client.get(url)
        return response.status_code, await response.text()


async def with_aiohttp(url):
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return response.status, await response.text()


async def seen():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = "http://127.0.0.1:%d/" % server.sockets[0].getsockname()[1]
    return {case: (await with_aiosonic(url + case), await with_aiohttp(url + case)) for case in RESPONSES}


found = asyncio.run(seen())
print("aiosonic", importlib.metadata.version("aiosonic"), "aiohttp", importlib.metadata.version("aiohttp"))
for case, (sonic, other) in found.items():
    print("%s: aiosonic %r, aiohttp %r" % (case, sonic, other))
good = 200, "body"
assert found == {"length": (good, good), "close": ((200, ""), good), "interim": ((103, ""), good)}, "This has changed."
PYTHON
"$folder/venv/bin/python" "$folder/seen.py"
