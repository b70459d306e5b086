"""Programs in processes of their own: started, ready when they have written so, stopped come what may.

Each program leads a session. Ctrl-C in a terminal therefore reaches only the tool, which then stops its programs in
order; and to stop a program stops what it has started as well.
"""

import asyncio
import os
import re
import signal
import socket
import ssl
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self

from toolkit.program import SCRIPTS

LOOPBACK = "127.0.0.1"
_LISTENING = Path(__file__).with_name("listening_addon.py")
_READY_WITHIN = 30.0
_STOPPED_WITHIN = 5.0
_SHOWN = 20  # lines of a program's output that an error quotes


class NotStarted(Exception):
    """A program ended, or said nothing, before it was ready."""


class Program:
    """A running program, stopped by the end of an `async with`. `lines` are the whole lines that it has written."""

    def __init__(self, process: Process, output: asyncio.StreamReader, name: str) -> None:
        self.process, self.name = process, name
        self.lines: list[str] = []
        self._unfinished = b""
        self._more = asyncio.Event()
        self._reading = asyncio.create_task(self._read(output))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def pid(self) -> int:
        """The process id."""
        return self.process.pid

    @property
    def text(self) -> str:
        """All that it has written so far, on both outputs."""
        return "\n".join([*self.lines, self._unfinished.decode(errors="replace")])

    async def says(self, pattern: str, after: int = 0) -> re.Match[str]:
        """Wait for a whole line that a pattern is found in, `after` so many lines. Raises NotStarted."""
        find = re.compile(pattern).search
        return await self.until(lambda: next(filter(None, map(find, self.lines[after:])), None), repr(pattern))

    async def until[T](self, look: Callable[[], T | None], wanted: str) -> T:
        """Wait until something is found in what was written. Raises NotStarted."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_READY_WITHIN):
                while not (found := look()) and not self._reading.done():
                    self._more.clear()
                    await self._more.wait()
        if found:
            return found
        state = "ended" if self._reading.done() else f"did not write {wanted} in {_READY_WITHIN:.0f} s"
        raise NotStarted(f"{self.name} {state}: {'\n'.join(self.text.splitlines()[-_SHOWN:])}")

    def count(self, text: str, after: int = 0) -> int:
        """Return in how many lines, `after` so many, a text is."""
        return sum(text in line for line in self.lines[after:])

    async def ended(self) -> int:
        """Wait until the program has ended by itself; return its status. Raises TimeoutError."""
        async with asyncio.timeout(_READY_WITHIN):
            await self._reading
            return await self.process.wait()

    async def stop(self) -> None:
        """End the program if it runs, by force after 5 seconds; a cancellation waits for that."""
        await end(self.process)
        await self._reading

    async def _read(self, output: asyncio.StreamReader) -> None:
        with suppress(OSError):  # a pseudo-terminal whose other side is closed
            while data := await output.read(1 << 16):
                *whole, self._unfinished = (self._unfinished + data).split(b"\n")
                self.lines += [line.decode(errors="replace").rstrip("\r") for line in whole]
                self._more.set()
        self._more.set()


class Finished(NamedTuple):
    """How a program ended, and what it wrote."""

    status: int
    out: str
    errors: str


async def start(
    command: Sequence[str | Path],
    *,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    stdin: int = DEVNULL,
    pass_fds: Sequence[int] = (),
) -> Program:
    """Start a program with an environment, `own_environment()` by default."""
    process = await _created(command, environment, folder, stdin=stdin, stderr=STDOUT, pass_fds=pass_fds)
    assert process.stdout is not None
    return Program(process, process.stdout, Path(command[0]).name)


async def finished(
    command: Sequence[str | Path],
    *,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    within: float = 90.0,
) -> Finished:
    """Run a program to its end. Raises TimeoutError after so many seconds."""
    process = await _created(command, environment, folder, stdin=DEVNULL, stderr=PIPE)
    reading = asyncio.create_task(process.communicate())
    try:
        async with asyncio.timeout(within):
            out, errors = await asyncio.shield(reading)
    finally:
        await end(process)
        await reading  # or the pipes would outlive the event loop
    assert process.returncode is not None
    return Finished(process.returncode, out.decode(errors="replace"), errors.decode(errors="replace"))


async def end(process: Process) -> None:
    """End a process that has not ended by itself, by force after 5 seconds; a cancellation waits for that."""
    ending = asyncio.create_task(_end(process))
    try:
        await asyncio.shield(ending)
    except asyncio.CancelledError:
        await ending
        raise


async def _end(process: Process) -> None:
    if process.returncode is not None:
        return
    for number in (signal.SIGTERM, signal.SIGKILL):  # by force also what the program has left behind
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), _STOPPED_WITHIN)


async def _created(
    command: Sequence[str | Path], environment: Mapping[str, str] | None, folder: Path | None, **pipes: Any
) -> Process:
    env = own_environment() if environment is None else environment
    pipes |= {"stdout": PIPE, "start_new_session": True}
    return await asyncio.create_subprocess_exec(*map(str, command), env=env, cwd=folder, **pipes)


def own_environment() -> dict[str, str]:
    """Return this process's environment, with the project's packages to be found and nothing held back in a pipe."""
    return {**os.environ, "PYTHONPATH": str(SCRIPTS), "PYTHONUNBUFFERED": "1"}


def installed(name: str) -> Path:
    """Return the path of a program of this Python's environment, such as mitmdump."""
    return Path(sys.executable).with_name(name)


def free_port() -> int:
    """Return a port of loopback that nothing listens on."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """Return so many of them, all different."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server((LOOPBACK, 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in sockets]


def exit_status(work: Coroutine[Any, Any, bool], what: str, faults: tuple[type[Exception], ...]) -> int:
    """Run a tool's work and return the tool's exit status.

    0 if the work returned True, 1 if it returned False or, with a sentence, failed in one of these ways, 130 after
    Ctrl-C, SIGTERM or SIGHUP, which cancel the work, so that the programs it has started are stopped.
    """
    try:
        return 0 if asyncio.run(_cancelled_by_signals(work)) else 1
    except (KeyboardInterrupt, asyncio.CancelledError):
        return 130
    except faults as fault:
        print(f"\n{what} did not finish: {fault or type(fault).__name__}", file=sys.stderr)
        return 1


async def _cancelled_by_signals(work: Coroutine[Any, Any, bool]) -> bool:
    task = asyncio.ensure_future(work)
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup has SIGHUP ignored
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    return await task


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy(AbstractAsyncContextManager["Proxy"]):
    """A running mitmdump, stopped by the end of an `async with`: its address, and the CA that clients have to trust."""

    host: str
    port: int
    ca_file: Path
    program: Program

    async def __aexit__(self, *_: object) -> None:
        await self.program.stop()

    @property
    def address(self) -> str:
        """Host and port."""
        return f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """What a client has to be given as its proxy."""
        return f"http://{self.address}"

    def tls(self) -> ssl.SSLContext:
        """Return a client's TLS settings."""
        return ssl.create_default_context(cafile=str(self.ca_file))


async def start_mitmdump(
    confdir: Path,
    *,
    modes: Sequence[str],
    upstream_ca: Path,
    scripts: Sequence[Path] = (),
    options: Mapping[str, object] | None = None,
    mitmdump: Path | None = None,
) -> Proxy:
    """Start mitmdump, on a free port where its mode names none, and wait until it listens. Raises NotStarted.

    Without a path it is that of this Python's environment.
    """
    settings = {"confdir": confdir, "ssl_verify_upstream_trusted_ca": upstream_ca, "flow_detail": 0, **(options or {})}
    command: list[str | Path] = [mitmdump or installed("mitmdump"), "--listen-host", LOOPBACK, "--listen-port", "0"]
    command += [word for mode in modes for word in ("--mode", mode)]
    command += [word for script in (*scripts, _LISTENING) for word in ("-s", script)]
    command += [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]
    program = await start(command)
    try:
        port = int((await program.says(r"^proxy listens at \S+:(\d+)$"))[1])
    except BaseException:
        await program.stop()
        raise
    return Proxy(host=LOOPBACK, port=port, ca_file=confdir / "mitmproxy-ca-cert.pem", program=program)
