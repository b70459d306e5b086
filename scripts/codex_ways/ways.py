"""The ways in that need nothing but loopback, and what a client's conversations prove of any way."""

import uuid
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from embedded_backend import Backend, Received
from toolkit.client import by_http, by_websocket
from toolkit.conversation import Endpoint, Identity, Usage, converse, warm_share
from toolkit.process import LOOPBACK, Proxy, start_mitmdump
from toolkit.program import ADDON

PATH = "/backend-api/codex"
OFFICIAL = f"https://chatgpt.com{PATH}"

IDENTITIES: dict[str, Callable[[], Identity]] = {
    "a key": lambda: Identity(members={"prompt_cache_key": "conversation-1"}),
    "a session": lambda: Identity(headers={"x-session-id": "session-1"}),
    "nothing": Identity,
    "a new session for each request": lambda: Identity(headers={"x-session-id": str(uuid.uuid4())}),
}
"""Clients by what identifies their turns."""

type Counters = dict[str, list[Usage]]
"""The counters of each conversation's turns, by transport."""

_KEPT_FROM = 0.9  # the share of cached tokens, from the second turn on, that a kept conversation exceeds
_HEADERS = ("session-id", "session_id")


class NotShown(Exception):
    """What was to be shown did not happen."""


async def show(name: str, home: Path) -> str:
    """Show one way in with its files in a folder; return what was seen. Raises NotShown, and what clients raise."""
    async with Backend(home=home / "backend") as backend:
        # Where no other proxy leads the way, the backend has a name that every machine finds.
        origin = f"https://localhost:{backend.port}"
        mode = {"regular": "regular", "reverse": f"reverse:{origin}", "upstream": ""}[name]
        options = {"codex_hosts": "localhost"} if mode else {}
        async with await start_proxy(backend, home / "proxy", mode, **options) as proxy:
            direct = Endpoint(url=f"{proxy.url}/v1")
            endpoint = {"regular": through(proxy, origin + PATH), "reverse": direct, "upstream": through(proxy)}[name]
            return judged(await converse_twice(name, endpoint), backend.received)


WAYS = ("regular", "reverse", "upstream")


async def start_proxy(backend: Backend, home: Path, mode: str = "", **options: object) -> Proxy:
    """Start a proxy with the addon and a folder of its own; without a mode, every host is the backend behind it."""
    modes = [mode or f"upstream:http://{LOOPBACK}:{backend.connect_port}"]
    return await start_mitmdump(home, modes=modes, upstream_ca=backend.ca_file, scripts=[ADDON], options=options)


def through(proxy: Proxy, url: str = OFFICIAL) -> Endpoint:
    """Return the endpoint of a client that is given a proxy as its proxy."""
    return Endpoint(url=url, proxy=proxy.url, ca_file=str(proxy.ca_file))


async def converse_twice(name: str, endpoint: Endpoint) -> Counters:
    """Have a conversation over HTTP without any identity, and one over WebSocket with a session."""
    return {
        "HTTP": await converse([endpoint], IDENTITIES["nothing"], by_http, account=f"{name} by HTTP"),
        "WebSocket": await converse([endpoint], IDENTITIES["a session"], by_websocket, account=f"{name} by WebSocket"),
    }


def judged(counters: Counters, received: Iterable[Received]) -> str:
    """Return what a client's conversations have shown: a key for each, and a warm cache. Raises NotShown."""
    found = keys(received)
    if len(set(found)) != len(counters) or not all(map(is_kept, counters.values())):
        raise NotShown(f"the keys were {found}, the counters {counters}")
    shares = ", ".join(f"{warm_share(turns):.0%} by {transport}" for transport, turns in counters.items())
    return f"each conversation kept its key, and from its second turn on came from the cache: {shares}"


def is_kept(turns: Sequence[Usage]) -> bool:
    """Return whether the backend's cache served a conversation from its second turn on."""
    return warm_share(turns) > _KEPT_FROM


def keys(received: Iterable[Received]) -> list[str]:
    """Return each turn's key. Raises NotShown where body and headers do not have the same one."""
    turns = [turn for turn in received if turn.kind != "handshake"]
    found = [{turn.json.get("prompt_cache_key"), *map(turn.header, _HEADERS)} for turn in turns]
    if wrong := next((places for places in found if len(places) > 1 or None in places), None):
        raise NotShown(f"a turn arrived with {sorted(map(str, wrong))} in its three places")
    return [str(key) for places in found for key in places]
