"""A mitmproxy addon that notes what the client sent; it is loaded first, so it sees it before anything is changed."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

from embedded_backend.received import Received
from mitmproxy import ctx, http
from mitmproxy.addonmanager import Loader

LOOPBACK = "127.0.0.1"


class Witness:
    """Writes a JSON line for each request, handshake and frame of a client, like the backend's own record."""

    name = "witness"

    def __init__(self) -> None:
        self.heads: dict[str, Received] = {}

    def load(self, loader: Loader) -> None:
        loader.add_option("witness", str, "", "The file to write to.")
        loader.add_option("detour", int, 0, "The port of this machine that every other host is reached at.")

    def running(self) -> None:
        """Leads every connection that would leave this machine to the backend."""
        connect = asyncio.open_connection

        async def detour(host: str, port: int, **arguments: Any) -> Any:
            return await connect(LOOPBACK, port if host == LOOPBACK else ctx.options.detour, **arguments)

        asyncio.open_connection = detour  # type: ignore[assignment]

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        request = flow.request
        self.heads[flow.id] = Received(
            kind="handshake" if request.headers.get("upgrade", "").lower() == "websocket" else "request",
            host=request.pretty_host,
            method=request.method,
            path=request.path,
            headers=tuple((name.decode().lower(), value.decode()) for name, value in request.headers.fields),
        )

    def request(self, flow: http.HTTPFlow) -> None:
        self.note(replace(self.heads[flow.id], body=flow.request.raw_content or b""))

    def websocket_message(self, flow: http.HTTPFlow) -> None:
        assert flow.websocket
        message = flow.websocket.messages[-1]
        if message.from_client and not message.injected:
            self.note(replace(self.heads[flow.id], kind="frame", body=message.content))

    def note(self, seen: Received) -> None:
        with Path(ctx.options.witness).open("ab") as record:
            record.write(seen.to_line())


addons = [Witness()]
