"""One `mitmdump`: what it says, and how it ends."""

import asyncio
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from codex_demo.proxies import NotStarted, stop

_SCRIPTS = Path(__file__).parents[1]
_PATIENCE = 30.0
"""Seconds in which something has to be said that is waited for."""


class Program:
    """A running mitmdump. `lines` is all that it has said so far."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[str] = []
        self._more = asyncio.Event()
        self._reading = asyncio.create_task(self._read())

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    async def says(self, pattern: str, after: int = 0) -> re.Match[str]:
        """Waits for a line, after so many others, in which a pattern is found. Raises NotStarted, TimeoutError."""
        async with asyncio.timeout(_PATIENCE):
            while not (found := self._find(pattern, after)):
                if self._reading.done():
                    raise NotStarted("mitmdump ended: " + "\n".join(self.lines[-20:]))
                self._more.clear()
                await self._more.wait()
        return found

    def count(self, words: str, after: int = 0) -> int:
        """Returns in how many lines, after so many others, these words stand."""
        return sum(words in line for line in self.lines[after:])

    async def ended(self, signal: int) -> int:
        """Sends a signal, and returns the status with which the program ends."""
        self.process.send_signal(signal)
        async with asyncio.timeout(_PATIENCE):
            await self._reading
            return await self.process.wait()

    async def stop(self) -> None:
        """Ends the program if it runs."""
        await stop(self.process)
        await self._reading

    def _find(self, pattern: str, after: int) -> re.Match[str] | None:
        return next((found for line in self.lines[after:] if (found := re.search(pattern, line))), None)

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.lines.append(line.decode(errors="replace").rstrip())
            self._more.set()
        self._more.set()


async def start(arguments: Sequence[str]) -> Program:
    """Starts mitmdump with these arguments."""
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("mitmdump")),
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONPATH": str(_SCRIPTS)},
    )
    return Program(process)
