"""The demo's client: a turn over HTTP or WebSocket through a proxy, by what mitmproxy itself stands on (h11, wsproto).

So the demo runs wherever the addon does, without a package of its own.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import h11
import orjson
from toolkit.conversation import LAST, Endpoint, Event, TurnFailed, read_events
from toolkit.wire.http1 import Connection, request_bytes
from toolkit.wire.streams import open_tunnel
from toolkit.wire.websocket import handshake, upgraded
from wsproto.utilities import ProtocolError

FAULTS = (OSError, EOFError, TurnFailed, h11.ProtocolError, ProtocolError)
"""What a conversation can fail with."""

_JSON = ("Content-Type", "application/json")


async def by_http(endpoint: Endpoint, headers: Mapping[str, str], body: dict[str, Any]) -> list[Event]:
    """Post a turn on a connection of its own; return its events. Raises FAULTS."""
    async with _connected(endpoint) as (connection, path):
        fields = [_JSON, *headers.items()]
        response = connection.begin(request_bytes(connection.host, path, fields, orjson.dumps(body)))
        await response.head()
        await response.rest()
    return read_events(response.body) or [{"type": "error", "status": response.status}]


async def by_websocket(endpoint: Endpoint, headers: Mapping[str, str], body: dict[str, Any]) -> list[Event]:
    """Send a turn on a socket of its own; return its events. Raises FAULTS."""
    async with _connected(endpoint) as (connection, path):
        response = connection.begin(handshake(connection.host, path, headers.items()), "GET")
        await response.head()
        if response.status != 101:
            raise TurnFailed(f"the WebSocket was refused with status {response.status}")
        socket, events = upgraded(response), list[Event]()
        await socket.send(orjson.dumps({"type": "response.create"} | body).decode())
        async for message in socket.messages():
            events.append(orjson.loads(message))
            if events[-1]["type"] in LAST:
                return events
        raise TurnFailed("the WebSocket was closed before the turn had ended")


@asynccontextmanager
async def _connected(endpoint: Endpoint) -> AsyncIterator[tuple[Connection, str]]:
    """Yield a connection through the endpoint's proxy, and the path of turns."""
    url, proxy, tls = urlsplit(endpoint.url), urlsplit(endpoint.proxy or ""), endpoint.tls()
    assert url.hostname
    assert proxy.port
    assert tls
    connection = Connection(*await open_tunnel(proxy.port, url.hostname, tls), url.hostname)
    try:
        yield connection, f"{url.path}/responses"
    finally:
        await connection.hang_up()
