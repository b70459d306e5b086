"""mitmproxy's console in a terminal that nobody sees."""

import asyncio
import contextlib
import re
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from codex_pictures.ansi import Run, read_screen
from codex_pictures.clock import Clock, environment

COLUMNS = 116
_ROWS = 26
_PATIENCE = 20.0  # seconds


def program() -> str | None:
    """Returns the path of tmux, None where there is none."""
    return shutil.which("tmux")


class Terminal:
    """A terminal that a program runs in."""

    def __init__(self, socket: Path, environment: dict[str, str]) -> None:
        self._socket = socket
        self._environment = {**environment, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}

    async def tmux(self, *words: str) -> str:
        """Runs a command of tmux's and returns what it says."""
        process = await asyncio.create_subprocess_exec(
            "tmux", "-S", str(self._socket), "-f", "/dev/null", *words,
            env=self._environment, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        said, _ = await process.communicate()
        return said.decode()

    async def do(self, command: str) -> None:
        """Types a command of mitmproxy's."""
        await self.tmux("send-keys", ":")
        await self.until(lambda text: re.search("^: *$", text, re.MULTILINE) is not None)
        await self.tmux("send-keys", "-l", command)
        await self.tmux("send-keys", "Enter")

    async def until(self, condition: Callable[[str], bool]) -> None:
        """Waits until what is shown is as it should be."""
        async with asyncio.timeout(_PATIENCE):
            while not condition(await self.tmux("capture-pane", "-p")):
                await asyncio.sleep(0.1)

    async def scroll(self, text: str, row: int) -> None:
        """Scrolls down until a text stands this near to the top."""
        while text not in (await self.tmux("capture-pane", "-p", "-E", str(row))):
            await self.tmux("send-keys", "j")
            await asyncio.sleep(0.1)

    async def resize(self, rows: int) -> None:
        """Makes the terminal so many rows high."""
        await self.tmux("resize-window", "-y", str(rows))

    async def screen(self) -> list[list[Run]]:
        """Returns what is shown, once it stays as it is."""
        before, now = "", await self.tmux("capture-pane", "-e", "-p")
        while now != before:
            await asyncio.sleep(0.3)
            before, now = now, await self.tmux("capture-pane", "-e", "-p")
        return read_screen(now)


@contextlib.asynccontextmanager
async def shown(command: list[str], home: Path, clock: Clock) -> AsyncIterator[Terminal]:
    """Runs a program in a terminal until the block ends."""
    terminal = Terminal(home / "tmux", environment(clock))
    try:
        await terminal.tmux("new-session", "-d", "-x", str(COLUMNS), "-y", str(_ROWS), *command)
        yield terminal
    finally:
        await terminal.tmux("kill-server")
