"""One fault at one fixture: it sends turns, and keeps what was observed and what is expected in the journal."""

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from codexcache.hooks.files import load_secret
from codexcache.output.journal import Pseudonyms
from embedded_backend.breaks import Break, Breaks
from toolkit.wire.streams import TunnelRefused

from codex_faults import journal, requests
from codex_faults.background import Background
from codex_faults.clients import HTTP, Client, Kind, connect
from codex_faults.fixture import Fixture
from codex_faults.footprint import Return
from codex_faults.observation import Observation
from codex_faults.requests import TurnRequest

_PATIENCE = 5.0  # seconds in which a turn that was cut off has to be in the journal
_PAUSE = 0.05  # seconds between two looks at the journal

FINISHED = ("cold", "hit")
"""The verdicts on a turn that has come to its end: the first of its session, or a later one."""


class FaultRun:
    """What a fault is triggered with, and what came of it.

    `problems` are sentences about the journal that only the fault can tell; `torn` is how many lines of the journal
    were cut off before, or are by what the fault does. `broke` says why it did not finish.
    """

    def __init__(self, fixture: Fixture, name: str, parallel: int) -> None:
        self.fixture, self.name, self.parallel = fixture, name, parallel
        self._expected = journal.Expected()
        self.background = Background(fixture, name, self._expected)
        self.observed: list[Observation] = []
        self.problems: list[str] = []
        self.footprints: Return | None = None
        self.broke = ""
        self.torn = self._journal().torn
        self._number = 0

    @property
    def breaks(self) -> Breaks:
        """The schedule of the fixture's backend."""
        return self.fixture.backend.breaks

    def turn(
        self,
        broken: Break | None,
        *verdicts: str,
        entries: int = 1,
        make: Callable[[str], TurnRequest] = requests.complete,
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

    async def whole(self, turn: TurnRequest, kind: Kind = HTTP, host: str = requests.HOST) -> Observation:
        """Send a turn on a connection of its own and return all that comes."""
        try:
            client = await connect(self.fixture.port, self.fixture.tls, kind, host)
        except TunnelRefused as error:
            return Observation(end="refused", note=str(error))
        except (OSError, EOFError) as error:
            return Observation(end="refused", note=type(error).__name__)
        await client.send(turn)
        observed = await client.rest()
        await client.close()
        return observed

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
        observed = await asyncio.gather(*(client.rest() for client in clients))
        await asyncio.gather(*(client.close() for client in clients))
        return list(observed)

    async def journal_problems(self) -> list[str]:
        """Return a sentence for each turn that is not in the journal as it should be, after some patience."""
        if self.fixture.journal is None:
            return []
        until = time.monotonic() + _PATIENCE
        while (said := self.audit()) and time.monotonic() < until:
            await asyncio.sleep(_PAUSE)
        torn = self._journal().torn - self.torn
        return [*said, *self.problems, *([f"{torn} lines of the journal cannot be read"] if torn > 0 else [])]

    def audit(self) -> list[str]:
        """Return a sentence for each turn that is not in the journal as it should be now."""
        return list(self._expected.problems(self._journal(), self._pseudonyms())) if self.fixture.journal else []

    def verdicts(self) -> dict[str, int]:
        """Return how often each verdict was given."""
        return dict(self._expected.verdicts(self._journal(), self._pseudonyms())) if self.fixture.journal else {}

    def archived(self) -> Path:
        """Return a place for a part of the journal that is not written any more."""
        return self.fixture.archive / f"{len(list(self.fixture.archive.iterdir())):06}.jsonl"

    def _pseudonyms(self) -> Pseudonyms:
        return Pseudonyms(load_secret(self.fixture.confdir))

    def _journal(self) -> journal.Journal:
        """Read the journal, and the parts of it that were moved away."""
        files = [*sorted(self.fixture.archive.iterdir()), *([self.fixture.journal] if self.fixture.journal else [])]
        return journal.read(line for file in files if file.exists() for line in file.read_bytes().splitlines())
