"""The launcher as a user starts it, in a process of its own: alone, or with a terminal."""

import asyncio
import contextlib
import fcntl
import os
import pty
import signal
import subprocess
import sys
import termios
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from embedded_backend import Backend
from toolkit.process import Finished, finished

from support.patience import until

SCRIPTS = Path(__file__).parents[2] / "scripts"
LAUNCHER = (sys.executable, "-I", str(SCRIPTS / "codex_cli"), "run")

_PATIENCE = 20


@dataclass(kw_only=True)
class Home:
    """A user's home, with nothing of this machine's settings, and a backend behind every proxy."""

    folder: Path
    backend: Backend
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def behind(self) -> tuple[str, ...]:
        """The options that lead a proxy to the backend."""
        trusted = f"ssl_verify_upstream_trusted_ca={self.backend.ca_file}"
        return "--mode", f"upstream:http://127.0.0.1:{self.backend.connect_port}", "--set", trusted

    @property
    def environment(self) -> dict[str, str]:
        """All that the launcher gets to know."""
        temporary = self.folder / "tmp"
        temporary.mkdir(exist_ok=True)
        own = {"HOME": str(self.folder), "PATH": os.environ["PATH"], "TMPDIR": str(temporary), "TERM": "xterm"}
        return own | self.variables

    @property
    def left_behind(self) -> list[str]:
        """The names of what is still there of the launcher's own."""
        return [each.name for each in (self.folder / "tmp").glob("codex-run-*")]

    def client(self, script: str) -> tuple[str, str, str]:
        """Return the command of a client that is this Python script; it can call `turn()`."""
        return sys.executable, "-c", _TURN + script

    async def run(self, *words: str) -> Finished:
        """Run the launcher to its end."""
        return await finished([*LAUNCHER, *words], environment=self.environment, within=_PATIENCE)

    @contextlib.asynccontextmanager
    async def started(self, *words: str) -> AsyncIterator[asyncio.subprocess.Process]:
        """Start the launcher, and kill it if it is still there when the block ends."""
        process = await asyncio.create_subprocess_exec(
            *(*LAUNCHER, *words),
            env=self.environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)


async def written_by(process: asyncio.subprocess.Process) -> tuple[bytes, bytes]:
    """Return what a launcher and its client write until both have ended."""
    return await asyncio.wait_for(process.communicate(), _PATIENCE)


_TURN = """
import json, os, signal, sys, time, urllib.request
def turn(said="hello", host="chatgpt.com"):
    body = {"model": "gpt-5.5", "instructions": "x" * 8192, "input": [{"role": "user", "content": said}],
            "store": False, "stream": True}
    fields = {"content-type": "application/json", "authorization": "Bearer x", "chatgpt-account-id": "a"}
    url = f"https://{host}/backend-api/codex/responses"
    with urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode(), fields), timeout=20) as answer:
        return answer.read()
"""


class Terminal:
    """A terminal whose first program is the given one; `screen` is all that was written to it."""

    def __init__(self, command: tuple[str, ...], environment: dict[str, str]) -> None:
        self._outside, inside = pty.openpty()
        os.set_blocking(self._outside, False)
        self.resize(24, 80)
        self.process = subprocess.Popen(
            command,
            stdin=inside,
            stdout=inside,
            stderr=inside,
            env=environment,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        self._inside = inside  # kept open, so that the settings can be looked at when all have gone
        self._written = bytearray()

    @property
    def screen(self) -> str:
        with contextlib.suppress(OSError):
            while data := os.read(self._outside, 65536):
                self._written += data
        return self._written.decode(errors="replace").replace("\r\n", "\n")

    @property
    def echoes(self) -> bool:
        """Whether the terminal shows what is typed."""
        return bool(termios.tcgetattr(self._inside)[3] & termios.ECHO)

    def type(self, text: str) -> None:
        os.write(self._outside, text.encode())

    def resize(self, rows: int, columns: int) -> None:
        termios.tcsetwinsize(self._outside, (rows, columns))

    async def shows(self, text: str) -> None:
        """Wait until this text is on the screen."""
        await until(lambda: text in self.screen, _PATIENCE, told=lambda: f"{text!r} is not in:\n{self.screen}")

    async def ends(self) -> int:
        """Wait for the end of the first program and return its status."""
        await until(lambda: self.process.poll() is not None, _PATIENCE, told=lambda: self.screen)
        return self.process.wait()

    def close(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self._outside)
        os.close(self._inside)


@contextlib.contextmanager
def terminal(*command: str, environment: dict[str, str]) -> Iterator[Terminal]:
    """Open a terminal with a program in it until the block ends."""
    opened = Terminal(command, environment)
    try:
        yield opened
    finally:
        opened.close()


def programs(word: str, *, but_in: str = "Z") -> list[int]:
    """Return the process ids of the programs with this word on their command line that are in none of these states."""
    table = subprocess.run(
        ["ps", "-A", "-ww", "-o", "pid=,stat=,args="], capture_output=True, text=True, check=True
    ).stdout
    rows = [line.split(maxsplit=2) for line in table.splitlines()]
    return [int(pid) for pid, stat, args in rows if word in args and stat[0] not in but_in]


async def gone(word: str) -> bool:
    """Wait until no program runs with this word on its command line."""
    await until(lambda: not programs(word), _PATIENCE, told=lambda: programs(word))
    return True


async def stopped(word: str) -> bool:
    """Wait until all programs with this word on their command line have stopped."""
    await until(lambda: not programs(word, but_in="ZT"), _PATIENCE, told=lambda: programs(word))
    return True
