"""Shows that two proxies give a conversation one key: by HAProxy, turn about, and by the client's address."""

import asyncio
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from codex_demo.proxies import NotStarted, Proxy
from codex_demo.usage import Usage, warm_rate
from embedded_backend import Backend

from codex_ways import balanced
from codex_ways.client import FAULTS, KINDS, Door, by_http, converse
from codex_ways.evidence import NotShown, is_kept, keys
from codex_ways.ways import PATH

TURNS = 6
CLIENTS = 6
"""Clients with an address each, for which the balancer has to decide."""

PER_REQUEST = "a new session for each request"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One client's conversation: by which rule it was balanced, how many keys it got, and its counters."""

    balance: str
    client: str
    keys: int
    turns: Sequence[Usage]

    @property
    def is_as_expected(self) -> bool:
        """Turn about, each proxy gives its own key to what is new for each request; all else has one."""
        if (self.balance, self.client) == ("roundrobin", PER_REQUEST):
            return self.keys == 2 and not is_kept(self.turns)
        return self.keys == 1 and is_kept(self.turns)

    def __str__(self) -> str:
        many = "1 key " if self.keys == 1 else f"{self.keys} keys"
        return f"{self.balance:<12}{self.client:<48}{many}{warm_rate(self.turns):>6.0%} cached from the second turn on"


async def rows(program: str, home: Path) -> AsyncIterator[Row]:
    """Yields each conversation as it has been had, and at the end of all the two proxies have shared them."""
    async with Backend(home=home / "backend") as backend, balanced.two_proxies(backend, home) as (one, two):
        async with balanced.haproxy(program, one, two, "roundrobin") as url:
            for kind in KINDS:
                yield await _row("roundrobin", kind, _door(url, one), backend)
        async with balanced.haproxy(program, one, two, "source") as url:
            for number in range(1, CLIENTS + 1):
                yield await _row("source", PER_REQUEST, _door(url, one, f"127.0.0.{number}"), backend)


async def _row(balance: str, kind: str, door: Door, backend: Backend) -> Row:
    before = len(backend.received)
    name = f"{kind}, from {door.source}" if door.source else kind
    turns = await converse([door], KINDS[kind], by_http, account=f"{balance}: {name}", turns=TURNS)
    return Row(balance=balance, client=name, keys=len(set(keys(backend.received[before:]))), turns=turns)


def _door(url: str, proxy: Proxy, source: str | None = None) -> Door:
    return Door(url=f"https://chatgpt.com{PATH}", proxy=url, ca_file=str(proxy.ca_file), source=source)


def turns_of(home: Path) -> dict[str, int]:
    """Returns how many turns each proxy has taken, by its journal."""
    return {name: len((home / name / "journal.jsonl").read_text().splitlines()) for name in ("one", "two")}


async def _show(program: str, home: Path) -> bool:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    shown = []
    async for row in rows(program, home):
        print(row, flush=True)
        shown.append(row.is_as_expected)
    taken = turns_of(home)
    print("Turns taken: " + ", ".join(f"proxy {name} {turns}" for name, turns in taken.items()))
    return all(shown) and all(taken.values())


def main() -> int:
    """Prints a line for each conversation: exit status 0 if all is as expected, or HAProxy is not here."""
    if (program := balanced.program()) is None:
        print("HAProxy is not here (apt-get install haproxy), so nothing was shown.")
        return 0
    with tempfile.TemporaryDirectory(prefix="codex-two-proxies-") as home:
        try:
            return 0 if asyncio.run(_show(program, Path(home))) else 1
        except (KeyboardInterrupt, asyncio.CancelledError):
            return 130
        except (*FAULTS, NotStarted, NotShown) as fault:
            print(f"It did not work: {fault or type(fault).__name__}", file=sys.stderr)
            return 1


if __name__ == "__main__":
    sys.exit(main())
