"""Two real mitmdump processes that share nothing, or one store: a conversation's turns go to both by turns."""

import shutil
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from codex_ways import two_proxies
from codex_ways.ways import IDENTITIES, is_kept, keys, through
from embedded_backend import Backend
from support.journals import CACHED, entries_of
from toolkit.client import by_http, by_websocket
from toolkit.conversation import Endpoint, Send, Usage, converse
from toolkit.process import installed, start, start_mitmdump
from toolkit.program import ADDON
from toolkit.redis_server import SERVER

pytestmark = pytest.mark.asyncio(loop_scope="module")

TURNS = 4


@dataclass
class Pair:
    """Two proxies before one backend, and an endpoint of each."""

    backend: Backend
    endpoints: list[Endpoint]

    async def converse(
        self, kind: str, send: Send, endpoints: list[Endpoint], account: str
    ) -> tuple[list[str], list[Usage]]:
        """Have a conversation through these endpoints by turns; return the keys that arrived, and the counters."""
        before = len(self.backend.received)
        counters = await converse(endpoints, IDENTITIES[kind], send, account=account, turns=TURNS)
        return keys(self.backend.received[before:]), counters


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pair(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pair]:
    """Each proxy has a folder, a CA and a memory of its own."""
    home = tmp_path_factory.mktemp("two")
    async with (
        Backend(home=home / "backend") as backend,
        await two_proxies.proxy_before(backend, home / "one") as one,
        await two_proxies.proxy_before(backend, home / "two") as two,
    ):
        yield Pair(backend, [through(one), through(two)])


@pytest.mark.parametrize(
    ("kind", "send"),
    [("a key", by_http), ("a session", by_http), ("a session", by_websocket), ("nothing", by_http)],
)
async def test_both_give_a_conversation_the_same_key(kind: str, send: Send, pair: Pair) -> None:
    """And the backend's cache serves it, whichever proxy a turn comes by."""
    arrived, counters = await pair.converse(kind, send, pair.endpoints, f"{kind}, {send}")

    assert len(arrived) == TURNS
    assert len(set(arrived)) == 1
    assert is_kept(counters)


async def test_two_conversations_are_not_made_one(pair: Pair) -> None:
    """Of two callers who name none."""
    one, _ = await pair.converse("nothing", by_http, pair.endpoints, "caller one")
    two, _ = await pair.converse("nothing", by_http, pair.endpoints, "caller two")

    assert (len(set(one)), len(set(two)), len({*one, *two})) == (1, 1, 2)


async def test_what_is_new_for_each_request_is_held_by_one_alone(pair: Pair) -> None:
    """Each proxy keeps to the first that it saw: one key each, and the cache is half used. Through one it is whole."""
    apart, half = await pair.converse(two_proxies.PER_REQUEST, by_http, pair.endpoints, "apart")
    together, whole = await pair.converse(two_proxies.PER_REQUEST, by_http, pair.endpoints[:1], "together")

    assert apart == apart[:2] * 2
    assert (len(set(apart)), len(set(together))) == (2, 1)
    assert (is_kept(half), is_kept(whole)) == (False, True)


@pytest.mark.parametrize("send", [by_http, by_websocket])
async def test_one_behind_the_other_changes_nothing_more(pair: Pair, tmp_path: Path, send: Send) -> None:
    """The key that arrives is that of one alone, and the second finds it in all three places."""
    second = pair.endpoints[0]
    alone, _ = await pair.converse("a session", send, [second], "alone")
    ca_file = Path(str(second.ca_file))
    journals = ca_file.with_name("journal.jsonl"), tmp_path / "journal.jsonl"
    before = len(entries_of(journals[0]))
    async with await start_mitmdump(
        tmp_path,
        modes=[f"upstream:{second.proxy}"],
        upstream_ca=ca_file,
        scripts=[ADDON],
        options={"codex_journal": journals[1]},
    ) as first:
        arrived, counters = await pair.converse("a session", send, [through(first)], "in a row")
    entries, same = entries_of(journals[0])[before:], entries_of(journals[1])

    assert arrived == alone
    assert is_kept(counters)
    assert [entry["changed"] for entry in entries] == [[]] * TURNS
    assert [entry[CACHED] for entry in entries] == [entry[CACHED] for entry in same]


async def test_two_in_one_proxy_end_the_start(tmp_path: Path) -> None:
    """mitmproxy takes no two addons of one name."""
    copy = shutil.copytree(ADDON.parent, tmp_path / "copy") / ADDON.name
    program = await start([installed("mitmdump"), "--set", f"confdir={tmp_path}", "-n", "-s", ADDON, "-s", copy])
    async with program:
        assert await program.ended() != 0
        assert "An addon called 'codex_continuity' already exists." in program.text


@pytest.mark.skipif(
    not two_proxies.haproxy() or sys.platform != "linux",
    reason="HAProxy is not here (apt-get install haproxy), or not Linux",
)
async def test_the_example_runs_as_it_stands(tmp_path: Path) -> None:
    """Behind HAProxy, in rotation and by the client's address, without and with a store; each has its share."""
    rows = [row async for row in two_proxies.rows(str(two_proxies.haproxy()), tmp_path)]

    assert [str(row) for row in rows if not row.is_as_expected] == []
    assert len(rows) == len(IDENTITIES) + two_proxies.CLIENTS + (len(two_proxies.STORED) if SERVER else 0)
    assert all(two_proxies.turns_of(tmp_path).values())


async def test_without_redis_it_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """In one sentence, before it shows the rest."""
    monkeypatch.setattr(two_proxies, "haproxy", lambda: "haproxy")
    monkeypatch.setattr(two_proxies, "SERVER", "")
    monkeypatch.setattr(two_proxies, "exit_status", lambda work, *_: work.close() or 0)

    assert two_proxies.main() == 0
    sentence = "Redis is not here (apt-get install redis-server), so two proxies with one store are not shown.\n"
    assert capsys.readouterr().out == sentence


async def test_without_haproxy_it_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """In one sentence, and that is no failure."""
    monkeypatch.setattr(two_proxies, "haproxy", lambda: None)

    assert two_proxies.main() == 0
    assert capsys.readouterr().out == "HAProxy is not here (apt-get install haproxy), so nothing was shown.\n"
