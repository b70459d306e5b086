"""A client that has a conversation turn by turn, over HTTP or WebSocket, by any way in to a proxy."""

import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpcore
import orjson
import websockets

from toolkit import prompts


class TurnFailed(Exception):
    """A turn ended otherwise than with `response.completed`."""


_OF_HTTP = (httpcore.NetworkError, httpcore.ProtocolError, httpcore.ProxyError, httpcore.TimeoutException)
FAULTS = (OSError, TurnFailed, *_OF_HTTP, websockets.WebSocketException)
"""What a conversation can fail with."""

_LAST = ("error", "response.completed", "response.failed", "response.incomplete")

type Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Usage:
    """Input tokens of one turn, and how many of them were cached."""

    input_tokens: int
    cached_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """How a client reaches the backend: by which base URL and proxy, and with which CA to trust.

    `address` is where the URL's host is to be found, for a client whose connections are redirected; `source` is the
    client's own address.
    """

    url: str
    proxy: str | None = None
    ca_file: str | None = None
    address: str | None = None
    source: str | None = None

    def tls(self) -> ssl.SSLContext | None:
        """Return the client's TLS settings, or None where there is no TLS."""
        return ssl.create_default_context(cafile=self.ca_file) if self.ca_file else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a turn says of its conversation: header fields, and members of the body."""

    headers: Mapping[str, str] = field(default_factory=dict)
    members: Mapping[str, Any] = field(default_factory=dict)


type Send = Callable[[Endpoint, Mapping[str, str], dict[str, Any]], Awaitable[list[Event]]]


async def converse(
    endpoints: Sequence[Endpoint],
    identity: Callable[[], Identity],
    send: Send,
    *,
    account: str,
    turns: int = 2,
    on_turn: Callable[[], None] = lambda: None,
) -> list[Usage]:
    """Have a conversation, each turn by the next endpoint, and return its turns' counters. Raises FAULTS."""
    credentials = {"authorization": f"Bearer token of {account}", "chatgpt-account-id": account}
    history: list[prompts.Item] = []
    counters = []
    for turn in range(turns):
        history.append(prompts.question(turn + 1))
        said = identity()
        headers, body = {**credentials, **said.headers}, prompts.body(history) | dict(said.members)
        events = await send(endpoints[turn % len(endpoints)], headers, body)
        if events[-1]["type"] != "response.completed":
            raise TurnFailed(f"the backend answered {events[-1]}")
        usage = events[-1]["response"]["usage"]
        counters.append(Usage(usage["input_tokens"], usage["input_tokens_details"]["cached_tokens"]))
        history += [event["item"] for event in events if event["type"] == "response.output_item.done"]
        on_turn()
    return counters


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


def read_events(body: bytes) -> list[Event]:
    """Return the events of a whole stream, none of another body."""
    return [orjson.loads(line[6:]) for line in body.splitlines() if line.startswith(b"data: ")]


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
    while not events or events[-1]["type"] not in _LAST:
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


def cached_share(turns: Iterable[Usage]) -> float:
    """Return the share of the turns' input tokens that was cached, 0 without turns."""
    turns = list(turns)
    taken = sum(turn.input_tokens for turn in turns)
    return sum(turn.cached_tokens for turn in turns) / taken if taken else 0.0


def warm_share(turns: Sequence[Usage]) -> float:
    """Return the same without the first turn, for which nothing can have been cached."""
    return cached_share(turns[1:])
