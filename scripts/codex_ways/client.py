"""A client of any way in: it has one conversation, turn by turn, and bears as much identity as it is told to."""

import ssl
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpcore
import orjson
import websockets
from codex_demo import conversation
from codex_demo.clients import Event, outputs
from codex_demo.usage import TurnFailed, Usage, read_usage

FAULTS = (
    OSError,
    TurnFailed,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.TimeoutException,
    websockets.WebSocketException,
)
"""What a conversation can fail with."""

LAST = ("error", "response.completed", "response.failed", "response.incomplete")


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """How a client gets in: what it takes for the backend, its proxy, and the CA that it trusts.

    `address` is where the URL's host is to be found, for a client whose connections are led astray; `source` is the
    client's own.
    """

    url: str
    proxy: str | None = None
    ca_file: str | None = None
    address: str | None = None
    source: str | None = None

    def tls(self) -> ssl.SSLContext | None:
        """Returns the client's TLS settings, or None where there is no TLS."""
        return ssl.create_default_context(cafile=self.ca_file) if self.ca_file else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """What a turn bears of its conversation: header fields, and members of the body."""

    headers: Mapping[str, str] = field(default_factory=dict)
    members: Mapping[str, Any] = field(default_factory=dict)


KINDS: dict[str, Callable[[], Signs]] = {
    "a key": lambda: Signs(members={"prompt_cache_key": "conversation-1"}),
    "a session": lambda: Signs(headers={"x-session-id": "session-1"}),
    "nothing": Signs,
    "a new session for each request": lambda: Signs(headers={"x-session-id": str(uuid.uuid4())}),
}
"""Clients by what identifies their turns."""

type Send = Callable[[Door, Mapping[str, str], dict[str, Any]], Awaitable[list[Event]]]


async def converse(
    doors: Sequence[Door], signs: Callable[[], Signs], send: Send, *, account: str, turns: int = 2
) -> list[Usage]:
    """Has a conversation, each turn through the next door, and returns the counters of its turns."""
    history: list[conversation.Item] = []
    counters = []
    for turn in range(turns):
        history.append(conversation.question(turn + 1))
        borne = signs()
        body = conversation.body(history) | dict(borne.members)
        events = await send(doors[turn % len(doors)], {**_credentials(account), **borne.headers}, body)
        counters.append(read_usage(events[-1]))
        history += outputs(events)
    return counters


async def by_http(door: Door, headers: Mapping[str, str], body: dict[str, Any]) -> list[Event]:
    """Posts a turn on a connection of its own, and returns its events."""
    host = httpcore.URL(door.url).host.decode()
    url = door.url.replace(f"//{host}", f"//{door.address or host}", 1)
    head = [("host", host), ("content-type", "application/json"), *headers.items()]
    async with _pool(door) as pool:
        response = await pool.request(
            "POST",
            f"{url}/responses",
            headers=head,
            content=orjson.dumps(body),
            extensions={"sni_hostname": host, "timeout": {"connect": 10.0, "read": 30.0}},
        )
    return _events(response.content.decode()) or [{"type": "error", "status": response.status}]


async def by_websocket(door: Door, headers: Mapping[str, str], body: dict[str, Any]) -> list[Event]:
    """Sends a turn on a socket of its own, and returns its events."""
    place: dict[str, Any] = {"host": door.address, "port": 443} if door.address else {}
    async with websockets.connect(
        f"ws{door.url.removeprefix('http')}/responses",
        ssl=door.tls(),
        proxy=door.proxy,
        additional_headers=headers,
        **place,
    ) as socket:
        await socket.send(orjson.dumps({"type": "response.create"} | body).decode())
        events: list[Event] = [{}]
        while events[-1].get("type") not in LAST:
            events.append(orjson.loads(await socket.recv()))
        return events[1:]


class _Source(httpcore.AnyIOBackend):
    """Connects from one of this machine's addresses."""

    def __init__(self, address: str | None) -> None:
        self._address = address

    async def connect_tcp(self, host: str, port: int, *_: Any, **options: Any) -> httpcore.AsyncNetworkStream:
        return await super().connect_tcp(host, port, **{**options, "local_address": self._address})


def _pool(door: Door) -> httpcore.AsyncConnectionPool:
    network = _Source(door.source)
    if door.proxy is None:
        return httpcore.AsyncConnectionPool(ssl_context=door.tls(), network_backend=network)
    return httpcore.AsyncHTTPProxy(door.proxy, ssl_context=door.tls(), network_backend=network)


def _credentials(account: str) -> dict[str, str]:
    return {"authorization": f"Bearer token of {account}", "chatgpt-account-id": account}


def _events(stream: str) -> list[Event]:
    lines = [line for line in stream.splitlines() if line.startswith("data: ")]
    return [orjson.loads(line.removeprefix("data: ")) for line in lines]
