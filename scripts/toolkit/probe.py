"""Asks `probe_addon` in a running mitmdump about the state of its process."""

import asyncio
from pathlib import Path
from typing import Any, Self

import orjson

from toolkit.process import LOOPBACK, Program
from toolkit.wire.streams import hang_up

ADDON = Path(__file__).with_name("probe_addon.py")

_LONGEST = 1 << 22  # bytes of an answer
_PATIENCE = 60.0  # seconds for an answer


class NoAnswer(Exception):
    """The probe could not answer; the text says why."""


class Probe:
    """Asks one question at a time; closed by the end of an `async with`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._asking = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

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
            raise NoAnswer(f"the addon's memories are not as toolkit/addon_memories.py expects them: {error}")
        return answer


async def connect(program: Program) -> Probe:
    """Connect to the probe of a mitmdump that was started with `ADDON`. Raises NotStarted."""
    port = int((await program.says(r"^probe listens on (\d+)$"))[1])
    return Probe(*await asyncio.open_connection(LOOPBACK, port, limit=_LONGEST))
