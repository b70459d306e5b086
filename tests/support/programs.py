"""mitmproxy's own programs as a user starts them, each in a process and with a screen of its own."""

import asyncio
import contextlib
import os
import pty
import socket
import sys
import termios
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

ADDON = Path(__file__).parents[2] / "addons" / "codex_continuity.py"

_PATIENCE = 20


class Program:
    """A running program; `screen` is everything that it wrote."""

    def __init__(self, process: asyncio.subprocess.Process, terminal: int, port: int) -> None:
        self.process, self.port = process, port
        self._terminal = terminal
        self._written = bytearray()
        self._more = asyncio.Event()
        asyncio.get_running_loop().add_reader(terminal, self._read)

    @property
    def screen(self) -> str:
        return self._written.decode(errors="replace").replace("\r\n", "\n")

    async def shows(self, text: str) -> None:
        """Wait until the program has written this text."""
        async with asyncio.timeout(_PATIENCE):
            while text not in self.screen:
                self._more.clear()
                await self._more.wait()

    async def listens(self) -> None:
        """Wait until the proxy takes connections."""
        async with asyncio.timeout(_PATIENCE):
            while self.process.returncode is None:
                with contextlib.suppress(ConnectionError):
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                    writer.close()
                    return
                await asyncio.sleep(0.02)
        raise AssertionError(f"it ended with {self.process.returncode}: {self.screen}")

    async def ends(self) -> int:
        """Wait for the end and return the status."""
        status = await asyncio.wait_for(self.process.wait(), _PATIENCE)
        self._read()
        return status

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._terminal)
        os.close(self._terminal)

    def _read(self) -> None:
        with contextlib.suppress(OSError):  # the other side is closed
            while data := os.read(self._terminal, 65536):
                self._written += data
        self._more.set()


@contextlib.asynccontextmanager
async def started(
    program: str,
    *arguments: str,
    confdir: Path,
    mode: str = "regular",
    script: Path = ADDON,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> AsyncIterator[Program]:
    """Start `mitmdump`, `mitmweb` or `mitmproxy` with the addon, in a pseudo-terminal, until the block ends."""
    port = free_port()
    outside, inside = pty.openpty()
    os.set_blocking(outside, False)
    termios.tcsetwinsize(inside, (50, 500))  # mitmproxy cannot draw on a screen of no size
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name(program)),
        *("-s", str(script), "--mode", f"{mode}@127.0.0.1:{port}", "--set", f"confdir={confdir}", *arguments),
        stdin=inside,
        stdout=inside,
        stderr=inside,
        cwd=folder,
        env={**os.environ, "TERM": "xterm", **(environment or {})},
    )
    os.close(inside)
    running = Program(process, outside, port)
    try:
        yield running
    finally:
        if process.returncode is None:
            process.terminate()
        await running.ends()
        running.close()


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
