"""Shows that two proxies give a conversation one key: behind HAProxy, in rotation and by the client's address.

HAProxy's configuration is the one in `scripts/examples`.
"""

import os
import shutil
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from embedded_backend import Backend
from toolkit.client import FAULTS, Endpoint, Usage, by_http, converse, warm_share
from toolkit.process import LOOPBACK, NotStarted, Proxy, exit_status, own_environment, start

from codex_ways.ways import IDENTITIES, NotShown, is_kept, keys, start_proxy, through

TURNS, CLIENTS = 6, 6
"""Turns of a conversation, and clients with an address each, for which the balancer has to decide."""

PER_REQUEST = "a new session for each request"

_CONFIGURATION = Path(__file__).parents[1] / "examples" / "haproxy.cfg"
_CA = ("mitmproxy-ca.pem", "mitmproxy-ca-cert.pem")  # with its key, and the part that clients get


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One client's conversation: by which rule it was balanced, how many keys it got, and its counters."""

    balance: str
    client: str
    keys: int
    turns: Sequence[Usage]

    @property
    def is_as_expected(self) -> bool:
        """In rotation, each proxy gives its own key to what is new for each request; all else has one."""
        if (self.balance, self.client) == ("roundrobin", PER_REQUEST):
            return self.keys == 2 and not is_kept(self.turns)
        return self.keys == 1 and is_kept(self.turns)

    def __str__(self) -> str:
        many = "1 key " if self.keys == 1 else f"{self.keys} keys"
        return f"{self.balance:<12}{self.client:<48}{many}{warm_share(self.turns):>6.0%} cached from the second turn on"


def haproxy() -> str | None:
    """Return the path of HAProxy, or None where it is not installed."""
    return shutil.which("haproxy", path=os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin"]))


async def rows(program: str, home: Path) -> AsyncIterator[Row]:
    """Yield each conversation when it has ended; at the end of all, each proxy has taken its share."""
    async with Backend(home=home / "backend") as backend, await proxy_before(backend, home / "one") as one:
        (home / "two").mkdir()
        for name in _CA:
            shutil.copy(home / "one" / name, home / "two")
        async with await proxy_before(backend, home / "two") as two:
            async with _balanced(program, one, two, "roundrobin") as endpoint:
                for kind in IDENTITIES:
                    yield await _row("roundrobin", kind, endpoint, backend)
            async with _balanced(program, one, two, "source") as endpoint:
                for number in range(1, CLIENTS + 1):
                    yield await _row("source", PER_REQUEST, replace(endpoint, source=f"127.0.0.{number}"), backend)


async def proxy_before(backend: Backend, home: Path) -> Proxy:
    """Start a proxy with a folder, and so a CA and a journal, of its own."""
    return await start_proxy(backend, home, codex_journal=home / "journal.jsonl")


@asynccontextmanager
async def _balanced(program: str, one: Proxy, two: Proxy, balance: str) -> AsyncIterator[Endpoint]:
    """Run HAProxy before two proxies, on a socket that takes connections already."""
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


def turns_of(home: Path) -> dict[str, int]:
    """Return how many turns each proxy has taken, by its journal."""
    return {name: len((home / name / "journal.jsonl").read_text().splitlines()) for name in ("one", "two")}


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
    return exit_status(_shown(program), "The example", (*FAULTS, NotStarted, NotShown))


if __name__ == "__main__":
    sys.exit(main())
