"""What is to go wrong with the next turns of one session, as a schedule; all other sessions go on as the rules say.

A break is asked for by the session header, so that a test can break the turns of one client alone. Turns can be held in
the middle until they are let go: what a test does meanwhile happens in the middle of them for certain.
"""

import asyncio
from collections import defaultdict, deque
from dataclasses import dataclass
from typing import Literal

Ending = Literal["completed", "failed", "incomplete", "error", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """How one turn is answered; the default is an ordinary answer.

    `cut_after` and `hold_after` count whole events. With `torn`, half of the next event, or of its frame, comes too.
    """

    status: int | None = None  # refused with this status; 403 is the challenge page
    unanswered: bool = False  # the connection is dropped before the first byte
    hold_after: int | None = None  # events after which the turn waits to be let go
    cut_after: int | None = None  # events after which the connection is dropped
    torn: bool = False
    ending: Ending = "completed"  # "none": the stream ends as it should, but without its last event


class Breaks:
    """The schedule, and the turns that are being held."""

    def __init__(self) -> None:
        self.refused_names: set[str] = set()  # names of hosts whose TLS is refused
        self._planned: defaultdict[str, deque[Break]] = defaultdict(deque)
        self._held = 0
        self._gate = asyncio.Event()
        self._changed = asyncio.Event()

    def add(self, session: str, *breaks: Break) -> None:
        """Plan how the next turns of a session are answered, in order."""
        self._planned[session].extend(breaks)

    def take(self, session: str | None) -> Break | None:
        """Return what is planned for the turn that a session has now, or None."""
        planned = self._planned.get(session) if session is not None else None
        return planned.popleft() if planned else None

    async def hold(self, gone: asyncio.Event) -> None:
        """Wait until the turns that are held now are let go, or until this one's client has gone."""
        waits = [asyncio.ensure_future(event.wait()) for event in (self._gate, gone)]
        self._count(1)
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            self._count(-1)

    async def held(self, count: int) -> None:
        """Wait until so many turns are being held, or with 0 until none is."""
        while self._held < count or (self._held and not count):
            self._changed.clear()
            await self._changed.wait()

    def release(self) -> None:
        """Let all turns go that are being held; later ones are held again."""
        self._gate.set()
        self._gate = asyncio.Event()

    def _count(self, by: int) -> None:
        self._held += by
        self._changed.set()
