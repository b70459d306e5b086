"""A mitmproxy addon that records what the client sent; it is loaded first, so it sees it before anything is changed."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

from embedded_backend.received import Received
from mitmproxy import ctx, http
from mitmproxy.addonmanager import Loader
from toolkit.process import LOOPBACK

_started: dict[str, Received] = {}


def load(loader: Loader) -> None:
    loader.add_option("recorder_file", str, "", "The file to write to.")
    loader.add_option("recorder_backend", int, 0, "The port of this machine that every other host is reached at.")


def running() -> None:
    """Lead every connection that would leave this machine to the backend."""
    connect = asyncio.open_connection

    async def redirected(host: str, port: int, **arguments: Any) -> Any:
        return await connect(LOOPBACK, port if host == LOOPBACK else ctx.options.recorder_backend, **arguments)

    asyncio.open_connection = redirected  # type: ignore[assignment]


def requestheaders(flow: http.HTTPFlow) -> None:
    request = flow.request
    _started[flow.id] = Received(
        kind="handshake" if request.headers.get("upgrade", "").lower() == "websocket" else "request",
        host=request.pretty_host,
        method=request.method,
        path=request.path,
        headers=tuple((name.decode().lower(), value.decode()) for name, value in request.headers.fields),
    )


def request(flow: http.HTTPFlow) -> None:
    _write(flow, body=flow.request.raw_content or b"")


def websocket_message(flow: http.HTTPFlow) -> None:
    assert flow.websocket
    if (message := flow.websocket.messages[-1]).from_client and not message.injected:
        _write(flow, kind="frame", body=message.content)


def _write(flow: http.HTTPFlow, **more: Any) -> None:
    with Path(ctx.options.recorder_file).open("ab") as record:
        record.write(replace(_started[flow.id], **more).to_line())
