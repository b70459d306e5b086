"""How the probe is asked: it calls at a socket of the soak, and answers one line with another."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from codex_soak.lines import hang_up

_LONGEST = 1 << 22  # bytes of an answer
_PATIENCE = 60.0  # seconds for an answer


class Blind(Exception):
    """The probe does not see; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What the proxy was like after so many turns, `at` seconds from the start.

    `memory` and `allocated` are in bytes, `memories` have a size and a limit each; `types` are counts, `tasks` names.
    """

    at: float
    turns: int
    memory: int
    descriptors: int
    threads: int
    blocks: int
    allocated: int | None
    objects: int
    tasks: tuple[str, ...]
    memories: Mapping[str, Mapping[str, int]]
    types: Mapping[str, int]


class Watch:
    """Asks the probe, one question at a time."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._called: asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]]
        self._called = asyncio.get_running_loop().create_future()
        self._asking = asyncio.Lock()

    async def take_call(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The probe calls."""
        self._called.set_result((reader, writer))

    async def called(self) -> None:
        """Wait until the probe has called."""
        await asyncio.shield(self._called)

    async def sample(self, turns: int, **question: Any) -> Sample:
        """Ask; `turns` were sent so far. Raises Blind."""
        reader, writer = await self._called
        async with self._asking:
            writer.write(orjson.dumps(question, option=orjson.OPT_APPEND_NEWLINE))
            line = await asyncio.wait_for(reader.readline(), _PATIENCE)
        if not line:
            raise Blind("the proxy ended in the middle of the soak")
        seen = orjson.loads(line)
        if fault := seen.get("fault"):
            raise Blind(f"the probe cannot find what the addon remembers (codex_soak/memories.py): {fault}")
        return Sample(at=time.monotonic() - self._started, turns=turns, **seen | {"tasks": tuple(seen["tasks"])})

    async def hang_up(self) -> None:
        """Let the probe go."""
        if self._called.done():
            _, writer = self._called.result()
            await hang_up(writer)


@asynccontextmanager
async def watching(socket: Path) -> AsyncIterator[Watch]:
    """Wait for the probe at a socket until the block ends."""
    watch = Watch()
    server = await asyncio.start_unix_server(watch.take_call, socket, limit=_LONGEST)
    try:
        yield watch
    finally:
        server.close()
        await watch.hang_up()
        if sys.version_info >= (3, 13):  # before that, they end with their connections
            server.close_clients()
