"""The stage: the backend and a real mitmdump with the addon, each a process of its own, and the probe beside it."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from codex_bench.server import LOOPBACK
from codex_demo.proxies import ADDON, NotStarted, free_port, stop

from codex_soak.lines import Address
from codex_soak.watch import Watch, watching

PROBE = Path(__file__).with_name("probe.py")

_SCRIPTS = Path(__file__).parents[1]
_PATIENCE = 30.0  # seconds for a process to start


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What is running: where clients connect, how the proxy is asked, and the addon's journal."""

    address: Address
    watch: Watch
    journal: Path


@asynccontextmanager
async def running(home: Path, bounds: Mapping[str, int], script: Path = ADDON) -> AsyncIterator[Stage]:
    """Start all, with these bounds for the addon's memories, and stop it at the end, come what may."""
    async with AsyncExitStack() as stack:
        backend = await stack.enter_async_context(_backend(home / "backend"))
        watch = await stack.enter_async_context(watching(home / "probe"))
        port, journal, confdir = free_port(), home / "journal.jsonl", home / "proxy"
        command = _command(script, confdir, port, backend, home / "backend" / "ca.pem", home / "probe")
        settings = [f"codex_journal={journal}", "codex_redact=on", "codex_learn=temperature"]
        command += [part for setting in settings for part in ("--set", setting)]
        proxy = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.DEVNULL, env=_environment())
        stack.push_async_callback(stop, proxy)
        await _called(watch, proxy)
        await watch.sample(0, bounds=dict(bounds))
        address = Address(port=port, ca_file=str(confdir / "mitmproxy-ca-cert.pem"))
        yield Stage(address=address, watch=watch, journal=journal)


async def _called(watch: Watch, proxy: asyncio.subprocess.Process) -> None:
    """Wait until the probe has called, or the proxy has ended."""
    waiting = [asyncio.ensure_future(watch.called()), asyncio.ensure_future(proxy.wait())]
    done, _ = await asyncio.wait(waiting, timeout=_PATIENCE, return_when=asyncio.FIRST_COMPLETED)
    waiting[1].cancel()
    if waiting[0] not in done:
        waiting[0].cancel()
        raise NotStarted(f"mitmdump did not start (exit status {proxy.returncode})")


def _command(script: Path, confdir: Path, port: int, backend: int, ca_file: Path, socket: Path) -> list[str]:
    command = [str(Path(sys.executable).with_name("mitmdump")), "-q", "-s", str(script), "-s", str(PROBE)]
    command += [
        "--listen-host",
        LOOPBACK,
        "--listen-port",
        str(port),
        "--mode",
        f"upstream:http://{LOOPBACK}:{backend}",
    ]
    command += ["--set", f"soak_socket={socket}", "--set", f"confdir={confdir}"]
    return [*command, "--set", f"ssl_verify_upstream_trusted_ca={ca_file}"]


@asynccontextmanager
async def _backend(home: Path) -> AsyncIterator[int]:
    """Start the backend; yields its port."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "codex_soak.backend",
        str(home),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=_environment(),
    )
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), _PATIENCE)
        if not line:
            raise NotStarted(f"the backend ended with {await process.wait()}")
        yield int(line)
    finally:
        await stop(process)


def _environment() -> dict[str, str]:
    """Return an environment in which our packages are found."""
    return {**os.environ, "PYTHONPATH": str(_SCRIPTS)}
