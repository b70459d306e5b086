"""The turns that go on beside a fault: one conversation over HTTP and one over a WebSocket, each on its connection.

Over HTTP the client sends no session header, so that a hit is the addon's doing.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from codex_faults import speech, turns
from codex_faults.arm import OURS, Arm
from codex_faults.ledger import Ledger
from codex_faults.talk import Talk


class Lane:
    """One conversation. `count` is how many of its turns have to be in the journal."""

    def __init__(self, arm: Arm, key: str, *, socket: bool) -> None:
        self._arm, self._socket = arm, socket
        self._turn = turns.ordinary(key, socket=socket)
        self._talk: Talk | None = None
        self.cached = 0
        self.count = 0

    @property
    def key(self) -> str:
        """Its prompt cache key."""
        return self._turn.key

    async def turn(self) -> str | None:
        """Has one turn; returns what was wrong with it, or None."""
        talk = self._talk = self._talk or await self._connect()
        await talk.send(self._turn)
        seen = await talk.rest()
        self.cached = turns.cached_tokens(seen.body)
        return None if seen.end == "complete" and seen.status in (200, 101) else f"{self.key} saw {seen.in_short()}"

    async def close(self) -> None:
        """Hangs up; the next turn connects again."""
        if self._talk:
            await self._talk.close()
        self._talk = None

    async def _connect(self) -> Talk:
        connect = speech.websocket if self._socket else speech.http
        return await connect(self._arm.port, self._arm.tls)


class Ordinary:
    """Both conversations. `problems` are sentences about turns that did not work, or missed and should not have."""

    def __init__(self, arm: Arm, name: str) -> None:
        self._keeps_cache = arm.name == OURS
        self._is_recorded = True
        self._lanes = [Lane(arm, f"{name}-{kind}", socket=kind == "socket") for kind in ("http", "socket")]
        self.problems: list[str] = []

    async def turns(self) -> None:
        """Has one turn of each conversation, both at once."""
        said = await asyncio.gather(*(lane.turn() for lane in self._lanes))
        self.problems += [sentence for sentence in said if sentence]
        for lane in self._lanes:
            lane.count += self._is_recorded

    async def hits(self) -> None:
        """Has one more turn of each conversation, which has to be a hit where the addon sees to it."""
        await self.turns()
        if self._keeps_cache:
            self.problems += [f"{lane.key} read nothing from the cache" for lane in self._lanes if not lane.cached]

    @contextmanager
    def unrecorded(self) -> Iterator[None]:
        """Has no turn within the block expected in the journal."""
        self._is_recorded = False
        try:
            yield
        finally:
            self._is_recorded = True

    def expect(self, ledger: Ledger) -> None:
        """Enters what is due."""
        for lane in self._lanes:
            ledger.expect(lane.key, lane.count)

    async def close(self) -> None:
        """Hangs up."""
        for lane in self._lanes:
            await lane.close()
