"""The addon is loaded again while turns are under way: each of them is told once, by the one that began it."""

import asyncio
from pathlib import Path

import orjson
import pytest
from codexcache.addon import CodexContinuity
from codexcache.body.json_splice import Json
from conftest import Network
from embedded_backend.breaks import Break
from mitmproxy import hooks
from support.client import connected
from support.embedded import SESSION, body
from support.journals import entries_of
from support.proxy import Proxy
from support.sockets import Peer, opened
from support.talks import post
from support.wire import JSON, RESPONSES

KEY = SESSION["session-id"]
FIELDS = [JSON, *SESSION.items()]
TURN = orjson.dumps(body())
FRAME = orjson.dumps({"type": "response.create"} | body()).decode()


class Script:
    """Holds an addon as mitmproxy's own script addon does, which keeps its place in the chain when it loads again."""

    name = "script"

    def __init__(self) -> None:
        self.addons = [CodexContinuity()]

    def reload(self, proxy: Proxy) -> None:
        """Put a new addon in the place of the one that runs, as when its file has changed."""
        addons = proxy.master.addons
        addons.remove(self.addons.pop())
        addons.register(addon := CodexContinuity())
        self.addons.append(addon)
        addons.invoke_addon_sync(addon, hooks.ConfigureHook(set(proxy.master.options.keys())))
        addons.invoke_addon_sync(addon, hooks.RunningHook())


def draining(proxy: Proxy) -> int:
    """Return how many addons see to old flows."""
    return sum(name.startswith("codex_drain") for name in proxy.master.addons.lookup)


def verdicts(journal: Path) -> list[Json]:
    """Return the verdicts in a journal."""
    return [entry["verdict"] for entry in entries_of(journal)]


async def answered(peer: Peer) -> None:
    """Wait for the last event of an answer."""
    while "response.completed" not in str(await peer.receive()):
        pass


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """Where turns are told."""
    return tmp_path / "journal.jsonl"


@pytest.mark.parametrize("events", [0, 3], ids=["before its answer", "in the middle"])
async def test_a_stream_continues_and_is_reported_with_its_counters(net: Network, journal: Path, events: int) -> None:
    backend, script = await net.backend(), Script()
    proxy = await net.proxy(script, codex_journal=str(journal))
    backend.breaks.add(KEY, Break(hold_after=events))
    async with connected(proxy) as connection:
        turn = asyncio.create_task(connection.post(RESPONSES, FIELDS, TURN))
        await backend.breaks.held(1)
        script.reload(proxy)
        held = draining(proxy)
        backend.breaks.release()
        reply = await turn
        again = await connection.post(RESPONSES, FIELDS, TURN)

    assert b"response.completed" in reply.body
    assert reply.body.count(b"\n\n") == again.body.count(b"\n\n")
    assert verdicts(journal) == ["cold", "cold"]
    assert (held, draining(proxy)) == (1, 0)


async def test_a_stream_that_is_cut_afterwards_is_reported_too(net: Network, journal: Path) -> None:
    backend, script = await net.backend(), Script()
    proxy = await net.proxy(script, codex_journal=str(journal))
    backend.breaks.add(KEY, Break(hold_after=3, cut_after=3))
    async with connected(proxy) as connection:
        reply = await connection.start(RESPONSES, FIELDS, TURN)
        await backend.breaks.held(1)
        script.reload(proxy)
        backend.breaks.release()
        with pytest.raises(Exception, match="peer closed connection"):
            await reply.rest()

    assert verdicts(journal) == ["no_usage"]
    assert draining(proxy) == 0


async def test_a_turn_on_a_websocket_is_reported_once_and_so_is_the_next(net: Network, journal: Path) -> None:
    backend, script = await net.backend(), Script()
    proxy = await net.proxy(script, codex_journal=str(journal))
    backend.breaks.add(KEY, Break(hold_after=3))
    async with opened(proxy, SESSION.items()) as peer:
        await peer.send(FRAME)
        await backend.breaks.held(1)
        script.reload(proxy)
        backend.breaks.release()
        await answered(peer)
        await peer.send(FRAME)
        await answered(peer)

    assert verdicts(journal) == ["cold", "cold"]
    assert draining(proxy) == 0


async def test_nothing_is_left_behind_where_nothing_is_under_way(net: Network) -> None:
    await net.backend()
    proxy = await net.proxy(script := Script())
    await post(proxy, *SESSION.items(), text=TURN)
    script.reload(proxy)

    assert draining(proxy) == 0
