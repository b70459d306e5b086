"""Shows which conversations two proxies behind HAProxy give one key: each by itself, and with one store for both.

HAProxy's configuration is the one in `scripts/examples`. With a store, the client waits after each turn until that is
in it, as one that runs a tool does; and in the middle of one conversation, the proxy that took the latest turn is
killed.
"""

import asyncio
import os
import shutil
import socket
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from embedded_backend import Backend, Received
from toolkit.client import FAULTS, by_http, by_websocket
from toolkit.conversation import Endpoint, Event, Send, Usage, converse, warm_share
from toolkit.process import LOOPBACK, NotStarted, Proxy, exit_status, own_environment, start
from toolkit.redis_server import SERVER, RedisServer, running_redis

from codex_ways.ways import IDENTITIES, NotShown, is_kept, keys, start_proxy, through

TURNS, CLIENTS = 6, 6
"""Turns of a conversation, and clients with an address each, for which the balancer has to decide."""

PER_REQUEST = "a new session for each request"


class Stored(NamedTuple):
    """A conversation by way of proxies with one store: its client, and the verdict on all of its turns but the first.

    After so many turns, if any, the proxy is killed that took the latest.
    """

    kind: str
    send: Send
    verdict: str = "hit"
    killed_after: int | None = None

    def __str__(self) -> str:
        killed = ", one proxy killed" if self.killed_after else ""
        return f"{self.kind}, {'HTTP' if self.send is by_http else 'WebSocket'}{killed}"


STORED = (
    Stored(PER_REQUEST, by_http),
    Stored("a session", by_websocket),
    Stored(PER_REQUEST, by_websocket, "session_changed"),  # a handshake leaves before its conversation is known
    Stored(PER_REQUEST, by_http, killed_after=3),
)

_CONFIGURATION = Path(__file__).parents[1] / "examples" / "haproxy.cfg"
_SHARED = ("mitmproxy-ca.pem", "mitmproxy-ca-cert.pem", "codex-continuity.secret")
"""The CA with its key, the part of it that clients get, and the secret of store and pseudonyms."""

_STORED_WITHIN = 10.0
_STEP = 0.01

type Entry = Mapping[str, Any]
"""One entry of a journal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One client's conversation: by which rule it was balanced, how many keys it got, and its counters.

    With a store, `entries` are what the journals of both proxies say of its turns, and `verdict` what they should say
    of all but the first.
    """

    balance: str
    client: str
    keys: int
    turns: Sequence[Usage]
    entries: Sequence[Entry] = ()
    verdict: str = "hit"

    @property
    def is_as_expected(self) -> bool:
        """In rotation and without a store, each proxy gives its own key to what is new for each request."""
        if (self.balance, self.client) == ("roundrobin", PER_REQUEST):
            return self.keys == 2 and not is_kept(self.turns)
        is_explained = not self.entries or self._is_explained
        return self.keys == 1 and is_kept(self.turns) == (self.verdict == "hit") and is_explained

    @property
    def _is_explained(self) -> bool:
        """True if both proxies took turns, and each turn was compared with the one before it, whichever had that."""
        verdicts = [entry["verdict"] for entry in self.entries]
        linked = all(_is_predecessor(*pair) for pair in pairwise(self.entries))
        return verdicts == ["cold", *[self.verdict] * (len(self.turns) - 1)] and linked and self._across > 0

    @property
    def _across(self) -> int:
        """How many turns were compared with one of the other proxy's."""
        return sum("predecessor_run" in entry for entry in self.entries)

    def __str__(self) -> str:
        many = "1 key " if self.keys == 1 else f"{self.keys} keys"
        place = f"{'store' if self.entries else 'none':<7}{self.balance:<12}{self.client:<56}"
        return f"{place}{many}{warm_share(self.turns):>6.0%} cached from the second turn on{self._told}"

    @property
    def _told(self) -> str:
        """What the journals say of the turns, "" without a store."""
        counts = Counter(entry["verdict"] for entry in self.entries)
        return "".join(f", {count} {verdict}" for verdict, count in counts.items())


def _is_predecessor(earlier: Entry, later: Entry) -> bool:
    """Return True if a turn was compared with this one. Where one proxy took both, its run is not named."""
    run = later.get("predecessor_run", later["run"])
    return (earlier["run"], earlier["turn"]) == (run, later["predecessor"])


@dataclass(frozen=True, slots=True)
class Pair:
    """Two proxies, by the folder that each has; its CA and the local secret are the same in both."""

    proxies: Mapping[Path, Proxy]

    @property
    def entries(self) -> list[Entry]:
        """What their journals say, in the order of the turns."""
        lines = [line for home in self.proxies for line in _journal(home)]
        return sorted(map(orjson.loads, lines), key=lambda entry: str(entry["time"]))

    def latest(self) -> Proxy:
        """Return the one that took the latest turn."""
        ended = self.entries[-1]
        return next(p for home, p in self.proxies.items() if any(orjson.loads(x) == ended for x in _journal(home)))


def haproxy() -> str | None:
    """Return the path of HAProxy, or None where it is not installed."""
    return shutil.which("haproxy", path=os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin"]))


async def rows(program: str, home: Path) -> AsyncIterator[Row]:
    """Yield each conversation when it has ended; without Redis, those with a store are left out."""
    async with Backend(home=home / "backend") as backend:
        async with _running(backend, home / "one", home / "two") as pair:
            async with _balanced(program, pair, "roundrobin") as endpoint:
                for kind in IDENTITIES:
                    yield await _row("roundrobin", kind, endpoint, backend)
            async with _balanced(program, pair, "source") as endpoint:
                for number in range(1, CLIENTS + 1):
                    yield await _row("source", PER_REQUEST, replace(endpoint, source=f"127.0.0.{number}"), backend)
        if SERVER:
            async for row in _stored_rows(program, home, backend):
                yield row


async def _stored_rows(program: str, home: Path, backend: Backend) -> AsyncIterator[Row]:
    """Yield the conversations by way of two proxies that use one store."""
    three, four = home / "three", home / "four"
    async with (
        running_redis(home) as server,
        _running(backend, three, four, like=home / "one", codex_state=server.url) as pair,
        _balanced(program, pair, "roundrobin") as endpoint,
    ):
        for stored in STORED:
            yield await _stored_row(stored, endpoint, backend, pair, server)


async def proxy_before(backend: Backend, home: Path, **options: object) -> Proxy:
    """Start a proxy with a folder, and so a CA and a journal, of its own."""
    return await start_proxy(backend, home, "", codex_journal=home / "journal.jsonl", **options)


@asynccontextmanager
async def _running(
    backend: Backend, one: Path, two: Path, like: Path | None = None, **options: object
) -> AsyncIterator[Pair]:
    """Run two proxies, with the CA and the secret of another one, or else of the first."""
    if like:
        _share(like, one)
    async with await proxy_before(backend, one, **options) as first:
        _share(one, two)
        async with await proxy_before(backend, two, **options) as second:
            yield Pair({one: first, two: second})


def _share(home: Path, other: Path) -> None:
    other.mkdir()
    for name in _SHARED:
        shutil.copy(home / name, other)


@asynccontextmanager
async def _balanced(program: str, pair: Pair, balance: str) -> AsyncIterator[Endpoint]:
    """Run HAProxy before two proxies, on a socket that takes connections already."""
    one, two = pair.proxies.values()
    with socket.create_server((LOOPBACK, 0)) as listening:
        url = f"http://{LOOPBACK}:{listening.getsockname()[1]}"
        settings = {"CODEX_BIND": f"fd@{listening.fileno()}", "CODEX_BALANCE": balance}
        settings |= {"CODEX_PROXY_ONE": one.address, "CODEX_PROXY_TWO": two.address}
        environment, fds = own_environment() | settings, [listening.fileno()]
        balancer = await start([program, "-db", "-f", _CONFIGURATION], environment=environment, pass_fds=fds)
    async with balancer:
        yield replace(through(one), proxy=url)


async def _row(balance: str, kind: str, endpoint: Endpoint, backend: Backend) -> Row:
    before = len(backend.received)
    name = f"{kind}, from {endpoint.source}" if endpoint.source else kind
    turns = await converse([endpoint], IDENTITIES[kind], by_http, account=f"{balance}: {name}", turns=TURNS)
    return Row(balance=balance, client=name, keys=len(set(keys(backend.received[before:]))), turns=turns)


async def _stored_row(stored: Stored, endpoint: Endpoint, backend: Backend, pair: Pair, server: RedisServer) -> Row:
    """Have a conversation that waits for the store after each turn."""
    received, told = len(backend.received), len(pair.entries)

    async def send_and_wait(endpoint: Endpoint, headers: Mapping[str, str], body: dict[str, Any]) -> list[Event]:
        known, ended = _held(server), len(pair.entries)
        events = await stored.send(endpoint, headers, body)
        await _until(lambda: _held(server) > known and len(pair.entries) > ended)
        return events

    def kill_one() -> None:
        if len(pair.entries) - told == stored.killed_after:
            pair.latest().program.process.kill()

    identity = IDENTITIES[stored.kind]
    turns = await converse([endpoint], identity, send_and_wait, account=str(stored), turns=TURNS, on_turn=kill_one)
    arrived, entries = backend.received[received:], pair.entries[told:]
    found = set(_frame_keys(arrived) if stored.send is by_websocket else keys(arrived))
    return Row(
        balance="roundrobin",
        client=str(stored),
        keys=len(found),
        turns=turns,
        entries=entries,
        verdict=stored.verdict,
    )


def _frame_keys(received: Iterable[Received]) -> list[str]:
    """Return the key of each frame; a handshake says nothing of its conversation and keeps its client's session."""
    return [turn.json["prompt_cache_key"] for turn in received if turn.kind == "frame"]


def _held(server: RedisServer) -> int:
    """Return how many entries a server holds."""
    return int(server.client.dbsize())


async def _until(holds: Callable[[], bool]) -> None:
    """Wait until something holds. Raises TimeoutError."""
    async with asyncio.timeout(_STORED_WITHIN):
        while not holds():
            await asyncio.sleep(_STEP)


def _journal(home: Path) -> list[str]:
    path = home / "journal.jsonl"
    return path.read_text().splitlines() if path.exists() else []


def turns_of(home: Path) -> dict[str, int]:
    """Return how many turns each proxy has taken, by its journal."""
    return {path.parent.name: len(_journal(path.parent)) for path in sorted(home.glob("*/journal.jsonl"))}


async def _shown(program: str) -> bool:
    with tempfile.TemporaryDirectory(prefix="codex-two-proxies-") as home:
        shown = []
        async for row in rows(program, Path(home)):
            print(row, flush=True)
            shown.append(row.is_as_expected)
        taken = turns_of(Path(home))
    print("Turns taken: " + ", ".join(f"proxy {name} {turns}" for name, turns in taken.items()))
    return all(shown) and all(taken.values())


def main() -> int:
    """Print a line for each conversation; return 0 if all is as expected, or HAProxy is not here."""
    if (program := haproxy()) is None:
        print("HAProxy is not here (apt-get install haproxy), so nothing was shown.")
        return 0
    if not SERVER:
        print("Redis is not here (apt-get install redis-server), so two proxies with one store are not shown.")
    return exit_status(_shown(program), "The example", (*FAULTS, NotStarted, NotShown))


if __name__ == "__main__":
    sys.exit(main())
