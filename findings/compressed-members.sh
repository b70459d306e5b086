#!/bin/sh
# httpx 0.28.1, httpx2 2.16.2, pyreqwest 0.15.1: a body of several compressed members may be read in part.
#
# gzip (RFC 1952) and Zstandard (RFC 8878) let a body be a row of members or frames, and a server that compresses piece
# by piece writes such rows. A good guess is that each client either decodes all of it or raises an error. Seen instead,
# for two gzip members: httpx and httpx2 return the first one, with status 200 and without an error; so does pyreqwest if
# both arrive in one read, and it raises an error if the second arrives in a read of its own. requests, niquests and
# aiohttp return both. With two Zstandard frames it is httpx that reads both or raises DecodingError, as the reads fall.
# So the same bytes are read, shortened or refused, by client and by how the network happens to cut them.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$("$(dirname -- "$0")/../scripts/find-python")" -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install httpx==0.28.1 httpx2==2.16.2 requests==2.34.2 \
    niquests==3.21.2 aiohttp==3.14.5 pyreqwest==0.15.1 zstandard==0.25.0 backports.zstd==1.8.0
cat >"$folder/seen.py" <<'PYTHON'
import asyncio
import gzip
import importlib.metadata

import aiohttp
import httpx
import httpx2
import niquests
import pyreqwest.client
import requests
import zstandard

PARTS = b"first ", b"second"
WHOLE = "first second"
COMPRESS = {"gzip": gzip.compress, "zstd": zstandard.compress}


async def serve(reader, writer):
    """Send both members, in one chunk or, with a pause between them, in two."""
    path = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
    encoding, chunks = path.strip("/").split("-")
    members = [COMPRESS[encoding](part) for part in PARTS]
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nConnection: close\r\n" % encoding.encode())
    writer.write(b"Transfer-Encoding: chunked\r\n\r\n")
    for chunk in [b"".join(members)] if chunks == "one" else members:
        writer.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        await writer.drain()
        await asyncio.sleep(0.2)
    writer.write(b"0\r\n\r\n")
    writer.close()


async def with_httpx(url, library=httpx):
    async with library.AsyncClient() as client:
        return (await client.get(url)).text


async def with_httpx2(url):
    return await with_httpx(url, httpx2)


async def with_aiohttp(url):
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return await response.text()


async def with_pyreqwest(url):
    async with pyreqwest.client.ClientBuilder().build() as client:
        return await (await client.get(url).build().send()).text()


async def with_requests(url, library=requests):
    return await asyncio.to_thread(lambda: library.get(url).text)


async def with_niquests(url):
    return await with_requests(url, niquests)


async def read(url, ask):
    try:
        return await ask(url)
    except Exception as error:
        return type(error).__name__


async def seen():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    found = {}
    for case in "gzip-one", "gzip-two", "zstd-one", "zstd-two":
        url = "http://127.0.0.1:%d/%s" % (server.sockets[0].getsockname()[1], case)
        found[case] = {name: await read(url, ask) for name, ask in ASK.items()}
    return found


ASK = {
    "requests": with_requests, "niquests": with_niquests, "aiohttp": with_aiohttp,
    "httpx": with_httpx, "httpx2": with_httpx2, "pyreqwest": with_pyreqwest,
}
print(", ".join(f"{name} {importlib.metadata.version(name)}" for name in ASK))
found = asyncio.run(seen())
for case, texts in found.items():
    print("%s: %r" % (case.replace("-one", ", in one read").replace("-two", ", in two reads"), texts))
expected = {case: dict.fromkeys(ASK, WHOLE) for case in found}
expected["gzip-one"] |= {"httpx": PARTS[0].decode(), "httpx2": PARTS[0].decode(), "pyreqwest": PARTS[0].decode()}
expected["gzip-two"] |= {"httpx": PARTS[0].decode(), "httpx2": PARTS[0].decode(), "pyreqwest": "BodyDecodeError"}
expected["zstd-two"] |= {"httpx": "DecodingError"}
assert found == expected, "This has changed."
PYTHON
"$folder/venv/bin/python" "$folder/seen.py"
