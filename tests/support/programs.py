"""mitmproxy's own programs as a user starts them, each in a process and with a screen of its own."""

import asyncio
import os
import pty
import termios
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from toolkit import listening_addon, process
from toolkit.process import LOOPBACK, free_port, installed
from toolkit.program import ADDON

__all__ = ["ADDON", "Program", "free_port", "started"]


class Program(process.Program):
    """A running program in a pseudo-terminal."""

    def __init__(self, running: asyncio.subprocess.Process, screen: asyncio.StreamReader, name: str, port: int) -> None:
        super().__init__(running, screen, name)
        self.port = port

    async def shows(self, text: str) -> None:
        """Wait until the program has written this text, in a whole line or not."""
        await self.until(lambda: text in self.text, repr(text))

    async def listens(self) -> None:
        """Wait until the proxy takes connections."""
        await self.shows("proxy listens at ")


@asynccontextmanager
async def started(
    name: str,
    *arguments: str,
    confdir: Path,
    mode: str = "regular",
    script: Path = ADDON,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> AsyncIterator[Program]:
    """Start `mitmdump`, `mitmweb` or `mitmproxy` with the addon, in a pseudo-terminal, until the block ends."""
    port = free_port()
    command = [str(installed(name)), "-s", str(script), "-s", listening_addon.__file__]
    command += ["--mode", f"{mode}@{LOOPBACK}:{port}", "--set", f"confdir={confdir}", *arguments]
    screen, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (50, 500))  # mitmproxy cannot draw on a screen of no size
    try:
        running = await asyncio.create_subprocess_exec(
            *command,
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            cwd=folder,
            env={**os.environ, "TERM": "xterm", **(environment or {})},
            start_new_session=True,
        )
    finally:
        os.close(terminal)
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, os.fdopen(screen, "rb", 0))
    try:
        async with Program(running, reader, name, port) as program:
            yield program
    finally:
        transport.close()
