"""What a backend says of its responses is in the journal and on the page, whatever way a turn takes."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from codexcache.body.json_splice import Object
from codexcache.hooks.notify import turn_summaries
from codexcache.turn.record import Record, ServerWord
from conftest import Network
from embedded_backend import Backend
from mitmproxy import http
from support.embedded import SESSION
from support.neighbours import Runs
from support.proxy import Proxy
from support.sockets import opened
from support.talks import post
from support.wire import COMPACT, frame, spelled

MISS: Object = {
    "type": "cache_miss",
    "reason": "input_changed",
    "cache_missed_tokens": 512,
    "comparison_reusable_tokens": 2_048,
}
SAYS: Object = {
    "model": "gpt-5.5-mini",
    "service_tier": "flex",
    "prompt_cache_diagnostics": MISS,
    "input_transformations": [{"type": "reasoning_dropped", "reason": "prefix_mismatch"}],
}

type Take = Callable[[Proxy], Awaitable[None]]


async def by_http(proxy: Proxy) -> None:
    await post(proxy, *SESSION.items())


async def by_compact(proxy: Proxy) -> None:
    await post(proxy, *SESSION.items(), path=COMPACT, text=spelled({"model": "gpt-5.5", "input": []}))


async def by_websocket(proxy: Proxy) -> None:
    async with opened(proxy, SESSION.items()) as peer:
        await peer.send(frame())
        async for message in peer.messages():
            if "response.completed" in str(message):
                break


class Records:
    """The records of turns, as they end."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs
        self.known = list[Record]()

    async def proxy(self, **settings: Any) -> Proxy:
        proxy = await self._runs.proxy(**settings)
        listeners = self._runs.codex.state.diagnosis_service.listeners
        listeners.insert(0, lambda diagnosis: self.known.append(diagnosis.record))
        return proxy


@pytest.mark.parametrize("take", [by_http, by_websocket, by_compact])
async def test_a_response_that_says_what_served_it_is_believed(runs: Runs, net: Network, take: Take) -> None:
    backend = await net.backend()
    proxy = await (records := Records(runs)).proxy()
    await take(proxy)
    backend.rules = replace(backend.rules, says=SAYS)
    await take(proxy)

    assert await runs.told("served_model", "served_service_tier", "ended", count=2) == [
        ("gpt-5.5", "default", "completed"),
        ("gpt-5.5-mini", "flex", "completed"),
    ]
    assert [record.server for record in records.known] == [None, ServerWord("input_changed", 512, 2_048)]
    assert [record.transformations for record in records.known] == [(), ("prefix_mismatch",)]


def limits(flow: http.HTTPFlow) -> list[object]:
    return [turn["limits"] for turn in turn_summaries(flow)]


def uses(backend: Backend, **used: float) -> None:
    backend.rules = replace(backend.rules, used_percent=used)


@pytest.mark.parametrize("take", [by_http, by_compact])
async def test_header_fields_tell_of_rate_limits_before_and_after(runs: Runs, net: Network, take: Take) -> None:
    backend, proxy = await net.backend(), await runs.proxy()
    for primary in (41.0, 44.5):
        uses(backend, primary=primary, secondary=7.0)
        await take(proxy)
    await runs.rows(2)

    assert [turn for flow in runs.watch.flows for turn in limits(flow)] == [
        [["primary", None, 41.0], ["secondary", None, 7.0]],
        [["primary", 41.0, 44.5], ["secondary", 7.0, 7.0]],
    ]
    page = str(proxy.master.commands.call("codex.why", runs.watch.flows[1]))
    assert "primary limit 41 % -> 44.5 % · secondary limit 7 % -> 7 %" in page


async def test_on_a_socket_events_tell_and_before_its_first_turn_the_handshake(runs: Runs, net: Network) -> None:
    backend, proxy = await net.backend(), await runs.proxy()
    uses(backend, primary=41.0)
    async with opened(proxy, SESSION.items()) as peer:
        for count, primary in enumerate((44.0, 46.0), 1):
            uses(backend, primary=primary)
            await peer.send(frame())
            await runs.rows(count)

    assert limits(runs.watch.flows[0]) == [[["primary", 41.0, 44.0]], [["primary", 44.0, 46.0]]]


async def test_an_account_has_limits_of_its_own(runs: Runs, net: Network) -> None:
    backend, proxy = await net.backend(), await runs.proxy()
    for account, primary in (("one", 41.0), ("two", 3.0), ("one", 44.0)):
        uses(backend, primary=primary)
        await post(proxy, ("chatgpt-account-id", account))
    await runs.rows(3)

    assert [turn for flow in runs.watch.flows for turn in limits(flow)] == [
        [["primary", None, 41.0]],
        [["primary", None, 3.0]],
        [["primary", 41.0, 44.0]],
    ]
