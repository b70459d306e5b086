"""One fault at one fixture: it sends turns, and keeps what was observed, and what the journal has to hold."""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import orjson
from codexcache.hooks.notify import load_secret
from codexcache.output.journal import Pseudonyms
from embedded_backend.rules import Break
from toolkit.wire.streams import TunnelRefused

from codex_faults.clients import (
    HOST,
    HTTP,
    WEBSOCKET,
    Client,
    Kind,
    Observation,
    TurnRequest,
    cached_tokens,
    complete,
    connect,
    ordinary,
)
from codex_faults.fixture import ADDON, Fixture

_PATIENCE = 5.0  # seconds in which a turn that was cut off has to be in the journal
_PAUSE = 0.05  # seconds between two looks at the journal

FINISHED = ("cold", "hit")
"""The verdicts on a turn that has come to its end: the first of its session, or a later one."""

MIDDLE = 5
"""Events of an answer that come before something happens in the middle of it."""


class Journal:
    """What is in the lines of a journal: the verdicts on the turns of each key, and how many lines are no entries."""

    def __init__(self, lines: Iterable[bytes] = ()) -> None:
        self.verdicts: defaultdict[str, list[str]] = defaultdict(list)
        self.torn = 0
        for line in lines:
            try:
                entry = orjson.loads(line)
                self.verdicts[str(entry["key"])].append(str(entry["verdict"]))
            except (ValueError, KeyError, TypeError):
                self.torn += 1


class Expected:
    """What is expected of each key: how many entries, and which verdicts they may have (none: any).

    A turn that ended is expected once, one that never left not at all; the journal has keys as pseudonyms.
    """

    def __init__(self) -> None:
        self._entries: Counter[str] = Counter()
        self._verdicts: dict[str, tuple[str, ...]] = {}

    def add(self, key: str, entries: int, *verdicts: str) -> None:
        """Expect so many more entries of a key; all of them have to have one of these verdicts."""
        self._entries[key] += entries
        self._verdicts[key] = verdicts

    def problems(self, journal: Journal, pseudonyms: Pseudonyms) -> Iterator[str]:
        """Yield a sentence for each key whose turns are not in the journal as they should be."""
        for key, entries in self._entries.items():
            verdicts, allowed = journal.verdicts[str(pseudonyms.of("key", key))], self._verdicts[key]
            if len(verdicts) != entries:
                yield f"{key} is in the journal {len(verdicts)} times instead of {entries}"
            elif allowed and not set(verdicts) <= set(allowed):
                yield f"{key} was told as {', '.join(sorted(set(verdicts)))}"

    def verdicts(self, journal: Journal, pseudonyms: Pseudonyms) -> Counter[str]:
        """Return how often each verdict was given to an expected turn."""
        return Counter(verdict for key in self._entries for verdict in journal.verdicts[str(pseudonyms.of("key", key))])


class FaultRun:
    """What a fault is triggered with, and what came of it.

    `problems` are sentences about the journal that only the fault can tell; `torn` is how many lines of the journal
    were cut off before, or are by what the fault does. `broke` says why it did not finish.
    """

    def __init__(self, fixture: Fixture, name: str, parallel: int) -> None:
        self.fixture, self.name, self.parallel = fixture, name, parallel
        self.breaks = fixture.backend.breaks
        self._expected = Expected()
        self.background = Background(fixture, name, self._expected)
        self.observed: list[Observation] = []
        self.problems: list[str] = []
        self.broke = ""
        self.torn = self._journal().torn
        self._number = 0

    def turn(
        self, broken: Break | None, *verdicts: str, entries: int = 1, make: Callable[[str], TurnRequest] = complete
    ) -> TurnRequest:
        """Return a turn that is answered as planned, with a key of its own; expect it in the journal."""
        self._number += 1
        turn = make(f"{self.name}-{self._number:05}")
        if broken:
            self.breaks.add(turn.key, broken)
        self._expected.add(turn.key, entries, *verdicts)
        return turn

    def again(self) -> None:
        """Start over with the keys: the same sessions come each time, so that no more has to be remembered of them."""
        self._number = 0

    async def finished(self) -> Observation:
        """Have a turn of which nothing is broken."""
        return await self.whole(self.turn(None, *FINISHED))

    async def whole(self, turn: TurnRequest, kind: Kind = HTTP, host: str = HOST) -> Observation:
        """Send a turn on a connection of its own and return all that comes."""
        try:
            client = await connect(self.fixture.port, self.fixture.tls, kind, host)
        except (OSError, EOFError) as error:
            note = str(error) if isinstance(error, TunnelRefused) else type(error).__name__
            return Observation(end="refused", note=note)
        await client.send(turn)
        return await client.last()

    async def begun(self, turn: TurnRequest, kind: Kind = HTTP, events: int = 0) -> Client:
        """Send a turn on a connection of its own, and read so many events of its answer."""
        client = await connect(self.fixture.port, self.fixture.tls, kind)
        await client.send(turn)
        await client.until(events)
        return client

    async def under_way(self, streams: Sequence[tuple[Kind, int]], *verdicts: str) -> list[Client]:
        """Return clients of turns that the backend holds, each after so many events."""
        clients = []
        for kind, events in streams:
            clients.append(await self.begun(self.turn(Break(hold_after=events), *verdicts), kind, events))
            await self.breaks.held(len(clients))
        return clients

    async def rest(self, clients: Sequence[Client]) -> list[Observation]:
        """Return what these clients see to the end."""
        return await asyncio.gather(*(client.last() for client in clients))

    async def journal_problems(self) -> list[str]:
        """Return a sentence for each turn that is not in the journal as it should be, after some patience."""
        until = time.monotonic() + _PATIENCE
        while (said := self.audit()) and time.monotonic() < until:
            await asyncio.sleep(_PAUSE)
        torn = self._journal().torn - self.torn
        return said + self.problems + ([f"{torn} lines of the journal cannot be read"] if torn > 0 else [])

    def audit(self) -> list[str]:
        """Return a sentence for each turn that is not in the journal as it should be now."""
        return list(self._expected.problems(self._journal(), self._pseudonyms()))

    def verdicts(self) -> dict[str, int]:
        """Return how often each verdict was given."""
        return self._expected.verdicts(self._journal(), self._pseudonyms())

    def archived(self) -> Path:
        """Return a place for a part of the journal that is not written any more."""
        return self.fixture.archive / f"{len(list(self.fixture.archive.iterdir())):06}.jsonl"

    def _pseudonyms(self) -> Pseudonyms:
        return Pseudonyms(load_secret(self.fixture.confdir))

    def _journal(self) -> Journal:
        """Read the journal, and the parts of it that were moved away."""
        files = [*sorted(self.fixture.archive.iterdir()), *([self.fixture.journal] if self.fixture.journal else [])]
        return Journal(line for file in files if file.exists() for line in file.read_bytes().splitlines())


class Background:
    """The turns that go on during a fault: one conversation over HTTP and one over a WebSocket.

    They are added to what is expected in the journal. Over HTTP the client sends no session header, so a hit proves
    that the addon works. `problems` are sentences about turns that did not work, or missed and should not have.
    """

    def __init__(self, fixture: Fixture, name: str, expected: Expected) -> None:
        self._fixture, self._expected = fixture, expected
        self._keys: dict[Kind, str] = {kind: f"{name}-{kind}" for kind in (HTTP, WEBSOCKET)}
        self._clients: dict[Kind, Client] = {}
        self.problems: list[str] = []

    async def turns(self, *, entries: int = 1, hits: bool = False) -> None:
        """Have one turn of each conversation, both at once, and expect so many entries of each in the journal.

        With `hits`, they have to be hits where the addon is.
        """
        observed = await asyncio.gather(*map(self._turn, self._keys))
        for key, one in zip(self._keys.values(), observed, strict=True):
            self._expected.add(key, entries)
            if one.end != "complete" or one.status not in (200, 101):
                self.problems.append(f"{key} saw {one.in_short()}")
            elif hits and self._fixture.name == ADDON and not cached_tokens(one.body):
                self.problems.append(f"{key} read nothing from the cache")

    async def _turn(self, kind: Kind) -> Observation:
        if kind not in self._clients:
            self._clients[kind] = await connect(self._fixture.port, self._fixture.tls, kind)
        await self._clients[kind].send(ordinary(self._keys[kind], socket=kind == WEBSOCKET))
        return await self._clients[kind].rest()

    async def close(self) -> None:
        """Hang up; the next turns connect again."""
        while self._clients:
            await self._clients.popitem()[1].close()
