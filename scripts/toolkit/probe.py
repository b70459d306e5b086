"""Asks `probe_addon` in a running mitmdump about the state of its process: once, or until that has settled."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from toolkit.process import LOOPBACK, Program
from toolkit.wire.streams import hang_up

ADDON = Path(__file__).with_name("probe_addon.py")

_LONGEST = 1 << 22  # bytes of an answer
_PATIENCE = 60.0  # seconds for an answer
_SETTLED_WITHIN = 10.0  # seconds in which unused connections are closed
_PAUSE = 0.05  # seconds between two looks at another process, which cannot be waited for


class NoAnswer(Exception):
    """The probe could not answer; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """Bytes of memory and open descriptors, None where the system does not tell, and the names of the tasks."""

    memory: int | None
    descriptors: int | None
    tasks: tuple[str, ...]

    def tasks_since(self, base: "Footprint") -> Counter[str]:
        """Return the tasks that there were not at another time."""
        return Counter(self.tasks) - Counter(base.tasks)


async def settled[F: Footprint](measure: Callable[[], Awaitable[F]], base: Footprint) -> F:
    """Return what is measured once descriptors and tasks have come back, or after some seconds as it is then."""
    until = time.monotonic() + _SETTLED_WITHIN
    while True:
        now = await measure()
        has_more = (now.descriptors or 0) > (base.descriptors or 0) or now.tasks_since(base)
        if not has_more or time.monotonic() > until:
            return now
        await asyncio.sleep(_PAUSE)


class Probe(AbstractAsyncContextManager["Probe"]):
    """Asks one question at a time; closed by the end of an `async with`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._asking = asyncio.Lock()

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connection."""
        await hang_up(self._writer)

    async def ask(self, **question: Any) -> dict[str, Any]:
        """Return what `probe_addon.look` found with these arguments. Raises NoAnswer."""
        async with self._asking:
            self._writer.write(orjson.dumps(question, option=orjson.OPT_APPEND_NEWLINE))
            line = await asyncio.wait_for(self._reader.readline(), _PATIENCE)
        if not line:
            raise NoAnswer("the proxy has ended")
        answer: dict[str, Any] = orjson.loads(line)
        if error := answer.get("error"):
            raise NoAnswer(f"the addon's memories are not as toolkit/probe_addon.py expects them: {error}")
        return answer


async def connect(program: Program) -> Probe:
    """Connect to the probe of a mitmdump that was started with `ADDON`. Raises NotStarted."""
    port = int((await program.says(r"^probe listens on (\d+)$"))[1])
    return Probe(*await asyncio.open_connection(LOOPBACK, port, limit=_LONGEST))
