#!/bin/sh
# aiohttp 3.14.5: with trust_env a WebSocket to wss:// goes past the proxy that HTTPS_PROXY names; WSS_PROXY is heard.
#
# A wss:// handshake is an https request, and most programs go by HTTPS_PROXY for both, so a good guess is that a session
# with `trust_env=True` opens both by that proxy. Seen instead: the request goes to the proxy, and the WebSocket goes
# straight to the host. The name of the variable is made of the URL's scheme, so that WSS_PROXY has to be set as well.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install aiohttp==3.14.5
cat >"$folder/seen.py" <<'PYTHON'
import asyncio
import os

import aiohttp

for name in list(os.environ):
    if name.lower().endswith("_proxy"):
        del os.environ[name]


async def listening(seen, name):
    """Listen on loopback, note who connects, and hang up: neither TLS nor a tunnel is needed to see the way."""

    async def connected(reader, writer):
        await reader.read(1)
        seen.append(name)
        writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    return server, server.sockets[0].getsockname()[1]


async def way(scheme, variable):
    seen = []
    host, port = await listening(seen, "the host")
    proxy, proxy_port = await listening(seen, "the proxy")
    os.environ[variable] = f"http://127.0.0.1:{proxy_port}"
    try:
        async with host, proxy, aiohttp.ClientSession(trust_env=True) as session:
            url = f"{scheme}://127.0.0.1:{port}/"
            try:
                await (session.ws_connect(url) if scheme == "wss" else session.get(url))
            except aiohttp.ClientError:
                pass  # the listener has hung up
    finally:
        del os.environ[variable]
    return seen[0]


async def main():
    return [
        (scheme, variable, await way(scheme, variable))
        for scheme, variable in (("https", "HTTPS_PROXY"), ("wss", "HTTPS_PROXY"), ("wss", "WSS_PROXY"))
    ]


found = asyncio.run(main())
print("aiohttp", aiohttp.__version__)
for scheme, variable, where in found:
    print(f"{scheme}:// with {variable}: connected to {where}")
assert [where for *_, where in found] == ["the proxy", "the host", "the proxy"], "This has changed."
PYTHON
"$folder/venv/bin/python" "$folder/seen.py"
