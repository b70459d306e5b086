"""The turns that go on during a fault: one conversation over HTTP and one over a WebSocket.

Over HTTP the client sends no session header, so a hit proves that the addon works.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from codex_faults import requests
from codex_faults.clients import HTTP, WEBSOCKET, Client, Kind, connect
from codex_faults.fixture import ADDON, Fixture
from codex_faults.journal import Expected


class _Conversation:
    """One conversation on one connection."""

    def __init__(self, fixture: Fixture, key: str, kind: Kind) -> None:
        self._fixture, self._kind = fixture, kind
        self._turn = requests.ordinary(key, socket=kind == WEBSOCKET)
        self._client: Client | None = None
        self.key = key
        self.cached = 0

    async def turn(self) -> str | None:
        """Have one turn; return what was wrong with it, or None."""
        client = self._client = self._client or await connect(self._fixture.port, self._fixture.tls, self._kind)
        await client.send(self._turn)
        observed = await client.rest()
        self.cached = requests.cached_tokens(observed.body)
        is_well = observed.end == "complete" and observed.status in (200, 101)
        return None if is_well else f"{self.key} saw {observed.in_short()}"

    async def close(self) -> None:
        """Hang up; the next turn connects again."""
        if self._client:
            await self._client.close()
        self._client = None


class Background:
    """Both conversations; their turns are added to what is expected in the journal.

    `problems` are sentences about turns that did not work, or missed and should not have.
    """

    def __init__(self, fixture: Fixture, name: str, expected: Expected) -> None:
        self._keeps_cache = fixture.name == ADDON
        self._expected, self._is_recorded = expected, True
        self._conversations = [_Conversation(fixture, f"{name}-{kind}", kind) for kind in (HTTP, WEBSOCKET)]
        self.problems: list[str] = []

    async def turns(self) -> None:
        """Have one turn of each conversation, both at once."""
        said = await asyncio.gather(*(one.turn() for one in self._conversations))
        self.problems += [sentence for sentence in said if sentence]
        for one in self._conversations:
            self._expected.add(one.key, int(self._is_recorded))

    async def hits(self) -> None:
        """Have one more turn of each conversation, which has to be a hit where the addon is."""
        await self.turns()
        if self._keeps_cache:
            self.problems += [f"{one.key} read nothing from the cache" for one in self._conversations if not one.cached]

    @contextmanager
    def unrecorded(self) -> Iterator[None]:
        """Expect no turn of the block in the journal."""
        self._is_recorded = False
        try:
            yield
        finally:
            self._is_recorded = True

    async def close(self) -> None:
        """Hang up."""
        for one in self._conversations:
            await one.close()
