"""Proxies with and without the addon, among other addons, options and hands that meet the same turns."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import orjson
from codexcache.addon import CodexContinuity
from codexcache.body.json_splice import Json, Object
from conftest import Network
from mitmproxy import http
from toolkit.wire.http1 import Response

from support.journals import entries_of
from support.patience import until
from support.proxy import Proxy, Watch
from support.talks import post
from support.upstream import whole
from support.wire import RESPONSES, body, completed

MODELS = "/backend-api/codex/models"
GATEWAY = "gateway.example"
REFUSED = whole(b'{"detail":"Unsupported parameter: user"}', status="400 Bad Request")


def counted(given: int = 9_000, cached: int = 0) -> bytes:
    """Return the last event of a response with these counters."""
    usage = {"input_tokens": given, "input_tokens_details": {"cached_tokens": cached}, "output_tokens": 5}
    return completed("resp_1", usage=usage)


def document(given: int = 9_000, cached: int = 0) -> bytes:
    """Return a response as one JSON document with these counters."""
    usage = {"input_tokens": given, "input_tokens_details": {"cached_tokens": cached}}
    return orjson.dumps({"id": "resp_1", "usage": usage})


class Scripts:
    """Addons in the place where mitmproxy has its scripts: before its own map_local, modify_body and the like."""

    name = "scripts"

    def __init__(self, *addons: object) -> None:
        self.addons = list(addons)


class OtherAddon:
    """Another addon, which does something in one or more hooks, to the flows of turns or to all."""

    def __init__(self, **hooks: Callable[[http.HTTPFlow], object]) -> None:
        for name, hook in hooks.items():
            setattr(self, name, hook)


class Runs:
    """Proxies with and without the addon before the same servers, and what is known of the last one with it."""

    def __init__(self, net: Network, journal: Path) -> None:
        self._net, self._journal = net, journal
        self.codex = CodexContinuity()
        self.watch = Watch()

    async def bare(self, *addons: object, **settings: Any) -> Proxy:
        """Start a proxy without the addon, and so without its options."""
        own = {name: value for name, value in settings.items() if not name.startswith("codex_")}
        return await self._start(*addons, **own)

    async def proxy(self, *, before: Iterable[object] = (), after: Iterable[object] = (), **settings: Any) -> Proxy:
        """Start a proxy with the addon, with others before and after it, and one that watches its flows."""
        self.watch = Watch()
        return await self._with_addon(before, [*after, self.watch], settings)

    async def both(
        self, *, before: Iterable[object] = (), after: Iterable[object] = (), **settings: Any
    ) -> AsyncIterator[Proxy]:
        """Yield a proxy without the addon and then one with it, else the same; mitmproxy runs one at a time."""
        yield await self.bare(*before, *after, **settings)
        yield await self._with_addon(before, after, settings)

    async def _with_addon(self, before: Iterable[object], after: Iterable[object], settings: dict[str, Any]) -> Proxy:
        self.codex = CodexContinuity()
        return await self._start(*before, self.codex, *after, codex_journal=str(self._journal), **settings)

    @property
    def entries(self) -> list[Object]:
        """What is in the journal so far."""
        return entries_of(self._journal)

    async def rows(self, count: int = 1) -> list[Object]:
        """Return the journal's rows, when there are so many."""
        await until(lambda: len(self.entries) >= count)
        assert len(self.entries) == count
        return self.entries

    async def told(self, *names: str, count: int = 1) -> list[tuple[Json, ...]]:
        """Return these fields of each row, when there are so many."""
        return [tuple(row.get(name) for name in names) for row in await self.rows(count)]

    def pseudonym(self, key: str) -> object:
        """Return what stands for a key in the journal."""
        return self.codex.notifier.pseudonyms.of("key", key)

    async def _start(self, *addons: object, **settings: Any) -> Proxy:
        proxy = await self._net.proxy(scripts := Scripts(*addons), **settings)
        chain = proxy.master.addons.chain
        chain.remove(scripts)
        chain.insert(chain.index(proxy.master.addons.get("scriptloader")) + 1, scripts)
        return proxy


async def answers(proxies: AsyncIterable[Proxy], path: str = RESPONSES, method: str = "POST") -> list[bytes]:
    """Return every byte that a client gets from each of some proxies."""
    text = b"" if method == "GET" else body()
    return [bytes((await post(proxy, text=text, path=path, method=method)).raw) async for proxy in proxies]


def wait(flow: http.HTTPFlow) -> None:
    """Have a response wait until it is there as a whole."""
    assert flow.response is not None
    flow.response.stream = False


def edit_response(**attributes: object) -> Callable[[http.HTTPFlow], None]:
    """Return what sets attributes of a response."""

    def edit(flow: http.HTTPFlow) -> None:
        for name, value in attributes.items():
            setattr(flow.response, name, value)

    return edit


def is_turn(flow: http.HTTPFlow) -> bool:
    return flow.request.path.startswith(RESPONSES)


async def by_hand(
    edit: Callable[[http.HTTPFlow], object], kept: list[http.HTTPFlow], sending: Awaitable[Response]
) -> Response:
    """Send a request; edit its flow when it is intercepted, and resume it."""
    task = asyncio.ensure_future(sending)
    await until(lambda: kept and kept[-1].intercepted)
    edit(kept[-1])
    kept[-1].resume()
    return await task


def move(flow: http.HTTPFlow) -> None:
    flow.request.host = GATEWAY


def move_to_an_alias(flow: http.HTTPFlow) -> None:
    flow.request.host, flow.request.path = GATEWAY, flow.request.path.removeprefix("/backend-api")


MOVES: dict[str, dict[str, Any]] = {
    "map_remote": {"map_remote": ["|https://chatgpt.com/|https://gateway.example/"]},
    "an addon after this one": {"after": [OtherAddon(request=move)]},
    "an addon before this one": {"before": [OtherAddon(request=move)]},
    "to an alias, before": {"before": [OtherAddon(request=move_to_an_alias)]},
    "to an alias, after": {"after": [OtherAddon(request=move_to_an_alias)]},
}


def fetched(flow: http.HTTPFlow) -> None:
    """Answer a turn, as an addon does that fetches the response by itself."""
    if is_turn(flow):
        flow.response = http.Response.make(200, counted(9_000, 60), {"content-type": "text/event-stream"})


def replace_in_body(old: bytes, new: bytes) -> Callable[[http.HTTPFlow], None]:
    def edit(flow: http.HTTPFlow) -> None:
        if is_turn(flow):
            flow.request.content = (flow.request.content or b"").replace(old, new)

    return edit
