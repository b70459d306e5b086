"""Real `mitmdump` processes on loopback, each with a folder of its own, ended with the block that started them."""

import asyncio
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

    url: str
    ca_file: Path

    def tls(self) -> ssl.SSLContext:
        """Returns a client's TLS settings."""
        return ssl.create_default_context(cafile=str(self.ca_file))


@asynccontextmanager
async def running(backend: Backend, home: Path, *, addon: bool) -> AsyncIterator[Proxy]:
    """Starts a proxy between a client and the backend, and stops it at the end, come what may."""
    port = _free_port()
    process = await asyncio.create_subprocess_exec(
        *_command(backend, home, port, addon), stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL
    )
    try:
        await asyncio.wait_for(_listening(process, port), _PATIENCE)
        yield Proxy(url=f"http://{_LOOPBACK}:{port}", ca_file=home / "mitmproxy-ca-cert.pem")
    finally:
        await _stop(process)


def _command(backend: Backend, home: Path, port: int, addon: bool) -> list[str]:
    command = [str(Path(sys.executable).with_name("mitmdump")), "-q"]
    command += ["--listen-host", _LOOPBACK, "--listen-port", str(port)]
    command += ["--mode", f"upstream:http://{_LOOPBACK}:{backend.connect_port}"]
    command += ["--set", f"ssl_verify_upstream_trusted_ca={backend.ca_file}", "--set", f"confdir={home}"]
    return command + (["-s", str(ADDON)] if addon else [])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_LOOPBACK, 0))
        return int(probe.getsockname()[1])


async def _listening(process: asyncio.subprocess.Process, port: int) -> None:
    while process.returncode is None:
        try:
            _reader, writer = await asyncio.open_connection(_LOOPBACK, port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return await writer.wait_closed()
    raise NotStarted(f"mitmdump ended with {process.returncode}")


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), 5)
    except TimeoutError:
        process.kill()
        await process.wait()
