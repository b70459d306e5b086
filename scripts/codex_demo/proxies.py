"""Real `mitmdump` processes on loopback, each with a folder of its own, ended with the block that started them."""

import asyncio
import os
import signal
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from embedded_backend import Backend

ADDON = Path(__file__).parents[2] / "addons" / "codex_continuity.py"

_LOOPBACK = "127.0.0.1"
_PATIENCE = 30.0  # seconds for a proxy to start


class NotStarted(Exception):
    """A proxy ended before it listened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """A running proxy: its address, and the CA that its clients have to trust."""

    host: str
    port: int
    ca_file: Path

    @property
    def address(self) -> str:
        """Host and port."""
        return f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """What a client has to be given as its proxy."""
        return f"http://{self.address}"

    def tls(self) -> ssl.SSLContext:
        """Returns a client's TLS settings."""
        return ssl.create_default_context(cafile=str(self.ca_file))


@asynccontextmanager
async def running(backend: Backend, home: Path, *, addon: bool) -> AsyncIterator[Proxy]:
    """Starts a proxy between a client and the backend, and stops it at the end, come what may."""
    arguments = ["--mode", f"upstream:http://{_LOOPBACK}:{backend.connect_port}"]
    async with mitmdump(backend, home, *arguments, *(["-s", str(ADDON)] if addon else [])) as proxy:
        yield proxy


@asynccontextmanager
async def mitmdump(backend: Backend, home: Path, *arguments: str, host: str = _LOOPBACK) -> AsyncIterator[Proxy]:
    """Starts a proxy that trusts the backend, with its own arguments besides, and stops it at the end."""
    proxy = Proxy(host=host, port=free_port(), ca_file=home / "mitmproxy-ca-cert.pem")
    with deaf_to_ctrl_c():
        process = await _started([*_command(backend, home, proxy), *arguments])
    assert process.stdout is not None
    listening: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    reading = asyncio.create_task(_read(process.stdout, listening))
    try:
        await asyncio.wait_for(listening, _PATIENCE)
        yield proxy
    finally:
        try:
            await stop(process)
        finally:
            await reading  # or the pipe would outlive the event loop


@contextmanager
def deaf_to_ctrl_c() -> Iterator[None]:
    """Keeps Ctrl-C from what is started in the block, for good: a terminal sends it to all, but it is we who end them.

    To us it comes after the block, when there is a process to be ended.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


async def _started(command: list[str]) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,  # where mitmproxy's last words go, of connections that its end cuts off
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )


def _command(backend: Backend, home: Path, proxy: Proxy) -> list[str]:
    command = [str(Path(sys.executable).with_name("mitmdump")), "--flow-detail", "0"]
    command += ["--listen-host", proxy.host, "--listen-port", str(proxy.port)]
    return [*command, "--set", f"ssl_verify_upstream_trusted_ca={backend.ca_file}", "--set", f"confdir={home}"]


def free_port() -> int:
    """Returns a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((_LOOPBACK, 0))
        return int(probe.getsockname()[1])


async def _read(log: asyncio.StreamReader, listening: asyncio.Future[None]) -> None:
    """Reads all that a proxy writes, or a full pipe would stop it, and tells when it listens or ends without it.

    A connection to try whether it listens would be traffic, and an error in transparent mode.
    """
    said = b""
    while data := await log.read(1 << 16):
        said += b"" if listening.done() else data
        if b"listening at" in said and not listening.done():
            listening.set_result(None)
    if not listening.done():
        listening.set_exception(NotStarted(f"mitmdump ended: {said.decode(errors='replace')}"))


async def stop(process: asyncio.subprocess.Process) -> None:
    """Ends a process that has not ended by itself, by force if it takes too long; a cancellation waits for that."""
    ending = asyncio.create_task(_end(process))
    try:
        await asyncio.shield(ending)
    except asyncio.CancelledError:
        await ending
        raise


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), 5)
    except TimeoutError:
        process.kill()
        await process.wait()
