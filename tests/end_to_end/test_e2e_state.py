"""What lasts: a proxy that is started again, or another proxy, knows conversations and their latest turns."""

import contextlib
import itertools
import os
import signal
import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from codexcache.addon import CodexContinuity
from codexcache.body.json_splice import Object
from codexcache.state.redis_store import PREFIX
from codexcache.state.sqlite_store import SqliteStore
from codexcache.state.vault import CHECK
from conftest import Network
from mitmproxy import hooks
from support.patience import until
from support.proxy import Proxy
from support.redis import RedisServer, needs_redis, running_redis
from support.talks import counters, post
from support.upstream import Exchange, chunk, responding, stream_head, whole
from support.wire import COMPACT, event

_ids = itertools.count()


def said(number: int) -> list[Object]:
    """Return what the model says in a conversation's turn."""
    text: Object = {"type": "output_text", "text": f"Here is what to do in step {number}."}
    call: Object = {"type": "function_call", "call_id": f"call_{number:020}", "name": "f", "arguments": "{}"}
    return [call, {"type": "message", "role": "assistant", "content": [text]}]


def history(turns: int) -> list[Object]:
    items: list[Object] = [user("Fix the bug, please.")]
    for number in range(turns):
        output: Object = {"type": "function_call_output", "call_id": f"call_{number:020}", "output": "done"}
        items += [*said(number), output, user(f"And now step {number + 1}?")]
    return items


def user(text: str) -> Object:
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}


async def answering(exchange: Exchange) -> None:
    """Answer a conversation's turn in its own words, with counters of a cache that has all but the latest items."""
    turn = len(orjson.loads(exchange.request.body)["input"]) // 4
    usage = counters(9_000 + 500 * turn, (9_000 + 500 * (turn - 1)) // 128 * 128 if turn else 0)
    events = [event("response.output_item.done", item=item) for item in said(turn)]
    ended = event("response.completed", response={"id": f"resp_{next(_ids)}", "usage": usage})
    await exchange.send(stream_head(), *(chunk(one) for one in (*events, ended)), chunk(b""))


class Team:
    """Proxies that use one store, and the journal that all of them write."""

    def __init__(self, net: Network, folder: Path) -> None:
        self._net, self.folder, self.journal = net, folder, folder / "journal.jsonl"

    async def proxy(self, **settings: Any) -> Proxy:
        settings = {"codex_state": str(self.folder / "state.sqlite"), "codex_journal": str(self.journal)} | settings
        proxy = await self._net.proxy(CodexContinuity(), **settings)
        return proxy

    def rows(self) -> list[dict[str, Any]]:
        return [orjson.loads(line) for line in self.journal.read_bytes().splitlines()] if self.journal.exists() else []

    async def send(self, proxy: Proxy, turn: int, *fields: tuple[str, str]) -> dict[str, Any]:
        """Send a turn with a session of its own, and return its row."""
        count = len(self.rows())
        new = fields or (("session_id", f"made-up-{next(_ids)}"),)
        await post(proxy, *new, input=history(turn), instructions="You are an agent. " * 500)
        await until(lambda: len(self.rows()) > count)
        return self.rows()[-1]


@pytest.fixture
def team(net: Network, tmp_path: Path) -> Team:
    return Team(net, tmp_path)


async def stop(proxy: Proxy) -> None:
    """Have a proxy's addons end as they do with it."""
    await proxy.master.addons.trigger_event(hooks.DoneHook())


async def test_a_conversation_keeps_its_key_and_its_verdicts_over_a_restart(net: Network, team: Team) -> None:
    await net.upstream(answering)
    proxy = await team.proxy()
    rows = [await team.send(proxy, turn) for turn in (0, 1)]
    await stop(proxy)
    again = await team.proxy()
    rows += [await team.send(again, turn) for turn in (2, 3)]

    assert [row["verdict"] for row in rows] == ["cold", "hit", "hit", "hit"]
    assert len({row["key"] for row in rows}) == 1
    assert len({row["conversation"] for row in rows}) == 1
    assert (rows[2]["predecessor"], rows[2]["predecessor_run"]) == (2, rows[1]["run"])
    assert "2 turns in 1 conversation" in again.master.commands.call("codex.status")


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[RedisServer]:
    """A Redis server on a free port."""
    async with running_redis(tmp_path) as running:
        yield running


@needs_redis
async def test_a_server_is_a_store_as_a_file_is(net: Network, team: Team, server: RedisServer) -> None:
    await net.upstream(answering)
    first = await team.send(await team.proxy(codex_state=server.url), 0)
    await until(lambda: server.client.dbsize() > 3)
    second = await team.send(await team.proxy(codex_state=server.url), 1)

    assert (second["verdict"], second["predecessor_run"]) == ("hit", first["run"])
    assert second["key"] == first["key"]
    assert all(0 < server.client.ttl(name) <= 30 * 86_400 for name in server.client.keys(b"*") if name != check())


@needs_redis
async def test_what_a_frozen_server_missed_is_written_when_it_is_back(
    net: Network, team: Team, server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Turns go on meanwhile, and both are said once."""
    caplog.set_level("INFO")
    await net.upstream(answering)
    proxy = await team.proxy(codex_state=server.url)
    await until(lambda: server.client.dbsize())
    os.kill(server.pid, signal.SIGSTOP)
    try:
        sent = [await team.send(proxy, 0, ("session_id", f"other-{number}")) for number in range(4)]
        await until(lambda: "cannot be used" in caplog.text)
    finally:
        os.kill(server.pid, signal.SIGCONT)
    await until(lambda: "is back" in caplog.text)
    await until(lambda: server.client.dbsize() > 5)
    again = await team.send(await team.proxy(codex_state=server.url), 1)

    assert (again["continued"], again["key"] in {row["key"] for row in sent}) == (True, True)
    assert caplog.text.count("cannot be used") == 1


def check() -> bytes:
    return PREFIX + CHECK


CANARIES = (b"Fix the bug", b"You are an agent", b"Here is what to do", b"made-up-", b"user-canary", b"call_0000")


async def test_a_file_holds_no_prompt_no_answer_no_id_and_no_credential(net: Network, team: Team) -> None:
    await net.upstream(answering)
    proxy = await team.proxy()
    for turn in range(3):
        fields = (("Authorization", "Bearer user-canary"), ("session_id", f"made-up-{turn}"))
        await team.send(proxy, turn, *fields)
    await stop(proxy)
    files = [path for path in team.folder.iterdir() if path.name.startswith("state.sqlite")]

    assert sum(len(path.read_bytes()) for path in files) > 5_000
    assert [(path.name, canary) for path in files for canary in CANARIES if canary in path.read_bytes()] == []
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


@needs_redis
async def test_nor_does_a_server(net: Network, team: Team, tmp_path: Path) -> None:
    """Nor is its password shown, where it is wrong or right."""
    await net.upstream(answering)
    async with running_redis(tmp_path, password="password-canary") as server:
        proxy = await team.proxy(codex_state=server.url)
        for turn in range(3):
            await team.send(proxy, turn, ("Authorization", "Bearer user-canary"), ("session_id", f"made-up-{turn}"))
        await until(lambda: server.client.dbsize() > 8)
        stored = server.everything()

    assert [canary for canary in CANARIES if canary in stored] == []


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "no database": (lambda path: path.write_bytes(b"not a database" * 100), "set aside as state.sqlite.corrupt-"),
    "of a newer version": (lambda path: newer(path), "a newer version of Codex Continuity wrote it"),
    "a folder": (lambda path: path.mkdir(), "cannot be used"),
    "under another secret": (lambda path: filled_under_another_secret(path), "copy codex-continuity.secret"),
}


def newer(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 99")


def filled_under_another_secret(path: Path) -> None:
    store = SqliteStore(path, 1 << 20, 60)
    store.claim(CHECK, b"another")
    store.close()


@pytest.mark.parametrize("name", BROKEN)
async def test_a_file_that_cannot_be_used_is_said_once_and_nothing_else_happens(
    net: Network, team: Team, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    await net.upstream(answering)
    path = team.folder / "state.sqlite"
    spoil, sentence = BROKEN[name]
    spoil(path)
    proxy = await team.proxy()
    rows = [await team.send(proxy, turn) for turn in (0, 1, 2)]

    await until(lambda: sentence in caplog.text)
    assert caplog.text.count("codex_state=") == 1
    assert [row["verdict"] for row in rows] == ["cold", "hit", "hit"]


async def test_a_key_that_an_old_compact_refused_is_not_added_there_after_a_restart(net: Network, team: Team) -> None:
    upstream = await net.upstream(responding(whole(b'{"detail":"Unsupported parameter: prompt_cache_key"}', "400 No")))
    sent: list[object] = []
    for _ in range(2):
        proxy = await team.proxy()
        await post(proxy, ("session_id", "s"), path=COMPACT)
        await until(lambda: len(team.rows()) > len(sent))
        sent.append(orjson.loads(upstream.last.body).get("prompt_cache_key"))
        await stop(proxy)

    assert sent == ["s", None]
