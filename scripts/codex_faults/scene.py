"""One fault at one arm: it sends broken turns, and keeps what was seen of them and what is due in the journal."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

from codexcache.hooks.files import load_secret
from codexcache.output.journal import Pseudonyms
from embedded_backend.breaks import Break, Breaks

from codex_faults import ledger, speech, turns
from codex_faults.arm import Arm
from codex_faults.ordinary import Ordinary
from codex_faults.seen import Seen
from codex_faults.speech import HttpTalk
from codex_faults.talk import Refused, Talk
from codex_faults.turns import Turn

_PATIENCE = 5.0  # seconds in which a turn that was cut off has to be told of
_PAUSE = 0.05  # seconds between two looks at the journal

Kind = Callable[..., Awaitable[Talk]]
FINISHED = ("cold", "hit")
"""The verdicts on a turn that has come to its end: the first of its session, or a later one."""

HTTP: Kind = speech.http
WEBSOCKET: Kind = speech.websocket


class Scene:
    """What a fault is provoked with. `problems` are sentences about the journal that only the fault can tell.

    `torn` is how many lines of the journal have been cut off before, or are by what the fault does.
    """

    def __init__(self, arm: Arm, name: str, parallel: int) -> None:
        self.arm, self.name, self.parallel = arm, name, parallel
        self.ordinary = Ordinary(arm, name)
        self.ledger = ledger.Ledger()
        self.problems: list[str] = []
        self.torn = self._journal().torn
        self._number = 0
        self._entries: Counter[str] = Counter()

    @property
    def breaks(self) -> Breaks:
        """The schedule of the arm's backend."""
        return self.arm.backend.breaks

    def turn(
        self, broken: Break | None, *verdicts: str, entries: int = 1, make: Callable[[str], Turn] = turns.broken
    ) -> Turn:
        """Returns a turn that is answered as planned, with a key that no other has this time; enters what is due."""
        self._number += 1
        turn = make(f"{self.name}-{self._number:05}")
        if broken:
            self.breaks.add(turn.key, broken)
        self._entries[turn.key] += entries
        self.ledger.expect(turn.key, self._entries[turn.key], *verdicts)
        return turn

    def again(self) -> None:
        """Begins anew with the keys: the same sessions come each time, so that no more has to be remembered of them."""
        self._number = 0

    async def http(self) -> HttpTalk:
        """Connects for turns over HTTP."""
        return await speech.http(self.arm.port, self.arm.tls)

    async def whole(self, turn: Turn, kind: Kind = HTTP, host: str = turns.HOST) -> Seen:
        """Sends a turn on a connection of its own and returns all that comes."""
        try:
            talk = await kind(self.arm.port, self.arm.tls, host)
        except Refused as error:
            return Seen(end="refused", note=str(error))
        await talk.send(turn)
        seen = await talk.rest()
        await talk.close()
        return seen

    async def begun(self, turn: Turn, kind: Kind = HTTP, events: int = 0) -> Talk:
        """Sends a turn on a connection of its own, and reads so many events of its answer."""
        talk = await kind(self.arm.port, self.arm.tls)
        await talk.send(turn)
        await talk.until(events)
        return talk

    async def owed(self) -> list[str]:
        """Returns a sentence for each turn that is not in the journal as it should be, after some patience."""
        if self.arm.journal is None:
            return []
        self.ordinary.expect(self.ledger)
        until = time.monotonic() + _PATIENCE
        while (said := self.audit()) and time.monotonic() < until:
            await asyncio.sleep(_PAUSE)
        torn = self._journal().torn - self.torn
        return [*said, *self.problems, *([f"{torn} lines of the journal cannot be read"] if torn > 0 else [])]

    def audit(self) -> list[str]:
        """Returns a sentence for each turn that is not in the journal as it should be now."""
        return list(self.ledger.problems(self._journal(), self._fingerprints())) if self.arm.journal else []

    def told(self) -> dict[str, int]:
        """Returns how often each verdict was given."""
        return dict(self.ledger.told(self._journal(), self._fingerprints())) if self.arm.journal else {}

    def _fingerprints(self) -> Pseudonyms:
        return Pseudonyms(load_secret(self.arm.confdir))

    def _journal(self) -> ledger.Journal:
        """Reads the journal, and the parts of it that were moved away."""
        files: list[Path] = [*sorted(self.arm.archive.iterdir()), *([self.arm.journal] if self.arm.journal else [])]
        return ledger.read(line for file in files if file.exists() for line in file.read_bytes().splitlines())
