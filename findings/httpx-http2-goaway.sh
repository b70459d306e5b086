#!/bin/sh
# httpx 0.28.1 and httpx2 2.16.2: a graceful GOAWAY ends the response that it promises to finish.
#
# A server that wants to retire an HTTP/2 connection, as nginx does after a number of requests, sends GOAWAY without an
# error and with the last stream that it will still serve (RFC 9113, 6.8). A good guess is that a response on such a
# stream is read to its end, and that only new requests take another connection. Seen instead: the response breaks off
# with RemoteProtocolError in the middle of its body, though the server sends the rest. niquests 3.21.2 reads all of it
# from the same server. So the longer a streamed answer takes, the likelier it fails on a connection that others use too.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$("$(dirname -- "$0")/../scripts/find-python")" -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install 'httpx[http2]==0.28.1' httpcore==1.0.9 \
    'httpx2[http2]==2.16.2' httpcore2==2.16.2 niquests==3.21.2 urllib3-future==2.25.904 h2==4.3.0 trustme==1.2.1
cat >"$folder/seen.py" <<'PYTHON'
import asyncio
import contextlib
import importlib.metadata
import ssl
import sys

import h2.config
import h2.connection
import h2.events
import httpx
import httpx2
import hyperframe.frame
import niquests
import trustme

PIECES = [b"one ", b"two ", b"three ", b"four"]
CA = trustme.CA()


async def answer(connection, stream, writer):
    connection.send_headers(stream, [(":status", "200")])
    for number, piece in enumerate(PIECES):
        connection.send_data(stream, piece, end_stream=piece is PIECES[-1])
        writer.write(connection.data_to_send())
        if number == 1:
            writer.write(hyperframe.frame.GoAwayFrame(last_stream_id=stream, error_code=0).serialize())
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        await asyncio.sleep(0.1)


async def serve(reader, writer):
    connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
    connection.initiate_connection()
    writer.write(connection.data_to_send())
    answers = []
    while data := await reader.read(65536):
        for event in connection.receive_data(data):
            if isinstance(event, h2.events.RequestReceived):
                answers.append(asyncio.create_task(answer(connection, event.stream_id, writer)))
        writer.write(connection.data_to_send())
    await asyncio.gather(*answers)
    writer.close()


async def read(library, url):
    got = ""
    try:
        async with library.AsyncClient(http2=True, verify=ssl.create_default_context(cafile=sys.argv[1])) as client:
            async with client.stream("GET", url) as response:
                async for text in response.aiter_text():
                    got += text
    except library.RemoteProtocolError as error:
        return got, type(error).__name__
    return got, None


async def seen():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    CA.issue_cert("localhost").configure_cert(context)
    context.set_alpn_protocols(["h2"])
    CA.cert_pem.write_to_path(sys.argv[1])
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    url = "https://localhost:%d/" % server.sockets[0].getsockname()[1]
    other = await asyncio.to_thread(niquests.get, url, verify=sys.argv[1])
    return {"httpx": await read(httpx, url), "httpx2": await read(httpx2, url), "niquests": (other.text, None)}


found = asyncio.run(seen())
for library, (got, error) in found.items():
    print("%s %s: %r, %s" % (library, importlib.metadata.version(library), got, error or "no error"))
broken = "one two ", "RemoteProtocolError"
assert found == {"httpx": broken, "httpx2": broken, "niquests": ("one two three four", None)}, "This has changed."
PYTHON
"$folder/venv/bin/python" "$folder/seen.py" "$folder/ca.pem"
