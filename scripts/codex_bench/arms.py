"""The arms: what stands between client and server. All but `direct` are real `mitmdump` processes."""

import asyncio
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from codex_demo.proxies import ADDON, NotStarted, free_port, stop

from codex_bench.server import LOOPBACK

DIRECT = "direct"
"""No proxy at all: what a turn takes by itself."""

BARE, NAIVE, OURS = "bare", "naive", "ours"

_HERE = Path(__file__).parent
SCRIPTS = {
    BARE: _HERE / "bare_addon.py",
    NAIVE: _HERE / "naive_addon.py",
    OURS: ADDON,
}
_PATIENCE = 30.0  # seconds for a proxy to start


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """A running arm: where its clients connect and whom they trust; without a proxy, `pid` is None."""

    name: str
    port: int
    ca_file: Path
    pid: int | None
    journal: Path | None = None

    def tls(self) -> ssl.SSLContext:
        """Returns a client's TLS settings."""
        return ssl.create_default_context(cafile=str(self.ca_file))


@asynccontextmanager
async def running(name: str, script: Path, home: Path, *, server: int, server_ca: Path) -> AsyncIterator[Arm]:
    """Starts an arm between a client and the server's port, and stops it at the end, come what may."""
    if name == DIRECT:
        yield Arm(name=name, port=server, ca_file=server_ca, pid=None)
        return
    port, journal = free_port(), _journal(script, home)
    command = [*_command(script, home, port, server, server_ca), *(_everything(journal) if journal else [])]
    process = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.DEVNULL)
    try:
        await asyncio.wait_for(_listening(process, port), _PATIENCE)
        yield Arm(name=name, port=port, ca_file=home / "mitmproxy-ca-cert.pem", pid=process.pid, journal=journal)
    finally:
        await stop(process)


def _journal(script: Path, home: Path) -> Path | None:
    """Return where our addon, in whatever version, keeps its journal."""
    return home / "journal.jsonl" if script.name == SCRIPTS[OURS].name else None


def _everything(journal: Path) -> list[str]:
    return ["--set", "codex_mode=fill", "--set", f"codex_journal={journal}"]


def _command(script: Path, home: Path, port: int, server: int, server_ca: Path) -> list[str]:
    command = [str(Path(sys.executable).with_name("mitmdump")), "-q", "-s", str(script)]
    command += ["--listen-host", LOOPBACK, "--listen-port", str(port), "--mode", f"upstream:http://{LOOPBACK}:{server}"]
    return [*command, "--set", f"ssl_verify_upstream_trusted_ca={server_ca}", "--set", f"confdir={home}"]


async def _listening(process: asyncio.subprocess.Process, port: int) -> None:
    while process.returncode is None:
        try:
            _reader, writer = await asyncio.open_connection(LOOPBACK, port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return await writer.wait_closed()
    raise NotStarted(f"mitmdump ended with {process.returncode}")
