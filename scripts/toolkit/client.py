"""Senders of a conversation's turns, over HTTP or WebSocket, by any way in to a proxy."""

from collections.abc import Callable, Mapping
from typing import Any

import httpcore
import orjson
import websockets

from toolkit.conversation import LAST, Endpoint, Event, TurnFailed, read_events

_OF_HTTP = (httpcore.NetworkError, httpcore.ProtocolError, httpcore.ProxyError, httpcore.TimeoutException)
FAULTS = (OSError, TurnFailed, *_OF_HTTP, websockets.WebSocketException)
"""What a conversation can fail with."""


async def by_http(
    endpoint: Endpoint, headers: Mapping[str, str], body: dict[str, Any], pack: Callable[[bytes], bytes] = bytes
) -> list[Event]:
    """Post a turn on a connection of its own, its body packed as a header has to say; return its events."""
    host = httpcore.URL(endpoint.url).host.decode()
    url = endpoint.url.replace(f"//{host}", f"//{endpoint.address or host}", 1)
    async with pool(endpoint) as connections:
        response = await connections.request(
            "POST",
            f"{url}/responses",
            headers=[("host", host), ("content-type", "application/json"), *headers.items()],
            content=pack(orjson.dumps(body)),
            extensions={"sni_hostname": host, "timeout": {"connect": 10.0, "read": 30.0}},
        )
    return read_events(response.content) or [{"type": "error", "status": response.status}]


async def by_websocket(endpoint: Endpoint, headers: Mapping[str, str], body: dict[str, Any]) -> list[Event]:
    """Send a turn on a socket of its own; return its events."""
    async with connect(endpoint, headers) as socket:
        await socket.send(orjson.dumps({"type": "response.create"} | body).decode())
        return await receive(socket)


def connect(endpoint: Endpoint, headers: Mapping[str, str]) -> websockets.connect:
    """Return a WebSocket to be opened, by `await` or `async with`."""
    place: dict[str, Any] = {"host": endpoint.address, "port": 443} if endpoint.address else {}
    url = f"ws{endpoint.url.removeprefix('http')}/responses"
    return websockets.connect(url, ssl=endpoint.tls(), proxy=endpoint.proxy, additional_headers=headers, **place)


async def receive(socket: websockets.ClientConnection) -> list[Event]:
    """Return the events of one answer. Raises WebSocketException where it is cut."""
    events: list[Event] = []
    while not events or events[-1]["type"] not in LAST:
        events.append(orjson.loads(await socket.recv()))
    return events


class _Network(httpcore.AnyIOBackend):
    """Connects from one of this machine's addresses; httpx cannot, where there is a proxy."""

    def __init__(self, source: str | None) -> None:
        self._source = source

    async def connect_tcp(self, host: str, port: int, *_: Any, **options: Any) -> httpcore.AsyncNetworkStream:
        return await super().connect_tcp(host, port, **{**options, "local_address": self._source})


def pool(endpoint: Endpoint, *, http2: bool = False) -> httpcore.AsyncConnectionPool:
    """Return connections for requests to an endpoint, of HTTP/1.1 or HTTP/2."""
    options: dict[str, Any] = {"ssl_context": endpoint.tls(), "network_backend": _Network(endpoint.source)}
    options |= {"http1": not http2, "http2": http2}
    return (
        httpcore.AsyncHTTPProxy(endpoint.proxy, **options)
        if endpoint.proxy
        else httpcore.AsyncConnectionPool(**options)
    )
