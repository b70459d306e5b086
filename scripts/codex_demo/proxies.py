"""Real `mitmdump` processes on loopback, each with a folder of its own, ended with the block that started them."""

import asyncio
import os
import socket
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
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
    process = await asyncio.create_subprocess_exec(
        *_command(backend, home, proxy),
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    try:
        await asyncio.wait_for(_listening(process.stdout), _PATIENCE)
        unread = asyncio.create_task(process.stdout.read())  # or a full pipe would stop it
        yield proxy
        unread.cancel()
    finally:
        await stop(process)


def _command(backend: Backend, home: Path, proxy: Proxy) -> list[str]:
    command = [str(Path(sys.executable).with_name("mitmdump")), "--flow-detail", "0"]
    command += ["--listen-host", proxy.host, "--listen-port", str(proxy.port)]
    return [*command, "--set", f"ssl_verify_upstream_trusted_ca={backend.ca_file}", "--set", f"confdir={home}"]


def free_port() -> int:
    """Returns a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((_LOOPBACK, 0))
        return int(probe.getsockname()[1])


async def _listening(log: asyncio.StreamReader) -> None:
    """Waits for the line that says so: a connection to try it would be traffic, and an error in transparent mode."""
    said = ""
    while "listening at" not in said:
        line = (await log.readline()).decode(errors="replace")
        said += line
        if not line:
            raise NotStarted(f"mitmdump ended: {said}")


async def stop(process: asyncio.subprocess.Process) -> None:
    """Ends a process that has not ended by itself, by force if it takes too long."""
    if process.returncode is None:
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), 5)
    except TimeoutError:
        process.kill()
        await process.wait()
